"""The APK that `make android-apk` made passes every check; and each check trips on one that is damaged."""

import json
import shutil
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from android_apk import APK_FOLDER, BUILT, DEMO, TARGET, built_apk, facts
from apk_build import checks
from apk_build.container import Entry, members, write_apk
from apk_build.contents import open_apk
from apk_build.dex import seal
from apk_build.newer import read_guarded
from apk_build.signing import debug_key, sign
from apk_build.tools import BuildError

ABIS = ("arm64-v8a", "armeabi-v7a", "x86", "x86_64")
LIBRARY = "lib/arm64-v8a/libtensorflowlite_jni.so"


@pytest.fixture(scope="module")
def contents():
    return open_apk(built_apk(), facts(), read_guarded(APK_FOLDER / "newer_apis.json"))


@pytest.fixture(scope="module")
def entries(contents):
    """Every file of the APK by name."""
    with zipfile.ZipFile(contents.apk) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def changed(tmp_path, contents, entries):
    """An APK, not signed, in which some files are replaced, or removed where there is None instead."""

    def write(**changes) -> Path:
        apk = tmp_path / "changed.apk"
        held = {**entries, **changes.pop("files", {})}
        write_apk(apk, [Entry(name, data) for name, data in held.items() if data is not None])
        return apk

    return write


def model_of(contents) -> str:
    return next(member.name for member in contents.members if member.name.endswith(".tflite"))


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_the_apk_passes(contents, check):
    assert check(contents).problems == []


def test_the_report_names_sizes_and_alignments(contents):
    path = BUILT.with_name("report.json")
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["size_bytes"] == BUILT.stat().st_size == sum(report["parts"].values())
    assert {f"lib/{abi}" for abi in ABIS} < set(report["parts"])
    found = {row["check"]: row for row in report["checks"]}
    assert set(found) == {check.__name__ for check in checks.CHECKS}
    assert {tuple(found["libraries"]["load_alignment"][abi].values()) for abi in ABIS} == {(4096,)}
    assert found["badging"]["permissions"] == []


def test_the_code_is_the_app_s_and_tensorflow_lite_s(contents):
    assert {"albertedge/app/MainActivity", "albertedge/artifact/Artifact", "org/tensorflow/lite/Interpreter"} <= set(
        contents.dex.classes
    )


# Each check trips.


def test_a_changed_file_breaks_the_signature(contents, tmp_path):
    data = bytearray(contents.apk.read_bytes())
    at = next(member.offset for member in contents.members if member.name == model_of(contents))
    data[at + 100] ^= 1
    damaged = tmp_path / "damaged.apk"
    damaged.write_bytes(data)
    (problem,) = checks.signature(replace(contents, apk=damaged)).problems
    assert problem.startswith("verifying: apksigner exits with 1")


def test_an_apk_without_a_signature_is_found(contents, changed):
    (problem,) = checks.signature(replace(contents, apk=changed())).problems
    assert "verifying: apksigner exits with 1" in problem


def test_another_package_or_level_is_found(contents):
    other = replace(contents, facts=replace(contents.facts, package="a.b", min_sdk=21, target_sdk=34))
    assert checks.badging(other).problems == [
        "package must be a.b; received albertedge.app",
        "min_sdk must be 21; received 26",
        "target_sdk must be 34; received 35",
    ]


def test_an_activity_that_is_not_in_the_code_is_found(contents):
    dex = replace(contents.dex, classes={})
    problem = "the activity to start, albertedge.app.MainActivity, is not in the dex"
    assert checks.badging(replace(contents, dex=dex)).problems == [problem]


def test_a_permission_is_found(contents, changed, tmp_path):
    manifest = (DEMO / "app" / "target" / "resources" / "AndroidManifest.xml").read_text(encoding="utf-8")
    asking = '<uses-permission android:name="android.permission.INTERNET"/>\n<application'
    (tmp_path / "AndroidManifest.xml").write_text(manifest.replace("<application", asking), encoding="utf-8")
    linked = tmp_path / "linked.apk"
    command = ["aapt2", "link", "-I", contents.facts.framework, "--manifest", tmp_path / "AndroidManifest.xml"]
    command += ["--min-sdk-version", "26", "--target-sdk-version", "35", "-o", linked]
    subprocess.run([*command, DEMO / "app" / "target" / "resources" / "compiled.zip"], check=True)
    with zipfile.ZipFile(linked) as archive:
        files = {"AndroidManifest.xml": archive.read("AndroidManifest.xml")}
    problems = checks.badging(replace(contents, apk=changed(files=files))).problems
    assert problems == ["asks for the permission android.permission.INTERNET"]


def test_a_deflated_model_is_found(contents, tmp_path):
    name, apk = model_of(contents), tmp_path / "deflated.apk"
    with zipfile.ZipFile(apk, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, contents.data(name))
    deflated = replace(contents, apk=apk, members=members(apk))
    assert checks.stored(deflated).problems == [f"{name} is deflated"]


def test_an_apk_without_models_is_found(contents, tmp_path):
    apk = tmp_path / "empty.apk"
    write_apk(apk, [Entry("a", b"")])
    assert checks.stored(replace(contents, apk=apk, members=members(apk))).problems == ["no .tflite"]


def test_a_library_in_the_wrong_place_is_found(contents, entries, tmp_path):
    apk = tmp_path / "moved.apk"
    with zipfile.ZipFile(apk, "w") as archive:
        archive.writestr(LIBRARY, entries[LIBRARY])
        archive.writestr("a.tflite", b"")
    problems = checks.stored(replace(contents, apk=apk, members=members(apk))).problems
    assert f"{LIBRARY} lies at {30 + len(LIBRARY)}, not at a multiple of 16384" in problems
    # Android's own tool says the same.
    assert any(problem.startswith("checking the alignment: zipalign exits with 1") for problem in problems)


def test_a_library_missing_for_one_processor_is_found(contents, changed):
    apk = changed(files={LIBRARY: None})
    found = checks.libraries(replace(contents, apk=apk, members=members(apk)))
    assert found.problems == ["libtensorflowlite_jni.so is missing for arm64-v8a"]


def test_pages_of_16_kb_can_be_demanded(contents):
    problems = checks.libraries(replace(contents, page_bytes=16384)).problems
    names = sorted(f"lib/{abi}/libtensorflowlite_jni.so is aligned to 4096, not to 16384" for abi in ABIS)
    assert sorted(problems) == names


def test_what_is_no_library_is_found(contents, changed):
    apk = changed(files={LIBRARY: b"text"})
    problems = checks.libraries(replace(contents, apk=apk, members=members(apk))).problems
    assert f"{LIBRARY} is not a little-endian ELF file" in problems


def test_a_class_that_is_gone_is_found(contents, entries, changed):
    dex = bytearray(entries["classes.dex"])
    count, start = struct.unpack_from("<II", dex, 96)
    strings, types = struct.unpack_from("<I", dex, 60)[0], struct.unpack_from("<I", dex, 68)[0]

    def name(row: int) -> bytes:
        (kind,) = struct.unpack_from("<I", dex, start + 32 * row)
        (text,) = struct.unpack_from("<I", dex, types + 4 * kind)
        (at,) = struct.unpack_from("<I", dex, strings + 4 * text)
        return bytes(dex[at + 1 : dex.index(0, at)])

    row = next(row for row in range(count) if name(row) == b"Lalbertedge/artifact/Artifact;")
    last = start + 32 * (count - 1)
    dex[start + 32 * row : start + 32 * row + 32] = dex[last : last + 32]
    struct.pack_into("<I", dex, 96, count - 1)
    apk = changed(files={"classes.dex": seal(bytes(dex))})
    problems = checks.references(open_apk(apk, contents.facts, contents.guarded)).problems
    assert any(problem.startswith("albertedge.artifact.Artifact is missing, used by ") for problem in problems)


def test_a_dex_that_was_changed_is_found(contents, entries, changed):
    dex = bytearray(entries["classes.dex"])
    dex[len(dex) // 2] ^= 1
    with pytest.raises(BuildError, match="can't be read: not a dex file, or its checksum is wrong"):
        open_apk(changed(files={"classes.dex": bytes(dex)}), contents.facts, contents.guarded)


# The tool as a whole.


def run_tool(*arguments, folder: Path = APK_FOLDER):
    command = [sys.executable, folder / "make_apk.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_apk_can_be_checked_by_itself(contents):
    done = run_tool("--check", contents.apk)
    assert (done.returncode, done.stderr) == (0, "")
    assert "libraries: passed, LOAD segments: arm64-v8a 4 KB, armeabi-v7a 4 KB, x86 4 KB, x86_64 4 KB" in done.stdout
    done = run_tool("--check", contents.apk, "--page-size", "16384")
    assert done.returncode == 1
    assert "libraries: FAILED" in done.stdout


def test_another_file_is_no_apk(contents, tmp_path):
    (tmp_path / "a.apk").write_text("text", encoding="utf-8")
    done = run_tool("--check", tmp_path / "a.apk")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {tmp_path / 'a.apk'} can't be read: File is not a zip file\n"


def copied_demo(tmp_path: Path) -> Path:
    """A folder android_demo with what the tool reads of it, to be damaged."""
    demo = tmp_path / "android_demo"
    shutil.copytree(APK_FOLDER, demo / "apk", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app/target/resources", "app/src/main/assets", "libraries/target/tensorflow-lite"):
        shutil.copytree(DEMO / name, demo / name)
    shutil.copy(DEMO / "app" / "proguard-rules.pro", demo / "app")
    return demo


@pytest.mark.slow
def test_the_same_parts_and_key_give_the_same_apk(contents, tmp_path):
    shutil.copy(BUILT.with_name("debug.keystore"), tmp_path)
    done = run_tool("--out", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / BUILT.name).read_bytes() == contents.apk.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [BUILT.name, "debug.keystore", "report.json"]


@pytest.mark.slow
def test_a_jar_that_is_missing_fails_a_check_and_leaves_no_apk(contents, tmp_path):
    demo = copied_demo(tmp_path)
    (jar,) = (demo / "apk" / "target" / "app").glob("albert-edge-core-*.jar")
    jar.unlink()
    done = run_tool("--out", tmp_path / "out", folder=demo / "apk")
    assert (done.returncode, done.stderr) == (1, "")
    assert "references: FAILED" in done.stdout
    assert "  albertedge.artifact.Artifact is missing, used by " in done.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["debug.keystore", "report.json"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("app/src/main/assets/*.tflite", "assets holds no .tflite: make android-model writes them"),
        ("libraries/target/tensorflow-lite/jni/x86/*.so", "x86 holds no native library: run mvn package anew"),
        ("apk/target/tools/dalvik-dx-*.jar", "tools must hold one dalvik-dx; received 0: run mvn package anew"),
        ("apk/target/tools/proguard-base-*.jar", "shrinking: java exits with 1: Error: Could not find or load main"),
        ("apk/target/build.json", "build.json is missing: mvn --file android_demo/pom.xml package writes it"),
    ],
)
def test_a_part_that_is_missing_is_one_line(contents, tmp_path, damage, message):
    demo = copied_demo(tmp_path)
    for path in list(demo.glob(damage)):
        path.unlink()
    done = run_tool("--out", tmp_path / "out", folder=demo / "apk")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    left = (tmp_path / "out").glob("*") if (tmp_path / "out").exists() else ()
    assert [path.name for path in left] == []


@pytest.mark.slow
def test_a_key_is_made_once_and_signs(contents, changed, tmp_path):
    key = debug_key(tmp_path)
    made = key.read_bytes()
    assert debug_key(tmp_path).read_bytes() == made
    apk = changed()
    sign(apk, key, 26)
    # Signing leaves what lies where.
    signed = replace(contents, apk=apk, members=members(apk))
    assert [check(signed).problems for check in (checks.signature, checks.stored)] == [[], []]
    assert TARGET.exists()

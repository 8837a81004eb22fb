"""For the tests of the APK: the tool's modules, and what they need of the machine and of Maven's build."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "android_demo"
APK_FOLDER = DEMO / "apk"
TARGET = APK_FOLDER / "target"
BUILT = DEMO.parent / "out" / "android" / "albert-edge-demo.apk"
sys.path.insert(0, str(APK_FOLDER))

from apk_build import tools  # noqa: E402
from apk_build.contents import Contents  # noqa: E402
from apk_build.dex import Dex, read_dex  # noqa: E402
from apk_build.facts import Facts, read_facts  # noqa: E402


def facts() -> Facts:
    """Of Maven's build; skips the test where there is none, or the programs are missing."""
    missing = [name for name in (*tools.PACKAGES, "javac") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    try:
        return read_facts(TARGET)
    except tools.BuildError as error:
        pytest.skip(f"needs the Kotlin modules as `make android-apk` builds them: {error}")


def built_apk() -> Path:
    """The APK that `make android-apk` made; skips the test where there is none, or an older one."""
    facts()
    if not BUILT.exists():
        pytest.skip("needs the APK that `make android-apk` makes")
    parts = [*(TARGET / "app").glob("*.jar"), *(DEMO / "app" / "src" / "main" / "assets").iterdir()]
    if max(part.stat().st_mtime for part in parts) > BUILT.stat().st_mtime:
        pytest.skip("needs the APK made of jars and models as they are: `make android-apk`")
    return BUILT


def dex_of(folder: Path, source: str, left_out: str = "") -> bytes:
    """The dex file of Java source, one top-level class A, compiled against Android, without the class `left_out`."""
    (folder / "A.java").write_text(source, encoding="utf-8")
    classes = folder / "classes"
    classes.mkdir()
    framework = facts().framework
    command = ["javac", "--release", "8", "-Xlint:-options", "-cp", framework, "-d", classes, folder / "A.java"]
    subprocess.run(command, check=True)
    jar = folder / "a.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        for path in sorted(classes.rglob("*.class")):
            if path.stem != left_out:
                archive.write(path, path.relative_to(classes))
    (dx,) = (TARGET / "tools").glob("dalvik-dx-*.jar")
    command = ["java", "-cp", dx, "com.android.dx.command.Main", "--dex", "--min-sdk-version=26"]
    subprocess.run([*command, f"--output={folder / 'classes.dex'}", jar], check=True)
    return (folder / "classes.dex").read_bytes()


def contents_of(dex: Dex, newest, oldest, guarded=()) -> Contents:
    """What the checks of code look at, without an APK."""
    return Contents(
        apk=Path("none.apk"),
        facts=facts(),
        members=[],
        dex=dex,
        newest=lambda name: dex.classes.get(name) or newest(name) or oldest(name),
        oldest=lambda name: dex.classes.get(name) or oldest(name),
        guarded=list(guarded),
    )


__all__ = ["APK_FOLDER", "BUILT", "DEMO", "TARGET", "built_apk", "contents_of", "dex_of", "facts", "read_dex"]

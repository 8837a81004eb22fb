"""Environments of targets that aren't installed here, made from a folder of wheels: no network is needed."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "artifact"))

from small_models import small_artifact

from albert_edge.errors import CheckFailedError, RuntimeUnavailableError
from albert_edge.harness.cache import made_once
from converters.samples import sample_inputs
from converters.schemes import plan_of
from converters.targets import environments, families, parse_target, prepare
from converters.targets.environments import environment_python, targets_folder
from converters.verification import verified_on

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="the paths of the tests are those of other systems"),
]


def write_wheel(folder: Path, package: str, version: str, modules: dict[str, str]) -> None:
    """A wheel with these files, complete enough for pip."""
    name = package.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    files = {
        **modules,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,{len(text)}\n" for path, text in files.items()) + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(path, text)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for the package index; a whole one, and a runtime that can't be imported."""
    folder = tmp_path / "index"
    folder.mkdir()
    write_wheel(folder, "numpy", "1.26.9", {"numpy.py": ""})
    write_wheel(folder, "sentencepiece", "0.2.9", {"sentencepiece.py": ""})
    # A compiled file in a wheel, as numpy has some: pip writes its own over it.
    compiled = f"ai_edge_litert/__pycache__/interpreter.{sys.implementation.cache_tag}.pyc"
    whole = {"ai_edge_litert/__init__.py": "", "ai_edge_litert/interpreter.py": "n = 7", compiled: "old"}
    write_wheel(folder, "ai-edge-litert", "0.0.7", whole)
    broken = {"ai_edge_litert/__init__.py": "", "ai_edge_litert/interpreter.py": "raise ImportError('no such kernel')"}
    write_wheel(folder, "ai-edge-litert", "0.0.8", broken)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("ALBERT_EDGE_CACHE", str(tmp_path / "cache"))
    return folder


def left_behind() -> list[str]:
    """All but the empty files that processes wait by."""
    return sorted(path.name for path in targets_folder().iterdir() if path.suffix != ".lock")


def test_an_environment_is_made_once_with_one_line(index: Path, capsys: pytest.CaptureFixture[str]):
    target = parse_target("litert==0.0.7")
    assert target.apart
    assert target.label == "litert==0.0.7"
    python = environment_python(target)
    found = subprocess.run(
        [python, "-I", "-c", "import ai_edge_litert.interpreter as i; print(i.n)"], capture_output=True, text=True
    )
    assert found.stdout == "7\n", found.stderr
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("installing ai-edge-litert 0.0.7 for target litert==0.0.7, once: ")
    assert said.err.count("\n") == 1
    # Now there is nothing to install from, and no need to.
    for wheel in index.iterdir():
        wheel.unlink()
    assert environment_python(target) == python
    assert capsys.readouterr().err == ""
    assert len(left_behind()) == 1


def test_an_environment_whose_python_is_gone_is_made_anew(index: Path):
    python = environment_python(parse_target("litert==0.0.7"))
    python.unlink()
    python.symlink_to("/nowhere/python")
    assert environment_python(parse_target("litert==0.0.7")).exists()
    assert len(left_behind()) == 1


@pytest.mark.parametrize(
    ("version", "reason"),
    [("0.0.9", "No matching distribution found for ai-edge-litert==0.0.9"), ("0.0.8", "no such kernel")],
)
def test_what_can_not_be_made_is_one_line_and_leaves_nothing(index: Path, version: str, reason: str):
    target = parse_target(f"litert=={version}")
    with pytest.raises(RuntimeUnavailableError, match=rf"needs the package ai-edge-litert=={version} .*{reason}") as e:
        prepare([target])
    assert "\n" not in str(e.value)
    assert left_behind() == []


def test_an_index_that_can_not_be_reached_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Port 9 of this machine: nobody answers there."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("ALBERT_EDGE_CACHE", str(tmp_path))
    monkeypatch.setattr(environments, "_RETRIES", 1)
    with pytest.raises(RuntimeUnavailableError, match=r"litert==0.0.7 .*; the package index can't be reached$"):
        environment_python(parse_target("litert==0.0.7"))
    assert left_behind() == []


def test_a_cache_that_can_not_be_written(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ALBERT_EDGE_CACHE", str(tmp_path / "file"))
    with pytest.raises(RuntimeUnavailableError, match=r"needs the package ai-edge-litert==0.0.7 .*Not a directory"):
        environment_python(parse_target("litert==0.0.7"))


CHILD = """
import sys
from converters.targets import parse_target
from converters.targets.environments import environment_python
print(environment_python(parse_target(sys.argv[1])))
"""


def test_two_processes_make_it_once(index: Path):
    """One waits until the other is ready, and installs nothing."""
    target = parse_target("litert==0.0.7")
    base, folder = environments._place(target)
    others = []

    def make(staging: Path) -> None:
        command = [sys.executable, "-c", CHILD, target.label]
        other = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        others.append(other)
        assert other.stderr.readline() == f"waiting for another process that makes {folder}\n"
        environments._make(target, base, staging)

    made = made_once(folder, make).stat().st_ino
    other = others[0]
    said, messages = other.communicate()
    assert (other.returncode, said, messages) == (0, f"{folder}/bin/python\n", "")
    assert folder.stat().st_ino == made
    assert left_behind() == [folder.name]


def test_what_a_killed_process_left_is_cleared_away(index: Path):
    target = parse_target("litert==0.0.7")
    folder = environments._place(target)[1]
    (folder.parent / f".making-{folder.name}-abc" / "bin").mkdir(parents=True)
    environment_python(target)
    assert left_behind() == [folder.name]


def test_ctrl_c_leaves_nothing_and_ends_pip(tmp_path: Path, golden_folder: Path):
    """An index that never answers; what is to be stopped is pip's second process, which installs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        environment = {
            **os.environ,
            "PIP_INDEX_URL": f"http://127.0.0.1:{server.getsockname()[1]}/simple",
            "ALBERT_EDGE_CACHE": str(tmp_path / "cache"),
        }
        command = [sys.executable, "-m", "albert_edge", "convert", golden_folder, tmp_path / "a.tflite"]
        process = subprocess.Popen(
            [*command, "--target", "litert==0.0.7"],
            stderr=subprocess.PIPE,
            env=environment,
            # A shell that runs the tests in the background has them ignore it, and what they start too.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        connection = server.accept()[0]
        assert connection.recv(3) == b"GET"
        process.send_signal(signal.SIGINT)
        messages = process.communicate()[1].decode().splitlines()
        while connection.recv(4096):
            pass  # the end of the stream: pip is gone
        connection.close()
    assert process.returncode == 130
    assert messages[0].startswith("installing ai-edge-litert 0.0.7")
    assert messages[1:] == ["albert-edge: interrupted"]
    assert [path.suffix for path in (tmp_path / "cache" / "targets").iterdir()] == [".lock"]
    assert not (tmp_path / "a.tflite").exists()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda file: file.write_text("n ="), r"a missing or changed file .*interpreter\.py"),
        (lambda file: file.unlink(), r"a missing or changed file .*interpreter\.py"),
        (
            lambda file: [shutil.rmtree(each) for each in file.parent.parent.glob("ai_edge*info")],
            "no package ai-edge-litert",
        ),
    ],
)
def test_a_damaged_environment_is_made_anew(index: Path, capsys: pytest.CaptureFixture[str], damage, said: str):
    target = parse_target("litert==0.0.7")
    (file,) = environment_python(target).parent.parent.glob("lib/python*/site-packages/ai_edge_litert/interpreter.py")
    prepare([target])
    assert capsys.readouterr().err.count("\n") == 1, "a whole one is left alone"
    damage(file)
    prepare([target])
    first, second = capsys.readouterr().err.splitlines()
    assert re.match(rf"the environment of target litert==0\.0\.7 is made anew, for it has {said}", first)
    assert second.startswith("installing ai-edge-litert 0.0.7")
    assert file.read_text() == "n = 7"
    assert len(left_behind()) == 1


def test_a_version_must_be_spelt_as_the_package_has_it(index: Path):
    """Else the manifest would name a version that no runtime reports."""
    with pytest.raises(RuntimeUnavailableError, match=r"needs the package .*==0\.0\.7\.0 .*: ai-edge-litert 0\.0\.7$"):
        prepare([parse_target("litert==0.0.7.0")])
    assert left_behind() == []


def test_a_crash_of_the_runtime_is_the_files_refusal(index: Path):
    """A runtime that ends its process at once, beside this environment's numpy."""
    site = Path(np.__file__).parents[1]
    borrowed = f"import sys\nsys.path.insert(0, {str(site)!r})\ndel sys.modules['numpy']\nimport numpy\ndel sys.path[0]"
    write_wheel(index, "numpy", "1.26.99", {"numpy.py": borrowed})
    crash = "import os\n\ndef Interpreter(**options):\n    os.kill(os.getpid(), 11)\n"
    files = {"ai_edge_litert/__init__.py": "", "ai_edge_litert/interpreter.py": crash}
    write_wheel(index, "ai-edge-litert", "0.0.6", files)
    artifact = small_artifact("looped_float32")
    samples = sample_inputs(artifact.config, artifact.tokenizer(), 16)
    with pytest.raises(
        CheckFailedError, match=r"must run on litert==0\.0\.6; received: .*crash .*\(SIGSEGV\)"
    ) as error:
        verified_on(parse_target("litert==0.0.6"), artifact, samples, {}, plan_of("float32"))
    assert "\n" not in str(error.value)


def test_a_runtime_without_a_wheel_for_this_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Another Python on the path would do; there is none."""
    family = families.FAMILIES["tflite-runtime"]
    monkeypatch.setitem(
        families.FAMILIES, "tflite-runtime", family.__class__(**{**vars(family), "pythons": ((3, 1), (3, 2))})
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    target = families.Target("tflite-runtime", "tflite-runtime", "tflite_runtime", "2.14.0", False, apart=True)
    with pytest.raises(RuntimeUnavailableError, match=r"needs Python 3.1 to 3.2 .* received 3\.\d+ alone"):
        environment_python(target)


def test_where_environments_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("ALBERT_EDGE_CACHE", raising=False)
    assert targets_folder() == tmp_path / "xdg" / "albert-edge" / "targets"
    monkeypatch.setenv("ALBERT_EDGE_CACHE", str(tmp_path / "own"))
    assert targets_folder() == tmp_path / "own" / "targets"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALBERT_EDGE_CACHE", "beside")
    assert targets_folder() == tmp_path / "beside" / "targets"

"""Environments of targets that aren't installed here, made from a folder of wheels: no network is needed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from albert_edge.errors import RuntimeUnavailableError
from converters.targets import environments, families, parse_target, prepare
from converters.targets.environments import environment_python, targets_folder

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
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
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
    write_wheel(
        folder, "ai-edge-litert", "0.0.7", {"ai_edge_litert/__init__.py": "", "ai_edge_litert/interpreter.py": "n = 7"}
    )
    broken = {"ai_edge_litert/__init__.py": "", "ai_edge_litert/interpreter.py": "raise ImportError('no such kernel')"}
    write_wheel(folder, "ai-edge-litert", "0.0.8", broken)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("ALBERT_EDGE_CACHE", str(tmp_path / "cache"))
    return folder


def left_behind() -> list[str]:
    return sorted(path.name for path in targets_folder().iterdir())


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


def test_whoever_is_faster_wins(index: Path, monkeypatch: pytest.MonkeyPatch):
    """Another process finishes the same environment while this one installs."""
    target = parse_target("litert==0.0.7")
    new = environments._new_environment

    def slower(*arguments):
        monkeypatch.setattr(environments, "_new_environment", new)
        environment_python(target)
        return new(*arguments)

    monkeypatch.setattr(environments, "_new_environment", slower)
    assert environment_python(target).exists()
    assert len(left_behind()) == 1


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

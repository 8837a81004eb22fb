"""Every file that git tracks is tidy; and each rule trips on a file that breaks it."""

import shutil
import subprocess

import pytest
from fresh_process import ROOT
from hygiene import LARGER, complaints

# Recorded from elsewhere, byte for byte: what they hold is not ours to tidy.
RECORDED = ("tests/golden/",)


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout, to know which files belong to the project")
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [name for name in done.stdout.decode("utf-8").split("\0") if name and (ROOT / name).is_file()]


def test_every_tracked_file_is_tidy(tracked):
    assert "pyproject.toml" in tracked
    ours = [name for name in tracked if not name.startswith(RECORDED)]
    assert [f"{name}: {complaint}" for name in ours for complaint in complaints(ROOT / name)] == []


def test_recorded_files_are_small(tracked):
    recorded = [name for name in tracked if name.startswith(RECORDED)]
    assert [name for name in recorded for complaint in complaints(ROOT / name) if "bytes" in complaint] == []


SLASH = "/"  # keeps the samples below from being found in this file


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.md", f"see {SLASH}home{SLASH}pi/lines.txt\n", "line 1: the absolute path of a machine"),
        ("a.py", f'x = 1\ny = "{SLASH}root{SLASH}x"\n', "line 2: the absolute path of a machine"),
        ("a.py", "<" * 7 + " HEAD\n", "line 1: a conflict marker"),
        ("a.tsv", ">" * 7 + " branch\n", "line 1: a conflict marker"),
        ("a.yml", "a: 1 \n", "line 1: white space at the end"),
        ("a.py", "a = 1\r\n", "line 1: white space at the end"),
        ("a.txt", "one\ntwo", "no line feed at the end"),
        ("a.py", "a = 1\n" * 301, "301 lines of Python, of at most 300"),
        ("a.tflite", b"\0" * 2097153, "2,097,153 bytes, of at most 2,097,152"),
    ],
)
def test_an_untidy_file_is_found(tmp_path, name, content, complaint):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert complaints(path) == [complaint]


@pytest.mark.parametrize("too_much", [0, 1])
def test_the_pretrained_model_alone_may_be_larger(tmp_path, too_much):
    (path,) = (tmp_path / end for end in LARGER)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\0" * (12_000_000 + too_much))
    assert complaints(path) == ["12,000,001 bytes, of at most 12,000,000"] * too_much


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.md", f"[x](https://example.org{SLASH}home{SLASH}x) ~{SLASH}work{SLASH}x .github{SLASH}work{SLASH}x\n"),
        ("a.md", "Title\n=======\n"),
        ("a.py", "a = 1\n" * 300),
        ("a.model", b"\xff \n"),
        ("a.tsv", b""),
    ],
)
def test_a_tidy_file_passes(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert complaints(path) == []

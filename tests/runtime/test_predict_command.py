"""`albert-edge predict`, in this process and as a command of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import albert_edge
from albert_edge.cli import cli

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def model(artifact_paths) -> str:
    return str(artifact_paths["looped_float32"])


def run(*arguments, **options):
    return CliRunner().invoke(cli, ["predict", *map(str, arguments)], **options)


def rows(result) -> list:
    assert result.exit_code == 0, (result.output, result.exception)
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def expected(model, *texts, **options) -> list:
    return [prediction.to_dict() for prediction in albert_edge.predict(model, texts, **options)]


def test_arguments(model):
    assert rows(run(model, "Oil prices", "The team", "--json")) == expected(model, "Oil prices", "The team")
    assert rows(run(model, "Oil", "--max-depth", 1, "--json")) == expected(model, "Oil", max_depth=1)
    pairs = rows(run(model, "a", "b", "--text-pair", "c", "--json", "--threads", 2))
    assert [(row["text"], row["text_pair"]) for row in pairs] == [("a", "c"), ("b", "c")]


def test_standard_input(model):
    assert rows(run(model, "--json", input="Oil prices\r\nThe team")) == expected(model, "Oil prices", "The team")


def test_a_readable_line(model):
    (answer,) = expected(model, "Oil prices")
    assert f"{answer['score']:6.1%}  {answer['label']}  Oil prices" in run(model, "Oil prices").stdout.splitlines()


def test_files(model, tmp_path):
    (tmp_path / "lines.txt").write_text("Oil prices\nThe team\n")
    (tmp_path / "rows.tsv").write_text("label\ttext\nx\tOil prices\ny\tThe team\n")
    (tmp_path / "bare.csv").write_text('1,"Oil prices"\n2,The team\n')
    (tmp_path / "rows.jsonl").write_text('{"text": "Oil prices", "text_pair": "The team"}\n')
    singles = expected(model, "Oil prices", "The team")
    assert rows(run(model, "--file", tmp_path / "lines.txt", "--json")) == singles
    assert rows(run(model, "--file", tmp_path / "rows.tsv", "--json")) == singles
    assert rows(run(model, "--file", tmp_path / "bare.csv", "--text-column", 1, "--json")) == singles
    assert rows(run(model, "--file", tmp_path / "rows.jsonl", "--json")) == expected(model, ("Oil prices", "The team"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("a", "--file", "x.tsv"),
        ("a", "--file", "x.txt"),
        ("--file", "x.tsv", "--text-pair", "b"),
        ("a", "--text-column", "1"),
        ("a", "--threads", "0"),
        ("a", "--runtime", "onnx"),
        ("a", "--max-depth", "deep"),
    ],
)
def test_bad_use(model, arguments):
    assert run(model, *arguments).exit_code == 2


# === As a process ===


def command(*arguments, data=b"") -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "albert_edge", "predict", *map(str, arguments)],
        input=data,
        capture_output=True,
        env=environment,
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\n\nb\n", b"text 2: a text must have a piece left after clean-up; received ''"),
        (b"a\n\xff\n", b"standard input:2: text must be UTF-8; received the byte 0xff"),
    ],
)
def test_bad_lines_stop_it_after_the_good_ones(model, data, message):
    done = command(model, "--json", data=data)
    assert done.returncode == 2
    assert json.loads(done.stdout)["text"] == "a"
    last = done.stderr.splitlines()[-1]
    assert last.startswith(b"albert-edge: error: ")
    assert message in last
    assert b"Traceback" not in done.stderr


def test_bad_files(model, tmp_path):
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(Path(model).read_bytes()[:-1])
    for arguments in ((tmp_path / "missing.tflite", "a"), (damaged, "a"), (model, "--file", tmp_path / "no.txt")):
        done = command(*arguments)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.splitlines()[-1].startswith(b"albert-edge: error: ")
        assert b"Traceback" not in done.stderr


def test_starts_in_less_than_a_second(model):
    """Of processor time, which is what it takes on an idle machine: this one may have other work."""
    resource = pytest.importorskip("resource")
    durations_s = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert command(model, "Oil prices rise").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        durations_s.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(durations_s) < 1, durations_s

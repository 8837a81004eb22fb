"""The whole search on a small model, and candidates that fail in every way there is."""

import hashlib
import json
import os
import signal

import pytest
from click.testing import CliRunner

import albert_edge
from albert_edge.cli import cli
from albert_edge.errors import CheckFailedError, ConfigError, DataError, RuntimeUnavailableError
from converters.optimization import mixture, search, timing, trials
from converters.optimization.candidates import Candidate
from converters.optimization.rows import Timing
from converters.optimization.trials import Setting, Trials
from converters.targets import parse_target

LITERT = parse_target("litert")
SCHEMES = ["dynamic-range", "int8"]


@pytest.fixture(scope="module")
def found(trained_folder, separable, tmp_path_factory):
    """A run without texts to calibrate on, which int8 needs, with all that it wrote."""
    pytest.importorskip("matplotlib")
    folder = tmp_path_factory.mktemp("optimized")
    told = []
    report = albert_edge.optimize(
        trained_folder,
        folder / "best.tflite",
        data=separable / "dev.tsv",
        schemes=SCHEMES,
        max_drop=5.0,
        prefer="size",
        plot=folder / "pareto.png",
        report=folder / "report.json",
        tell=told.append,
    )
    return folder, report, told


@pytest.fixture
def setting(golden_folder, separable):
    return Setting(golden_folder, separable / "dev.tsv", None, None, (LITERT,), "looped", None, 0.5, 100.0)


@pytest.mark.slow
def test_the_chosen_file_is_the_one_that_was_measured(found, separable):
    folder, report, told = found
    assert report["chosen"] == "dynamic-range"
    (row,) = [row for row in report["rows"] if row["name"] == "dynamic-range"]
    contents = (folder / "best.tflite").read_bytes()
    assert hashlib.sha256(contents).hexdigest() == report["sha256"]
    assert len(contents) == report["file_bytes"] == row["file_bytes"]
    seen = albert_edge.inspect(folder / "best.tflite")
    assert (row["model_bytes"], row["parts"], row["early_exit"]) == (seen["model_bytes"], seen["parts"], None)
    scored = albert_edge.evaluate(folder / "best.tflite", separable / "dev.tsv", runtime="ai_edge_litert")
    assert row["scores"] == {LITERT.label: 100 * scored["accuracy"]}
    assert row["drop"] == pytest.approx(report["keras"]["score"] - 100 * scored["accuracy"])
    assert row["drop"] <= report["max_drop"]
    assert "3 of 3: int8" in told


@pytest.mark.slow
def test_the_report_says_what_failed_and_what_was_not_tried(found):
    folder, report, _ = found
    assert json.loads((folder / "report.json").read_text(encoding="utf-8")) == report
    assert (folder / "pareto.png").read_bytes().startswith(b"\x89PNG")
    assert list(report) == [
        *("schema_version", "chosen", "out", "file_bytes", "sha256", "metric", "max_drop", "prefer", "targets"),
        *("keras", "rows", "not_tried", "environment"),
    ]
    rows = {row["name"]: row for row in report["rows"]}
    assert list(rows) == ["float32", "dynamic-range", "int8"]
    assert "calibrat" in rows["int8"]["failed"]
    assert not rows["int8"]["allowed"]
    assert rows["float32"]["timings"][LITERT.label]["times_float32"] == 1.0
    assert any(line.startswith("the schemes float16") for line in report["not_tried"])


@pytest.mark.slow
def test_without_a_file_within_the_drop_none_is_written(trained_folder, separable, tmp_path, monkeypatch):
    """The device's scores, a point lower than they are."""
    real = trials.first_metric
    monkeypatch.setattr(trials, "first_metric", lambda *each: (real(*each)[0], real(*each)[1] - 1.0))
    arguments = ["optimize", str(trained_folder), "--data", str(separable / "dev.tsv"), "--schemes", "float32"]
    done = CliRunner().invoke(cli, [*arguments, "--max-drop", "0", "--out", str(tmp_path / "best.tflite")])
    assert done.exit_code == 1, done.output
    assert "a file must lose at most 0 points; none did" in done.stderr
    assert "loses too much" in done.stdout
    assert list(tmp_path.iterdir()) == []


# === Candidates that fail ===


def convert_to(contents):
    """In place of `convert`: writes `contents`, and says that all is well."""

    def convert(_, path, **others):
        path.write_bytes(contents)
        return {"parts": {}, "exit": None, "file_bytes": len(contents), "model_bytes": len(contents)}

    return convert


def test_a_failed_check_is_a_row_and_the_others_go_on(setting, tmp_path, monkeypatch):
    def convert(*_, scheme, **others):
        if scheme == "int4":
            raise CheckFailedError("on litert==2.3.0 the logits of int4 must be within a relative error of 0.7")
        raise MemoryError("no room\nat all")

    monkeypatch.setattr(albert_edge, "convert", convert, raising=False)
    tried = Trials(setting, tmp_path, dict)
    assert tried.try_(Candidate("int4")).failed.startswith("on litert==2.3.0 the logits of int4")
    assert tried.try_(Candidate("int8")).failed == "MemoryError: no room at all"
    assert tried.files == {}


def test_a_file_that_can_not_be_scored_fails(setting, tmp_path, monkeypatch):
    monkeypatch.setattr(albert_edge, "convert", convert_to(b"no model"), raising=False)
    tried = Trials(setting, tmp_path, dict)
    assert "a fresh process must load and answer; received exit code 1" in tried.try_(Candidate("int4")).failed
    assert tried.files == {}


def test_an_exit_gets_what_its_scheme_leaves_of_the_drop(setting, tmp_path, monkeypatch):
    asked = []

    def convert(_, path, **others):
        asked.append(others)
        return convert_to(b"x")(_, path)

    monkeypatch.setattr(albert_edge, "convert", convert, raising=False)
    monkeypatch.setattr(Trials, "_score", lambda *_: 99.7)
    tried = Trials(setting, tmp_path, dict)
    tried.try_(Candidate("float16"))
    tried.try_(Candidate("float16", early_exit=True))
    assert [each["exit"] for each in asked] == ["none", "entropy"]
    assert asked[1]["exit_max_drop"] == pytest.approx(0.2)
    monkeypatch.setattr(Trials, "_score", lambda *_: 99.0)
    tried.try_(Candidate("int4"))
    assert "1.00 points lost without one" in tried.try_(Candidate("int4", early_exit=True)).failed


def test_a_crash_while_measuring_is_that_file_s_alone(setting, tmp_path, monkeypatch):
    def walked(files, *_):
        if "bad" in files:
            raise RuntimeUnavailableError("a fresh process must load and answer; received exit code -11")
        return {name: [[2.0, 1.0], [3.0, 5.0]] for name in files}

    monkeypatch.setattr(timing, "_walked", walked)
    rows = {name: search.Row(name, name, file_bytes=1, drop=0.0) for name in ("float32", "good", "bad")}
    timed = timing.with_timings(rows, dict.fromkeys(rows, tmp_path), setting)
    assert timed["good"].timings == {LITERT.label: Timing(2.0, 1.0, 1.0)}
    assert timed["bad"].failed.endswith("received exit code -11")
    assert search.chosen(search.judged(list(timed.values()), 0.5), "size").name == "float32"


@pytest.mark.slow
def test_the_smallest_and_fastest_is_not_picked_if_its_target_refuses_it(
    trained_folder, separable, tmp_path, monkeypatch
):
    """int4 would be the smallest; its check is made to fail, in the process that converts it the process ends."""
    real = albert_edge.convert

    def convert(model, path, *, scheme, parts=None, **others):
        if scheme == "int4" and parts is None:
            path.write_bytes(b"left behind")
            raise CheckFailedError("on litert the logits must be the model's; received others")
        if scheme == "int4":
            from converters import worker

            # While it builds: a child that was killed before would just be replaced by another.
            with monkeypatch.context() as patched:
                patched.setattr(worker.Child, "send", lambda self, *_: os.kill(self.process.pid, signal.SIGKILL))
                return real(model, path, scheme=scheme, parts=parts, **others)
        return real(model, path, scheme=scheme, parts=parts, **others)

    monkeypatch.setattr(albert_edge, "convert", convert, raising=False)
    report = albert_edge.optimize(
        trained_folder, tmp_path / "best.tflite", data=separable / "dev.tsv", schemes=["int4"], prefer="size"
    )
    assert report["chosen"] == "float32"
    failed = {row["name"]: row["failed"] for row in report["rows"]}
    assert failed["int4"].startswith("on litert the logits")
    assert "crash of its process (SIGKILL)" in failed["int4 embedding=int4"]


def test_bad_use_is_refused_before_any_work(golden_folder, separable, tmp_path):
    def refused(match, **others):
        with pytest.raises(ConfigError, match=match):
            albert_edge.optimize(golden_folder, tmp_path / "x.tflite", data=separable / "dev.tsv", **others)

    refused("max_drop must be .*; received -1", max_drop=-1)
    refused("prefer must be one of balanced, latency, size; received 'speed'", prefer="speed")
    refused("schemes must be among", schemes=["int3"])
    refused("a picture's name", plot=tmp_path / "a.gif")
    for name, contents in (("nofile.tsv", None), ("empty.tsv", "text\n")):
        if contents is not None:
            (tmp_path / name).write_text(contents, encoding="utf-8")
        with pytest.raises(DataError, match=name):
            albert_edge.optimize(
                golden_folder, tmp_path / "x.tflite", data=separable / "dev.tsv", calibrate=tmp_path / name
            )
        (tmp_path / name).unlink(missing_ok=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", r"a crash of its process \(SIGSEGV\)"),
        ("raise ValueError('no parts')", "exit code 1 of its process: ValueError: no parts"),
    ],
)
def test_a_crash_while_parts_are_measured_is_one_line(setting, monkeypatch, program, reason):
    monkeypatch.setattr(mixture, "PROGRAM", program)
    with pytest.raises(CheckFailedError, match=reason):
        mixture.mixed_parts(setting)


def test_the_mixture_is_what_sensitivity_writes_down(setting, monkeypatch):
    program = """
import json, sys
given = json.loads(sys.argv[1])
assert (given["precision"], given["max_drop"]) == ("int4", 0.5)
open(given["out"], "w").write('{"parts": {"query": "int4"}}')
"""
    monkeypatch.setattr(mixture, "PROGRAM", program)
    assert mixture.mixed_parts(setting) == {"query": "int4"}

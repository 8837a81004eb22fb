"""`gate` and `baseline` from the command line: exit codes, reports for CI systems, refusals. Nothing is timed here."""

import json
import xml.etree.ElementTree as ElementTree

import pytest
from made_results import made_result
from test_gate_figures import result

from albert_edge.errors import ConfigError
from albert_edge.harness.gate import gate, measuring
from albert_edge.harness.gate.baselines import write_baseline
from albert_edge.harness.gate.turns import Pass
from albert_edge.harness.results import write_result


@pytest.fixture
def judged(tmp_path, run_command):
    """Runs `gate` on a result that differs from the baseline's by `changes`: all but time is judged of a result."""

    def run(*arguments, **changes):
        write_baseline(tmp_path / "baseline.json", result(), {}, "first release")
        write_result(tmp_path / "new.json", result(**changes))
        return run_command(
            "gate", str(tmp_path / "new.json"), "--baseline", str(tmp_path / "baseline.json"), *arguments
        )

    return run


def test_inconclusive_passes_with_a_warning(judged):
    done = judged()
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "new.json: inconclusive"
    assert "albert-edge: warning: latency_16 is inconclusive: a result has no passes" in done.stderr


def test_inconclusive_fails_if_strict(judged):
    done = judged("--strict")
    assert done.exit_code == 1
    assert "latency_16 inconclusive" in done.stderr.splitlines()[-1]


def test_an_emulated_board_has_no_times_to_judge(tmp_path, run_command):
    emulated = result(device={"name": "pi", "kind": "qemu", "profile": "raspberry-pi-4"})
    write_baseline(tmp_path / "baseline.json", emulated, {}, "first release")
    write_result(tmp_path / "new.json", emulated)
    arguments = ("gate", str(tmp_path / "new.json"), "--baseline", str(tmp_path / "baseline.json"), "--strict")
    done = run_command(*arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "latency" not in done.stdout
    write_result(tmp_path / "new.json", {**emulated, "file_bytes": 2 * emulated["file_bytes"]})
    assert run_command(*arguments).exit_code == 1


def test_worse_fails(judged):
    done = judged(file_bytes=2 * result()["file_bytes"])
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == (
        "albert-edge: error: the gate must find nothing worse and every budget held; received file_bytes worse"
    )


def test_a_budget_fails_alone(tmp_path, run_command):
    write_result(tmp_path / "new.json", made_result())
    arguments = ("gate", str(tmp_path / "new.json"), "--max-bytes", "5", "--min-accuracy", "0.5")
    done = run_command(*arguments)
    assert done.exit_code == 1
    assert "max_bytes exceeded" in done.stderr
    assert "min_accuracy" not in done.stderr.splitlines()[-1]


def test_json_holds_both_sides(judged):
    done = judged("--json", file_bytes=2 * result()["file_bytes"])
    outcome = json.loads(done.stdout)
    assert (outcome["verdict"], outcome["passed"], outcome["compared_with"]["reason"]) == (
        "worse",
        False,
        "first release",
    )
    (found,) = [item for item in outcome["metrics"] if item["metric"] == "file_bytes"]
    assert found["after"] == outcome["result"]["file_bytes"] == 2 * outcome["before"]["file_bytes"]
    assert found["change"] == "+100.0 %"


@pytest.mark.parametrize("strict", [False, True])
def test_junit_counts_what_failed(judged, tmp_path, strict):
    judged(
        *("--junit", str(tmp_path / "gate.xml"), "--max-bytes", "1", *(["--strict"] if strict else [])),
        file_bytes=2 * result()["file_bytes"],
    )
    suite = ElementTree.parse(tmp_path / "gate.xml").getroot().find("testsuite")
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert suite.get("tests") == str(len(cases)) == "10"
    failed = {name for name, case in cases.items() if case.find("failure") is not None}
    skipped = {name for name, case in cases.items() if case.find("skipped") is not None}
    times = {"latency_16", "latency_64", "latency_128"}
    assert failed == {"file_bytes", "max_bytes"} | (times if strict else set())
    assert skipped == (set() if strict else times)
    assert suite.get("failures") == str(len(failed))


def test_markdown_says_the_verdict_first(judged, tmp_path):
    judged("--markdown", str(tmp_path / "gate.md"), "--max-bytes", "1", file_bytes=2 * result()["file_bytes"])
    lines = (tmp_path / "gate.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "## ❌ Gate failed: worse"
    assert "baseline `baseline.json` (first release)" in lines[2]
    assert any(line.startswith("| file_bytes | ") and "| +100.0 % | worse |" in line for line in lines)
    assert any(line.startswith("| max_bytes | 1 | ") and "exceeded" in line for line in lines)
    assert {line.count("|") for line in lines if line.startswith("| latency")} == {7}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "gate needs --baseline, --against or a budget"),
        ({"baseline": "b.json", "against": "o.tflite"}, "gate takes --baseline or --against"),
    ],
)
def test_what_is_compared_must_be_clear(options, message):
    with pytest.raises(ConfigError, match=message):
        gate("n.tflite", **options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--max-drop", "1", "--baseline", "b.json"), "max_drop needs --data"),
        (("--min-accuracy", "0.5"), "min_accuracy needs --data"),
        (("--min-accuracy", "84", "--data", "d.tsv"), "84"),
        (("--baseline", "missing.json"), "missing.json"),
        (("--against", "missing.tflite"), "n.tflite"),
        (("--max-bytes", "1", "--junit", "missing/folder/gate.xml"), "missing/folder/gate.xml"),
        (("--max-bytes", "1", "--lengths", "16;64"), "whole numbers separated by commas"),
    ],
)
def test_bad_use_is_one_line(run_command, arguments, message):
    done = run_command("gate", "n.tflite", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [("--data", "d.tsv"), ("--lengths", "16"), ("--threads", "2"), ("--runtime", "ai_edge_litert"), ("--count",)],
)
def test_a_result_is_not_measured_again(judged, arguments):
    done = judged(*arguments)
    assert done.exit_code == 2
    assert f"a result is judged as it was measured; received {arguments[0]}" in done.stderr


@pytest.mark.parametrize("taken", ["new.json", "baseline.json", "./new.json"])
def test_a_report_does_not_replace_what_is_judged(judged, tmp_path, monkeypatch, taken):
    monkeypatch.chdir(tmp_path)
    done = judged("--junit", taken)
    assert done.exit_code == 2
    assert "a file of its own" in done.stderr
    assert json.loads((tmp_path / taken).read_text())["kind"] in ("bench", "baseline")
    assert judged("--junit", "one", "--markdown", "one").exit_code == 2


def test_another_task_is_not_compared(tmp_path, judged, topics, run_command):
    done = judged(task="token-classification")
    assert done.exit_code == 2
    assert "must be for text-classification" in done.stderr
    assert "received token-classification" in done.stderr
    write_baseline(tmp_path / "tags.json", result(task="token-classification"), {}, "first release")
    done = run_command("gate", str(topics / "topics.tflite"), "--baseline", str(tmp_path / "tags.json"))
    assert (done.exit_code, "must be for token-classification" in done.stderr) == (2, True)


@pytest.mark.parametrize("figure", ["file_bytes", "cost"])
def test_a_figure_of_nothing_is_refused(tmp_path, judged, figure):
    done = judged(**{figure: 0 if figure == "file_bytes" else {**result()["cost"], "instructions": 0}})
    assert done.exit_code == 2
    assert "must be above 0; received 0" in done.stderr


def test_a_length_that_is_not_measured_is_no_verdict(tmp_path, monkeypatch, topics):
    """The baseline has two, and one is asked for: the other isn't passed in silence."""
    one = [Pass((1.0, 1.0), (2.0, 2.0))] * 20
    write_baseline(tmp_path / "b.json", result(), {"latency_16": one, "latency_64": one}, "first release")
    monkeypatch.setattr(measuring, "bench", lambda *_, **__: result())
    monkeypatch.setattr(measuring, "MEMORY_PROCESSES", 0)
    monkeypatch.setattr("albert_edge.harness.gate.workload_passes", lambda *_: {"latency_16": one})
    outcome = gate(topics / "topics.tflite", tmp_path / "b.json", lengths=[16], count=False)
    found = {item["metric"]: (item["verdict"], item["reason"]) for item in outcome["metrics"]}
    assert found["latency_16"][0] == "same"
    assert found["latency_64"] == ("inconclusive", "not measured: --lengths")


def test_a_result_can_not_run_in_turn(tmp_path, run_command, topics):
    write_result(tmp_path / "new.json", made_result())
    done = run_command("gate", str(tmp_path / "new.json"), "--against", str(topics / "topics.tflite"))
    assert done.exit_code == 2
    assert "against runs two files in turn; received the result" in done.stderr


def test_a_baseline_is_recorded_from_a_result_and_shown(tmp_path, run_command):
    write_result(tmp_path / "pi.json", made_result())
    arguments = ("--baseline", str(tmp_path / "baseline.json"), "--reason", "measured on a Pi")
    done = run_command("baseline", "update", str(tmp_path / "pi.json"), *arguments)
    assert done.exit_code == 0, done.stderr
    shown = run_command("baseline", "show", str(tmp_path / "baseline.json"))
    assert shown.stdout == done.stdout
    assert "measured on a Pi" in shown.stdout
    assert "instructions 62,123,456 at 64 tokens" in shown.stdout
    as_json = json.loads(run_command("baseline", "show", str(tmp_path / "baseline.json"), "--json").stdout)
    assert as_json["result"]["file"] == "dynamic-range.tflite"


def test_a_baseline_wants_a_reason(tmp_path, run_command):
    done = run_command("baseline", "update", "n.tflite", "--baseline", str(tmp_path / "b.json"), "--reason", " ")
    assert done.exit_code == 2
    assert "needs a reason" in done.stderr
    assert not (tmp_path / "b.json").exists()

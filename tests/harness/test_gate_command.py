"""`gate` and `baseline` from the command line: exit codes, reports for CI systems, refusals. Nothing is timed here."""

import json
import xml.etree.ElementTree as ElementTree

import pytest
from made_results import made_result
from test_gate_figures import result

import albert_edge
from albert_edge.errors import ConfigError
from albert_edge.harness.gate import gate, measuring
from albert_edge.harness.gate.baselines import write_baseline
from albert_edge.harness.gate.budgets import Budgets
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


def test_a_result_can_not_run_in_turn(tmp_path, run_command, topics):
    write_result(tmp_path / "new.json", made_result())
    done = run_command("gate", str(tmp_path / "new.json"), "--against", str(topics / "topics.tflite"))
    assert done.exit_code == 2
    assert "against runs two files in turn; received the result" in done.stderr


def test_instructions_are_counted_of_the_file(tmp_path, monkeypatch, topics):
    """valgrind is `harness.cost`'s matter; here its answer goes into the result, once a file that is measured."""
    counted, asked = made_result()["cost"], []
    monkeypatch.setattr(measuring, "measure_cost", lambda path, max_depth: asked.append(path) or counted)
    monkeypatch.setattr(measuring, "bench", lambda *_, cost, **__: {**result(), "cost": cost})
    outcome = gate(topics / "topics.tflite", budgets=Budgets(max_rss_mb=1e6), count=True)
    assert (outcome["result"]["cost"], asked) == (counted, [topics / "topics.tflite"])
    with pytest.raises(ConfigError, match="received both --count and --cost"):
        gate(topics / "topics.tflite", budgets=Budgets(max_rss_mb=1e6), count=True, cost=counted)


def test_counted_instructions_are_taken_from_a_file(files, tmp_path, monkeypatch, run_command):
    asked = {}
    outcome = {"metrics": [], "budgets": [], "warnings": [], "file": "n.tflite", "verdict": "same", "passed": True}
    monkeypatch.setattr(albert_edge, "gate", lambda *a: asked.update(cost=a[8]) or outcome, raising=False)
    cost = made_result()["cost"]
    for name, values in (("cost.json", cost), ("result.json", {"cost": cost})):
        done = run_command("gate", "n.tflite", "--max-bytes", "1", "--cost", str(files(name, values)))
        assert (done.exit_code, asked["cost"]) == (0, cost), done.stderr
    done = run_command("gate", "n.tflite", "--max-bytes", "1", "--cost", str(files("no.json", {"a": 1})))
    assert done.exit_code == 2


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

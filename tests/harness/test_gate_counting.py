"""Instructions in a gate: counted without being asked where the baseline's were, taken from elsewhere, never lost."""

import json
import re

import pytest
from made_results import made_result
from test_gate_figures import result

import albert_edge
from albert_edge.errors import ConfigError, RuntimeUnavailableError
from albert_edge.harness.gate import gate, measuring
from albert_edge.harness.gate.baselines import write_baseline
from albert_edge.harness.gate.budgets import Budgets
from albert_edge.harness.results import write_result


def test_instructions_are_counted_of_the_file(tmp_path, monkeypatch, topics):
    """valgrind is `harness.cost`'s matter; here its answer goes into the result, once a file that is measured."""
    counted, asked = made_result()["cost"], []
    monkeypatch.setattr(measuring, "measure_cost", lambda path, **_: asked.append(path) or counted)
    monkeypatch.setattr(measuring, "bench", lambda *_, cost, **__: {**result(), "cost": cost})
    monkeypatch.setattr(measuring, "MEMORY_PROCESSES", 0)
    outcome = gate(topics / "topics.tflite", budgets=Budgets(max_rss_mb=1e6), count=True)
    assert (outcome["result"]["cost"], asked) == (counted, [topics / "topics.tflite"])
    with pytest.raises(ConfigError, match="received both --count and --cost"):
        gate(topics / "topics.tflite", budgets=Budgets(max_rss_mb=1e6), count=True, cost=counted)


@pytest.fixture
def counting(tmp_path, monkeypatch, topics):
    """Gates the sample against a baseline with a count of valgrind's; `answer` is what the counter does now."""

    def run(answer, *, tool="callgrind", installed="/usr/bin/valgrind", **options):
        cost = {**made_result()["cost"], "tool": tool, "tokens": 32}
        write_baseline(tmp_path / "counted.json", result(cost=cost), {}, "first release")
        monkeypatch.setattr(measuring.shutil, "which", lambda _: installed)
        monkeypatch.setattr(measuring, "measure_cost", lambda path, tokens, **_: answer({**cost, "tokens": tokens}))
        monkeypatch.setattr(measuring, "bench", lambda *_, cost, **__: {**result(), "cost": cost})
        monkeypatch.setattr(measuring, "MEMORY_PROCESSES", 0)
        outcome = gate(topics / "topics.tflite", tmp_path / "counted.json", **options)
        (found,) = [item for item in outcome["metrics"] if item["metric"] == "instructions"]
        return found["verdict"], found["reason"]

    return run


def refused(_):
    raise RuntimeUnavailableError("a count must end well; received exit code 1")


def test_instructions_are_counted_if_the_baselines_were(counting):
    assert counting(lambda cost: cost) == ("same", "")
    assert counting(lambda cost: {**cost, "instructions": 2 * cost["instructions"]})[0] == "worse"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"count": False}, "left out by --no-count"),
        ({"installed": None}, r"needs valgrind \(apt install valgrind\), or --cost"),
        ({"tool": "qemu-plugin"}, "`bench --cost --device` counts as on"),
        ({}, "not counted: a count must end well; received exit code 1"),
    ],
)
def test_what_can_not_be_counted_says_what_to_do(counting, options, reason):
    verdict, said = counting(refused, **options)
    assert verdict == "inconclusive"
    assert re.search(reason, said), said


def test_a_baseline_does_not_lose_its_instructions_unnoticed(tmp_path, run_command):
    path = tmp_path / "baseline.json"
    write_baseline(path, result(), {}, "first release")
    before = path.read_bytes()
    write_result(tmp_path / "new.json", result(cost=None))
    arguments = ("baseline", "update", str(tmp_path / "new.json"), "--baseline", str(path), "--reason", "why not")
    done = run_command(*arguments)
    assert (done.exit_code, path.read_bytes()) == (2, before)
    assert "loses them only with --no-count" in done.stderr
    assert run_command(*arguments, "--no-count").exit_code == 0
    assert json.loads(path.read_text())["result"]["cost"] is None


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


@pytest.mark.parametrize(
    ("change", "message"),
    [({"instructions": 0}, "above 0; received 0"), ({"instructions": "9"}, "received '9'"), ({"more": 1}, "'more'")],
)
def test_a_count_that_is_none_is_refused_before_anything_is_measured(files, run_command, change, message):
    path = files("cost.json", {**made_result()["cost"], **change})
    done = run_command("gate", "n.tflite", "--max-bytes", "1", "--cost", str(path))
    assert done.exit_code == 2
    assert message in done.stderr

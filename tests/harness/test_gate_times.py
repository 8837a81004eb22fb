"""Latency's verdicts on passes made for it, the looks, and real turns of real files."""

import statistics
import time

import numpy as np
import pytest

from albert_edge.artifact import read_artifact
from albert_edge.harness.evaluations.base import DataFile
from albert_edge.harness.gate import turns
from albert_edge.harness.gate.mixes import Mix
from albert_edge.harness.gate.statistics import LOOKS
from albert_edge.harness.gate.times import judge_against, judge_baseline, measure_until
from albert_edge.harness.gate.turns import LEAST_ROUNDS, REPEATS, Files, Pass, alternate


def made_passes(count, ratio, scatter=0.01, speed=1.0, seed=1):
    """Passes of five rounds in which the first side takes `ratio` times as long as the other, on a machine that falls
    to half of its speed for two of them."""
    draw = np.random.default_rng(seed)
    passes = []
    for _ in range(count):
        old = speed * 2.0 * draw.permutation([1.0, 1.0, 1.0, 2.0, 2.0])
        passes.append(Pass(tuple(old * ratio * draw.lognormal(0, scatter)), tuple(old)))
    return {"latency_16": passes}


@pytest.mark.parametrize(("ratio", "verdict"), [(1.0, "same"), (1.15, "worse"), (0.85, "better")])
def test_against_another_file(ratio, verdict):
    (found,) = judge_against(made_passes(10, ratio))
    assert (found.metric, found.verdict) == ("latency_16", verdict)
    assert found.interval.ratio == pytest.approx(ratio, rel=0.02)


def test_twenty_unchanged_files_are_never_worse_and_twenty_slower_ones_always():
    """Scatter of 5 % a pass, as much as was seen with fifteen programs on two cores."""
    for ratio, allowed in ((1.0, {"same", "inconclusive"}), (1.15, {"worse"})):
        for seed in range(20):
            scattered = made_passes(LOOKS[-1], ratio, 0.05, seed=seed)["latency_16"]
            passes = measure_until(lambda n, found=scattered: {"latency_16": found[n]}, _decided)
            assert {item.verdict for item in judge_against(passes)} <= allowed, (ratio, seed)


def _decided(passes):
    return all(item.verdict != "inconclusive" for item in judge_against(passes))


def test_a_baseline_on_a_slower_machine_is_normalized():
    old = {"latency_16": made_passes(20, 0.5, seed=1)["latency_16"]}
    new = made_passes(10, 0.5, speed=1.2, seed=2)
    (found,) = judge_baseline(old, new)
    assert found.verdict == "same"
    assert found.reason.startswith("the reference workload took 1.2")


@pytest.mark.parametrize(("factor", "verdict"), [(1.5, "worse"), (0.6, "better")])
def test_a_baseline_tells_large_changes(factor, verdict):
    old = made_passes(20, 0.5, seed=1)
    (found,) = judge_baseline(old, made_passes(10, 0.5 * factor, seed=3))
    assert found.verdict == verdict


def test_a_baseline_on_a_machine_twice_as_slow_can_not_tell():
    """What a file feels of the slowness may be half of what the workload does, or half as much again."""
    (found,) = judge_baseline(made_passes(20, 0.5), made_passes(10, 0.7, speed=2.0))
    assert found.verdict == "inconclusive"
    assert "undecided after 10 passes" in found.reason


@pytest.mark.parametrize("speed", [0.2, 0.6, 1.6, 5.0])
def test_a_file_that_feels_nothing_of_a_slower_machine_is_neither_better_nor_worse(speed):
    """The workload was interrupted now, or when the baseline was made, and the shorter file wasn't."""
    (found,) = judge_baseline(made_passes(20, 0.5), made_passes(28, 0.5 / speed, speed=speed))
    assert found.verdict == "inconclusive"
    assert (found.interval.low, found.interval.high) == (0.0, float("inf"))


@pytest.mark.parametrize("speed", [0.7, 1.45])
def test_the_same_within_what_the_interval_allows_for(speed):
    (found,) = judge_baseline(made_passes(20, 0.5), made_passes(28, 0.5 / speed, speed=speed))
    assert found.verdict in ("same", "inconclusive")


def test_a_metric_that_one_side_lacks_is_not_judged():
    assert judge_baseline({}, made_passes(10, 1.0)) == []


def test_passes_go_on_until_they_decide():
    asked = []
    passes = measure_until(lambda n: {"a": Pass((n + 1.0,), (1.0,))}, lambda found: bool(asked.append(len(found["a"]))))
    assert asked == list(LOOKS)
    assert [one.new_ms for one in passes["a"]] == [(n + 1.0,) for n in range(LOOKS[-1])]
    assert len(measure_until(lambda n: {"a": Pass((1.0,), (1.0,))}, lambda _: True)["a"]) == LOOKS[0]


# === Turns ===


def test_sides_alternate_and_the_fastest_of_a_turn_counts():
    order = []

    def side(name, values):
        return lambda: order.append(name) or next(values)

    new, old = (iter([9.0, value, 8.0] * 7) for value in (2.0, 1.0))
    found = alternate(side("n", new), side("o", old), seconds=0)
    assert REPEATS == 3
    assert "".join(order) == "nnnooo" + "ooonnn" + "nnnooo" + "ooonnn" + "nnnooo" + "ooonnn" + "nnnooo"
    assert found == Pass((2.0,) * LEAST_ROUNDS, (1.0,) * LEAST_ROUNDS)
    assert found.ratio == 2.0


def test_ratios_of_rounds_and_of_sums():
    assert Pass((1.0, 2.0, 30.0), (1.0, 1.0, 10.0)).ratio == 2.0
    assert Pass((1.0, 2.0, 30.0), (1.0, 1.0, 10.0), is_sum=True).ratio == pytest.approx(33 / 12)


def test_a_file_and_the_workload_are_really_run(looped_file):
    found = Files(read_artifact(looped_file), None, (8, 24)).one_pass(0)
    assert list(found) == ["latency_8", "latency_24"]
    for one in found.values():
        assert len(one.new_ms) == len(one.old_ms) >= LEAST_ROUNDS
        assert min(*one.new_ms, *one.old_ms) > 0


def test_waiting_for_the_processor_is_no_time_of_a_file_beside_the_workload(looped_file, monkeypatch):
    """Sleeping stands for being interrupted; with two threads or two files it counts, since others do the work."""
    artifact = read_artifact(looped_file)
    opened = turns.open_session

    def pausing(*arguments):
        session = opened(*arguments)
        run = session.run
        monkeypatch.setattr(session, "run", lambda inputs: time.sleep(0.01) or run(inputs), raising=False)
        return session

    monkeypatch.setattr(turns, "open_session", pausing)
    assert Files(artifact, None, (8,)).clock is time.thread_time_ns
    assert statistics.median(Files(artifact, None, (8,)).one_pass(0)["latency_8"].new_ms) < 10
    for files in (Files(artifact, artifact, (8,)), Files(artifact, None, (8,), threads=2)):
        assert min(files.one_pass(0)["latency_8"].new_ms) >= 10


def test_which_file_is_opened_first_changes(looped_file, monkeypatch):
    opened, artifacts = [], [read_artifact(looped_file) for _ in range(2)]
    open_session = turns.open_session

    def recorded(artifact, *rest):
        opened.append(artifacts.index(artifact) if artifact is not artifacts[1] else 1)
        return open_session(artifact, *rest)

    monkeypatch.setattr(turns, "open_session", recorded)
    files = Files(*artifacts, (8,))
    for number in range(2):
        files.one_pass(number)
    assert len(opened) == 4
    assert opened[:2] == opened[:1:-1]


def test_a_mix_runs_each_text_through_both_files(topics, tmp_path):
    lines = (topics / "dev.tsv").read_text(encoding="utf-8").splitlines(keepends=True)[:6]
    (tmp_path / "few.tsv").write_text("".join(lines), encoding="utf-8")
    path = topics / "topics.tflite"
    sides = {name: (path, read_artifact(path)) for name in ("new", "old")}
    found = Mix(sides, DataFile(tmp_path / "few.tsv"), 1, None, None).one_pass(1)
    assert len(found["latency_mix"].new_ms) == len(found["latency_mix"].old_ms) == 5
    assert found["latency_mix"].is_sum

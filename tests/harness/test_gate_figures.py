"""Each verdict that isn't on time, on results made for it; and which differences make two results incomparable."""

import pytest
from made_results import made_result

from albert_edge.errors import ConfigError, DataError
from albert_edge.harness.gate.budgets import Budgets, hold
from albert_edge.harness.gate.figures import judge_figures
from albert_edge.harness.gate.likeness import time_unlike
from albert_edge.harness.gate.verdicts import Judgement, overall

BARE = [38.0, 38.1, 38.2, 38.3, 38.4]
RSS = [58.0, 58.1, 58.2, 58.3, 58.4]


def result(**changes):
    raw = {"load_ms": [], "open_ms": [], "rss_mb": RSS, "peak_rss_mb": [value + 2 for value in RSS]}
    return made_result(**{"raw": {**raw, "bare_rss_mb": BARE}, **changes})


def with_memory(factor):
    rss = [38.2 + factor * (value - 38.2) for value in RSS]
    old = result()
    return result(raw={**old["raw"], "rss_mb": rss})


def with_correct(changed):
    """The accuracy of `result` with the answers at some places turned round."""
    accuracy = result()["accuracy"]
    correct = [1 - right if place in changed else right for place, right in enumerate(accuracy["correct"])]
    return result(accuracy={**accuracy, "correct": correct, "value": sum(correct) / len(correct)})


def verdicts(new, old=None, **options):
    return {item.metric: item.verdict for item in judge_figures(result() if old is None else old, new, **options)}


def right_places(count):
    return [place for place, right in enumerate(result()["accuracy"]["correct"]) if right][:count]


def wrong_places(count):
    return [place for place, right in enumerate(result()["accuracy"]["correct"]) if not right][:count]


def test_a_result_is_the_same_as_itself():
    found = verdicts(result())
    assert set(found) == {"file_bytes", "weight_copies", "memory", "peak_memory", "accuracy", "instructions"}
    assert set(found.values()) == {"same"}


@pytest.mark.parametrize(("factor", "verdict"), [(1.009, "same"), (1.011, "worse"), (0.5, "better"), (2.4, "worse")])
def test_bytes(factor, verdict):
    new = result(file_bytes=round(factor * result()["file_bytes"]))
    assert verdicts(new)["file_bytes"] == verdict


def test_float32_where_int8_was_is_worse_and_named():
    """An int8 file that isn't: its bytes tell, whatever it calls itself."""
    (found,) = [
        item
        for item in judge_figures(result(), result(file_bytes=4 * result()["file_bytes"]))
        if item.metric == "file_bytes"
    ]
    assert (found.verdict, found.change) == ("worse", "+300.0 %")
    named = judge_figures(result(), {**result(), "scheme": "float32"})[0]
    assert named.reason == "scheme float32, before dynamic-range"


def test_lost_sharing_is_worse():
    weights = result()["weights"]
    assert verdicts(result(weights={**weights, "copies": 12}))["weight_copies"] == "worse"
    assert verdicts(result(), result(weights={**weights, "copies": 12}))["weight_copies"] == "better"
    assert verdicts(result(weights=None))["weight_copies"] == "inconclusive"
    assert "weight_copies" not in verdicts(result(), result(weights=None))


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.0, "same"), (1.02, "same"), (1.05, "inconclusive"), (1.1, "worse"), (0.9, "better")]
)
def test_memory(factor, verdict):
    """20 MB above the runtime that scatter by 0.4 MB, each value of one side against each of the other."""
    assert verdicts(with_memory(factor))["memory"] == verdict


def test_memory_of_another_runtime_is_judged_and_the_runtime_named():
    other = {**with_memory(1.1), "runtime": "tflite-runtime 2.14.0"}
    (found,) = [item for item in judge_figures(result(), other) if item.metric == "memory"]
    assert (found.verdict, found.reason) == ("worse", f"tflite-runtime 2.14.0, before {result()['runtime']}")


def test_memory_of_another_architecture_or_without_raw_values_is_no_verdict():
    environment = result()["environment"]
    assert verdicts(result(environment={**environment, "architecture": "riscv64"}))["memory"] == "inconclusive"
    empty = {name: [] for name in result()["raw"]}
    assert verdicts(result(raw=empty))["memory"] == "inconclusive"
    assert verdicts(result(peak_above_runtime_mb=None))["peak_memory"] == "inconclusive"


@pytest.mark.parametrize(("lost", "verdict"), [(2, "same"), (3, "worse"), (5, "worse")])
def test_accuracy_lost(lost, verdict):
    """Of 500 examples 5 are a point and 2.5 half of one."""
    assert verdicts(with_correct(right_places(lost)))["accuracy"] == verdict


def test_accuracy_won_and_a_drop_that_is_allowed():
    assert verdicts(with_correct(wrong_places(3)))["accuracy"] == "better"
    assert verdicts(with_correct(right_places(5)), max_drop=1.0)["accuracy"] == "same"


def test_chance_is_told_beside_the_accuracy():
    judged = {item.metric: item for item in judge_figures(result(), with_correct(right_places(4)))}
    assert judged["accuracy"].reason == "4 examples lost, 0 won; chance alone loses as many with p = 0.062"
    assert judged["accuracy"].change == "-0.80 points"


@pytest.mark.parametrize("key", ["data_sha256", "metric", "examples"])
def test_accuracy_on_something_else_is_no_verdict(key):
    accuracy = result()["accuracy"]
    other = {"data_sha256": "0" * 64, "metric": "macro_f1", "examples": 7}[key]
    assert verdicts(result(accuracy={**accuracy, key: other}))["accuracy"] == "inconclusive"
    assert verdicts(result(accuracy=None))["accuracy"] == "inconclusive"


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "same"), (1.009, "same"), (1.02, "worse"), (0.98, "better")])
def test_instructions(factor, verdict):
    cost = result()["cost"]
    new = result(cost={**cost, "instructions": round(factor * cost["instructions"])})
    assert verdicts(new)["instructions"] == verdict


OTHERWISE = {"qemu-plugin": "callgrind", "callgrind": "qemu-plugin"}[result()["cost"]["tool"]]


@pytest.mark.parametrize("change", [{"tool": OTHERWISE}, {"tokens": 16}])
def test_instructions_counted_otherwise_are_no_verdict(change):
    assert verdicts(result(cost={**result()["cost"], **change}))["instructions"] == "inconclusive"
    assert verdicts(result(max_depth=1))["instructions"] == "inconclusive"


def counted(tool, cpu, architecture):
    environment = {**result()["environment"], "architecture": architecture}
    return result(cost={**result()["cost"], "tool": tool, "cpu": cpu}, environment=environment)


@pytest.mark.parametrize(
    ("tool", "architecture", "verdict"),
    [
        ("callgrind", "x86_64", "same"),
        ("callgrind", "aarch64", "inconclusive"),
        ("qemu-plugin", "x86_64", "inconclusive"),
    ],
)
def test_valgrind_shows_every_x86_processor_as_one(tool, architecture, verdict):
    old, new = (counted(tool, cpu, architecture) for cpu in ("AMD EPYC", "Intel(R) Xeon(R)"))
    assert verdicts(new, old)["instructions"] == verdict


def test_another_counter_is_named():
    cost = {**result()["cost"], "tool_version": "valgrind 3.22.0, ai-edge-litert 2.4.0"}
    judged = judge_figures(result(), result(cost=cost))[-1]
    assert (judged.metric, judged.verdict) == ("instructions", "same")
    assert judged.reason == f"counted by {cost['tool_version']}, before {result()['cost']['tool_version']}"


def test_why_nothing_was_counted_is_said():
    judged = judge_figures(result(), result(cost=None), uncounted="left out by --no-count")[-1]
    assert (judged.metric, judged.verdict, judged.reason) == (
        "instructions",
        "inconclusive",
        "left out by --no-count",
    )


# === Like with like ===


def test_times_can_be_compared_on_one_machine_alone():
    old = result()
    assert time_unlike(old, result(seed=1)) is None
    environment = old["environment"]
    for change in (
        {"environment": {**environment, "cpu_model": "Arm Cortex-A76"}},
        {"environment": {**environment, "board": "Raspberry Pi 5"}},
        {"runtime": "ai-edge-litert 2.2.0"},
        {"threads": 2},
        {"max_depth": 2},
        {"device": {"name": "pi", "kind": "ssh", "profile": "raspberry-pi-4"}},
    ):
        assert time_unlike(old, result(**change)).startswith("another "), change
    assert time_unlike(old, result(threads=2)) == "another threads: 2, before 1"


def test_what_a_result_does_not_say_is_no_likeness():
    """Nor do two that don't say it make a pair."""
    silent = result(environment={})
    with pytest.raises(DataError, match="must say its environment cpu_model; received none"):
        time_unlike(silent, silent)


def test_another_processor_leaves_bytes_memory_accuracy_and_instructions():
    other = result(environment={**result()["environment"], "cpu_model": "Arm Cortex-A76"})
    assert set(verdicts(other).values()) == {"same"}


EMULATED = {"name": "raspberry-pi-4", "kind": "qemu", "profile": "raspberry-pi-4"}


def test_an_emulators_memory_is_not_judged():
    old, doubled = result(device=EMULATED), with_memory(2.0)
    found = verdicts({**doubled, "device": EMULATED}, old)
    assert set(found) == {"file_bytes", "weight_copies", "accuracy", "instructions"}
    assert verdicts({**doubled, "device": EMULATED})["memory"] == "inconclusive"
    worse = round(1.02 * old["cost"]["instructions"])
    assert (
        verdicts(result(device=EMULATED, cost={**old["cost"], "instructions": worse}), old)["instructions"] == "worse"
    )


@pytest.mark.parametrize("budget", ["max_p90_ms", "max_rss_mb"])
def test_a_budget_of_an_emulators_time_or_memory_is_bad_use(budget):
    with pytest.raises(ConfigError, match=f"{budget} needs figures of a board itself; received 512"):
        hold(Budgets(**{budget: 512}), result(device=EMULATED), None)


# === Budgets ===


@pytest.mark.parametrize(
    ("budget", "limit", "passed"),
    [
        ("max_bytes", 10**9, True),
        ("max_bytes", 1000, False),
        ("max_p90_ms", 1e6, True),
        ("max_p90_ms", 0.001, False),
        ("max_rss_mb", 1e6, True),
        ("max_rss_mb", 1.0, False),
        ("min_accuracy", 0.5, True),
        ("min_accuracy", 0.99, False),
        ("max_drop", 1.0, True),
        ("max_drop", 0.9, False),
    ],
)
def test_budgets_are_hard(budget, limit, passed):
    (held,) = hold(Budgets(**{budget: limit}), with_correct(right_places(5)), result())
    assert (held.budget, held.limit, held.passed) == (budget, limit, passed)


def test_p90_is_the_mixes_or_the_slowest_length():
    new = result()
    (held,) = hold(Budgets(max_p90_ms=1.0), new, None)
    assert held.value == new["mix"]["p90_ms"]
    (held,) = hold(Budgets(max_p90_ms=1.0), result(mix=None), None)
    assert held.value == max(item["p90_ms"] for item in new["lengths"])


def test_a_budget_without_its_figure_is_bad_use():
    with pytest.raises(ConfigError, match="min_accuracy needs"):
        hold(Budgets(min_accuracy=0.5), result(accuracy=None), None)
    with pytest.raises(ConfigError, match="from 0 to 1; received 84"):
        Budgets(min_accuracy=84)
    with pytest.raises(ConfigError, match="max_bytes must be at least 0; received -1"):
        Budgets(max_bytes=-1)


# === All together ===


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([], "same"),
        (["same", "better"], "better"),
        (["better", "inconclusive"], "inconclusive"),
        (["inconclusive", "worse", "better"], "worse"),
    ],
)
def test_the_worst_verdict_is_the_whole_ones(found, verdict):
    assert overall([Judgement(f"m{place}", each, "ms") for place, each in enumerate(found)]) == verdict


def test_no_other_verdict_can_be_given():
    with pytest.raises(ValueError, match="received 'fine'"):
        Judgement("accuracy", "fine", "fraction")

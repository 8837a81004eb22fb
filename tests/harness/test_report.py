"""What a report computes itself: names, groups, fronts, intervals, bins; and what it refuses."""

import json
import random

import numpy as np
import pytest
from made_results import made_result

import albert_edge
from albert_edge.errors import ConfigError, DataError
from albert_edge.harness.report.changes import changes_of_gate, changes_since, overall
from albert_edge.harness.report.charts import memory_parts
from albert_edge.harness.report.figures import Figure, source, text_of
from albert_edge.harness.report.histograms import binned
from albert_edge.harness.report.series import groups_of, series_of, wilson
from albert_edge.harness.report.svg import Scale, scale_of, tick_text
from albert_edge.harness.report.verdict import mcnemar, verdict_of


def names(*results):
    return [each.name for each in series_of(results)]


def test_results_are_called_by_what_tells_them_apart():
    assert names(made_result("int4"), made_result("float32")) == ["int4", "float32"]
    assert names(made_result("int4", max_depth=3), made_result("int4", max_depth=None)) == ["int4, depth 3", "int4"]
    assert names(made_result("int4", threads=2), made_result("float32")) == ["int4", "float32"]
    board = {"name": "kitchen", "kind": "ssh", "profile": None}
    assert names(made_result(device=board), made_result()) == ["dynamic-range, kitchen", "dynamic-range"]


def test_equal_results_keep_equal_names():
    assert len(set(names(made_result(), made_result()))) == 1


def accurate(value: float, mean_ms: float, **changes):
    base = made_result(seed=round(value * 1000), **changes)
    return made_result(
        **changes,
        seed=round(value * 1000),
        accuracy={**base["accuracy"], "value": value},
        mix={**base["mix"], "mean_ms": mean_ms},
    )


def test_the_front_worked_by_hand():
    """b is beaten by a in both; c is slower and better; d has c's accuracy and takes longer; e equals a."""
    rows = {"a": (0.80, 2.0), "b": (0.79, 3.0), "c": (0.90, 5.0), "d": (0.90, 6.0), "e": (0.80, 2.0)}
    series = series_of([accurate(*row, file=f"{name}.tflite") for name, row in rows.items()])
    (group,) = groups_of(series)
    assert [each.number for each in group.front()] == [0, 4, 2]
    assert group.best().number == 2


def test_half_a_point_is_the_verdict_s_limit():
    series = series_of([accurate(0.900, 5.0, scheme="x"), accurate(0.895, 2.0), accurate(0.894, 1.0, scheme="y")])
    assert groups_of(series)[0].best().number == 1


def test_unlike_results_are_never_in_one_group():
    """Another processor, thread count, runtime or data file: one group each."""
    other_data = {**made_result()["accuracy"], "data_sha256": "f" * 64}
    results = [
        made_result(),
        made_result(threads=2),
        made_result(runtime="tflite-runtime 2.14.0"),
        made_result(environment={"cpu_model": "another"}),
        made_result(accuracy=other_data),
        made_result(accuracy=None),
        made_result("float32"),
    ]
    groups = groups_of(series_of(results))
    assert [[each.number for each in group.members] for group in groups] == [[0, 6], [1], [2], [3], [4]]


def test_a_machine_that_changed_gives_no_fastest_file():
    """The same workload took 1.5 times as long beside the second run; 1.05 times is nothing."""

    def verdict(*medians):
        workloads = [{"name": "w", "version": 1, "raw_ms": [median - 0.1, median, median + 1]} for median in medians]
        series = series_of(
            [
                made_result(str(number), number, reference_workload=each)
                for number, each in enumerate(workloads, start=1)
            ]
        )
        return verdict_of(series, groups_of(series), [])

    assert verdict(2.0, 2.1).status == "measured"
    changed = verdict(2.0, 3.0)
    assert (changed.status, "faster can’t be told" in changed.headline) == ("inconclusive", True)
    assert "1.50×" in changed.lines[0]


def test_without_one_mix_the_longest_common_length_counts():
    short = made_result()
    (group,) = groups_of(series_of([made_result("int4", mix=None), {**short, "lengths": short["lengths"][:2]}]))
    assert group.tokens == 64
    assert group.latency(group.members[0]).of == "/0/lengths/1/p50_ms"


@pytest.mark.parametrize(("right", "examples"), [(0, 7), (7, 7), (430, 500), (1, 1000)])
def test_wilson_is_scipy_s(right, examples):
    stats = pytest.importorskip("scipy.stats")
    interval = stats.binomtest(right, examples).proportion_ci(method="wilson")
    assert wilson(right, examples) == pytest.approx((interval.low, interval.high), abs=1e-12)


def test_mcnemar_is_the_binomial_test_on_the_pairs_that_differ():
    stats = pytest.importorskip("scipy.stats")
    draw = random.Random(3)
    a, b = ([int(draw.random() < share) for _ in range(300)] for share in (0.9, 0.8))
    only_a = sum(x > y for x, y in zip(a, b))
    only_b = sum(y > x for x, y in zip(a, b))
    found = mcnemar(Figure(a, "/0/x"), Figure(b, "/1/x"))
    assert found.value == pytest.approx(stats.binomtest(only_a, only_a + only_b).pvalue, rel=1e-9)
    assert mcnemar(Figure(a, "/0/x"), Figure(a, "/1/x")).value == 1
    assert mcnemar(Figure(a, "/0/x"), Figure(None, "/1/x")) is None


def test_bins_are_numpy_s():
    draw = random.Random(5)
    values = [draw.lognormvariate(0, 1) for _ in range(500)]
    counts, _ = np.histogram(values, bins=20, range=(min(values), 4.0))
    assert binned(values, min(values), 4.0, 20) == counts.tolist()


def test_memory_parts_add_up_to_the_process():
    (each,) = series_of([made_result()])
    parts = memory_parts(each)
    assert [kind for kind, *_ in parts] == ["bare", "packed", "activations", "rest"]
    assert sum(size.value for *_, size in parts) == pytest.approx(each.result.value["rss_mb"])


def test_parts_larger_than_the_measured_whole_are_not_drawn():
    """Two ways of counting: what they disagree about is no part of a bar."""
    (each,) = series_of([made_result(rss_above_runtime_mb=1.0)])
    assert [kind for kind, *_ in memory_parts(each)] == ["bare", "rest"]


def test_a_path_survives_slashes_and_a_missing_key_raises():
    root = source({"a/b": [{"c d": 1}], "none": None}, 0)
    assert root.at("a/b", 0, "c d") == Figure(1, "/0/a%2Fb/0/c%20d")
    assert root.at("none", "anything").value is None
    with pytest.raises(KeyError):
        root.at("misspelt")


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "ms", "–"),
        (12.345, "ms", "12.3 ms"),
        (0.01234, "ms", "0.0123 ms"),
        (1234.5, "ms", "1,234 ms"),
        (0.8766, "percent", "87.7 %"),
        (-0.0042, "points", "−0.4 points"),
        (12_034_567, "bytes_mb", "12.0 MB"),
        (1001, "", "1,001"),
        (0.75, "times", "0.750×"),
        ("macro_f1", "words", "macro f1"),
    ],
)
def test_numbers_as_text(value, unit, shown):
    assert text_of(value, unit) == shown


def test_scales_are_round_and_take_every_value():
    for values in ([1.0], [3.1, 44.0], [0.0], [0.853, 0.889]):
        scale = scale_of(values, 0, 100, from_zero=False)
        assert all(0 <= scale(value) <= 100 for value in values)
    assert Scale(1, 100, 0, 100, logarithmic=True)(10) == pytest.approx(50)
    assert scale_of([37.0], 0, 100).ticks() == [0, 10, 20, 30, 40]


def test_a_tick_s_label_is_its_value():
    for step in (0.25, 2.5, 0.02, 0.1, 5):
        assert [float(tick_text(number * step, step)) for number in range(5)] == pytest.approx(
            [number * step for number in range(5)]
        )


def test_an_emulated_board_s_times_and_memory_are_left_out():
    board = {"name": "raspberry-pi-4", "kind": "qemu", "profile": None}
    series = series_of([made_result(device=board), made_result("float32", 2)])
    emulated = series[0].result.value
    assert (emulated["load_ms"], emulated["rss_mb"], emulated["lengths"], emulated["mix"]) == (None, None, [], None)
    assert emulated["cost"] == made_result()["cost"]
    assert [[each.number for each in group.members] for group in groups_of(series)] == [[1]]
    found = verdict_of(series[:1], [], [])
    assert "MB" in found.headline
    assert any("emulator’s" in line for line in found.lines)
    assert not any("No data file" in line for line in found.lines)


def test_changes_are_the_gate_s():
    pytest.importorskip("scipy")
    old = made_result(seed=1)
    accuracy = {**old["accuracy"], "value": old["accuracy"]["value"] - 0.03}
    new = made_result(seed=1, accuracy=accuracy, file_bytes=old["file_bytes"] // 2)
    changes = changes_since(source(new, 0), old)
    verdicts = {change.title: change.verdict for change in changes}
    assert (verdicts["accuracy"], verdicts["file size"], verdicts["instructions"]) == ("worse", "better", "same")
    assert verdicts["median latency, 64 tokens"] is None
    assert overall(changes) == "worse"
    assert overall([]) == "measured"


def test_changes_of_what_the_gate_wrote():
    rows = [
        {"metric": "latency_16", "verdict": "worse", "unit": "ms", "before": 2.0, "after": 3.0, "reason": "slow"},
        {"metric": "accuracy", "verdict": "same", "unit": "fraction", "before": 0.8, "after": 0.81, "reason": ""},
    ]
    result = source(made_result(), 0)
    latency, accuracy = changes_of_gate({"sha256": result.value["sha256"], "metrics": rows}, result, "gate.json")
    assert (latency.title, latency.unit, latency.by.value, latency.before.of) == (
        *("latency, 16 tokens", "ms", 1.5),
        "/gate/metrics/0/before",
    )
    assert (accuracy.unit, accuracy.by_unit) == ("percent", "points")
    interval = {"low": 0.8, "ratio": 0.95, "high": 1.1}
    judged = {"sha256": result.value["sha256"], "metrics": [{**rows[0], "interval": interval}]}
    (latency,) = changes_of_gate(judged, result, "gate.json")
    assert (latency.by.value, latency.by.of) == (0.95, "/gate/metrics/0/interval/ratio"), "not 3 / 2: beside a workload"
    with pytest.raises(DataError, match="first result"):
        changes_of_gate({"sha256": "0" * 64, "metrics": rows}, result, "gate.json")


# === What is refused ===


def written(folder, *results):
    paths = [folder / f"{number}.json" for number in range(len(results))]
    for path, result in zip(paths, results):
        path.write_text(json.dumps(result), encoding="utf-8")
    return paths


def test_refusals(tmp_path):
    (path,) = written(tmp_path, made_result())
    out = tmp_path / "report.html"
    with pytest.raises(ConfigError, match="from 1 to 16 results; received 0"):
        albert_edge.report([], out)
    with pytest.raises(DataError, match=r"1.json"):
        albert_edge.report([path, tmp_path / "1.json"], out)
    (tmp_path / "foreign.json").write_text("{}")
    with pytest.raises(DataError, match=r"foreign.json"):
        albert_edge.report([tmp_path / "foreign.json"], out)
    assert not out.exists()
    out.write_text("mine")
    with pytest.raises(albert_edge.AlbertEdgeError, match="--overwrite"):
        albert_edge.report([path], out)
    assert out.read_text() == "mine"


def test_command(tmp_path, run_command):
    pytest.importorskip("jinja2")
    paths = written(tmp_path, made_result("float32", 1, 2.0), made_result("int4", 2))
    done = run_command("report", *map(str, paths), "--out", str(tmp_path / "report.html"), "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["status"], told["names"]) == ("measured", ["float32", "int4"])
    assert told["bytes"] == len((tmp_path / "report.html").read_bytes())
    assert set(told["fronts"][0]) <= {"float32", "int4"}


def test_an_emulated_board_beside_a_measured_one_has_no_empty_line(tmp_path):
    """An outline without a point is an error on the browser's console."""
    pytest.importorskip("jinja2")
    board = {"name": "raspberry-pi-4", "kind": "qemu", "profile": None}
    albert_edge.report(written(tmp_path, made_result(), made_result(device=board)), tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'd="M"' not in text
    assert "raspberry-pi-4" in text

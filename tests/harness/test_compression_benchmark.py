"""The benchmark of compression: rows that are kept, figures from raw values, verdicts."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from compression_runs import SMALL, cells

from albert_edge.errors import ConfigError
from albert_edge.harness.walks import in_turn
from albert_edge.text.packing import Packed
from benchmarks.compression import choice, distillation, exits, pruning, schemes
from benchmarks.compression.scores import agreement, points_lost, zipped_bytes
from benchmarks.compression.tables import points, table
from benchmarks.compression.work import DataSet, Plan, Rows, Work, data_sets
from benchmarks.timing import ratio


@pytest.fixture
def separable_set(separable) -> DataSet:
    return DataSet(
        "separable", separable / "train.tsv", separable / "dev.tsv", {}, tuning_epochs=1, few=separable / "train.tsv"
    )


# === What is kept ===


def test_a_row_is_measured_once(tmp_path):
    calls = []

    def measure() -> dict:
        calls.append(1)
        return {"values": (1, 2)}

    path = tmp_path / "part.json"
    first = Rows(path, {"a": 1}).once("row", measure)
    again = Rows(path, {"a": 1}).once("row", measure)
    assert first == again == {"values": [1, 2]}, "a fresh row is as JSON gives it back, too"
    assert len(calls) == 1
    stored = json.loads(path.read_text())
    assert stored["rows"] == {"row": first}
    assert stored["environment"]["threads"] == 1


def test_rows_of_another_plan_are_refused(tmp_path):
    path = tmp_path / "part.json"
    Rows(path, {"rounds": 3}).once("row", lambda: 1)
    with pytest.raises(ConfigError, match=r"of this plan and this data; received '.*part\.json'"):
        Rows(path, {"rounds": 4})


def test_rows_survive_a_measurement_that_fails(tmp_path):
    rows = Rows(tmp_path / "part.json", {})
    rows.once("first", lambda: 1)
    with pytest.raises(ZeroDivisionError):
        rows.once("second", lambda: 1 / 0)
    assert json.loads((tmp_path / "part.json").read_text())["rows"] == {"first": 1}


def test_what_is_there_is_not_made_again(tmp_path, separable_set):
    work = Work(tmp_path, {"separable": separable_set}, Plan(**SMALL))
    path = work.path("files", "a")
    made = [work.made(path, lambda: path.write_text("x")), work.made(path, lambda: pytest.fail("made again"))]
    assert made == [path, path]


def test_a_refused_conversion_is_a_result(tmp_path, separable_set, golden_folder):
    work = Work(tmp_path, {"separable": separable_set}, Plan(**SMALL))
    file, reason = work.file_or_reason(golden_folder, tmp_path / "a.tflite", scheme="int3")
    assert file is None
    assert "received 'int3'" in reason


def test_both_sets_get_one_header(tmp_path):
    for name, header in (("train", "label\tsentence"), ("dev", "label\tcontent")):
        (tmp_path / "sst2").mkdir(exist_ok=True)
        (tmp_path / "sst2" / f"{name}.tsv").write_text(f"{header}\n1\ta fine film\n")
    found = data_sets(tmp_path, tmp_path / "out")
    assert found["sst2"].dev.read_text() == found["sst2"].train.read_text() == "label\ttext\n1\ta fine film\n"
    assert found["ag_news"].train == tmp_path / "ag_news" / "train.tsv"


# === Figures ===


def score(labels: str, correct: int) -> dict:
    return {"labels": list(labels), "correct": correct, "rows": len(labels), "accuracy": correct / len(labels)}


def test_losses_are_counted_in_points():
    assert points_lost(score("aabb", 4), score("aaab", 3)) == 25
    assert points_lost(score("aabb", 2), score("aaab", 3)) == -25
    assert agreement(score("aabb", 4), score("aaab", 3)) == 0.75
    assert [points(value) for value in (0.234, -0.001, -0.5)] == ["0.23", "0.00", "-0.50"]


def test_ratios_are_medians_of_pairs():
    raw_ms = {"a": {"16": [1.0, 9.0, 2.0]}, "b": {"16": [2.0, 3.0, 2.0]}}
    assert ratio(raw_ms, "a", "b", 16) == 1.0


def test_zeros_zip_well(tmp_path):
    (tmp_path / "zeros").write_bytes(bytes(10_000))
    (tmp_path / "noise").write_bytes(bytes(i * i * 31 % 251 for i in range(10_000)))
    assert zipped_bytes(tmp_path / "zeros") < 200 < zipped_bytes(tmp_path / "noise")


def test_a_table_has_a_cell_a_column():
    text = table("Title", ("a", "b"), [{"b": 1}, {"a": "x", "b": None}])
    assert text == "### Title\n\n| a | b |\n| --- | --- |\n|  | 1 |\n| x |  |\n"
    with pytest.raises(KeyError, match="received c"):
        table("Title", ("a", "b"), [{"c": 1}])


def test_a_file_slower_than_float32_is_called_so():
    raw_ms = {"float32": {"16": [2.0], "64": [4.0]}, "int8": {"16": [1.0], "64": [5.0]}}
    assert schemes.timed(raw_ms, "int8")["remark"] == "slower than float32 at 64 tokens"
    assert "remark" not in schemes.timed(raw_ms, "float32")
    assert schemes.timed(raw_ms, "not converted") == {}


# === Exit against fixed depths ===

ROW = {
    "layers": 3,
    "depth_used": {"entropy": [1.0, 2.0]},
    "raw_ms": {"entropy": [[2.0], [4.0]], "depth 1": [[1.0]] * 2, "depth 2": [[2.5]] * 2, "depth 3": [[5.0]] * 2},
    "scores": {
        name: score("a" * 100, correct)
        for name, correct in (("entropy", 90), ("depth 1", 70), ("depth 2", 80), ("depth 3", 91))
    },
}


def test_the_exit_is_set_beside_depths_that_take_no_longer():
    assert exits.verdict(ROW, "entropy") == (
        "+10.0 points to depth 2, the best that takes no longer; +7.8 to a mix of two depths of equal time"
    )
    worse = {**ROW, "scores": {**ROW["scores"], "entropy": score("a" * 100, 75)}}
    assert exits.verdict(worse, "entropy").startswith("-5.0 points to depth 2")


def test_an_exit_before_every_depth_has_no_rival():
    fast = {**ROW, "raw_ms": {**ROW["raw_ms"], "entropy": [[0.5]] * 2}}
    assert exits.verdict(fast, "entropy") == "faster than every fixed depth"


def test_a_mix_of_depths_lies_between_them():
    fixed = [(1.0, 0.7), (3.0, 0.9)]
    assert exits.mixed_accuracy(fixed, 2.0) == pytest.approx(0.8)
    assert exits.mixed_accuracy(fixed, 1.0) == 0.7
    assert exits.mixed_accuracy(fixed, 0.5) is exits.mixed_accuracy(fixed, 3.0) is None


def test_lines_of_an_exit_follow_from_the_raw_values():
    first, *_, last = exits.lines_of(ROW)
    assert (first["mean depth"], first["mean ms"], first["of full depth"]) == ("1.50", "3.00", "0.60")
    assert (first["points lost"], last["points lost"], last["of full depth"]) == ("1.00", "0.00", "1.00")


def packed(tokens: int) -> Packed:
    import numpy as np

    ids = np.ones(tokens, np.int32)
    return Packed(ids, np.zeros_like(ids), None)


def test_runs_take_turns_text_by_text():
    """A text's first round isn't timed, and each round starts with another run."""
    calls: list[tuple[str, int]] = []
    runs = {name: (lambda each, name=name: calls.append((name, len(each.input_ids)))) for name in "ab"}
    raw_ms = in_turn(runs, [[packed(3)], [packed(5), packed(4)]], rounds=2)
    assert calls[:6] == [("a", 3), ("b", 3), ("b", 3), ("a", 3), ("a", 3), ("b", 3)]
    assert calls[6:10] == [("a", 5), ("a", 4), ("b", 5), ("b", 4)]
    assert len(calls) == 18
    assert {name: [len(rounds) for rounds in texts] for name, texts in raw_ms.items()} == {"a": [2, 2], "b": [2, 2]}


# === What optimize chooses ===


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, None),
        ({"lost": 0.6}, "loses 0.60 points, of 0.50 allowed"),
        ({"targets": ["tflite-runtime==2.14.0"]}, "is verified on tflite-runtime==2.14.0"),
        ({"row": {"allowed": False}}, "isn't allowed by the command's own table"),
        ({"row": {"failed": "crashed"}}, "isn't allowed by the command's own table"),
    ],
)
def test_a_choice_that_breaks_a_promise_shows(change, fault):
    row = {"name": "int8", "allowed": True, "failed": None, **change.pop("row", {})}
    found = {"report": {"chosen": "int8", "rows": [row]}, "lost": 0.5, "targets": ["litert==2.3.0"], **change}
    expected = "loses 0.50 points here, and is verified on litert==2.3.0" if fault is None else f"BROKEN: it {fault}"
    assert choice.verdict(found) == expected


def test_no_choice_is_an_answer():
    assert choice.verdict({"report": {"chosen": None}}) == "none was within the allowed drop"


# === Parts whose models answer as they are told to ===


def test_students_are_set_beside_their_teacher(tmp_path, separable_set, monkeypatch):
    answers = {"teacher": "aabb", "student-taught-1": "aaba", "student-taught-2": "aabb"}
    answers.update({"student-alone-1": "abab", "student-alone-2": "aaaa"})
    work = Work(
        tmp_path, {"separable": separable_set}, Plan(**{**SMALL, "seeds": (1, 2)}), {"separable": tmp_path / "teacher"}
    )
    asked = {}
    monkeypatch.setattr(work, "train", lambda _, name, **options: asked.setdefault(name, options) and tmp_path / name)
    monkeypatch.setattr(distillation, "scored", lambda path, _: score(answers[path.name], 3))
    rows = cells(distillation.measure(work))
    means = {row["student"]: row["as the teacher"] for row in rows if row["seed"] == "mean"}
    assert means == {"taught": "87.5 %", "alone": "50.0 %"}
    assert [(options["seed"], "teacher" in options) for options in asked.values()] == [
        (1, True),
        (2, True),
        (1, False),
        (2, False),
    ]


def test_pruned_models_are_set_beside_the_unpruned_one(tmp_path, separable_set, monkeypatch):
    work = Work(tmp_path, {"separable": separable_set}, Plan(**SMALL))
    models = {pruning.UNPRUNED: tmp_path / "whole", "half": tmp_path / "half"}
    rows = {
        "whole": {"path": "whole", "model_bytes": 10**6, "zipped_bytes": 800, "keras": score("aabb", 4)},
        "half": {"path": "half", "model_bytes": 6 * 10**5, "zipped_bytes": 400, "keras": score("aaba", 3)},
    }
    monkeypatch.setattr(pruning, "models", lambda *_: models)
    monkeypatch.setattr(
        pruning, "_described", lambda _, __, ___, model: {**rows[model.name], "score": rows[model.name]["keras"]}
    )
    monkeypatch.setattr(pruning, "latencies", lambda *_: {pruning.UNPRUNED: {"16": [4.0]}, "half": {"16": [2.0]}})
    row = cells(pruning.measure(work))[1]
    assert (row["points lost"], row["zip of unpruned's"], row["time of unpruned's"]) == ("25.00", "0.50", "0.50")

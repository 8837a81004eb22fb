"""Planning an exit and finding its threshold: by hand, on a small file without TensorFlow, and on a trained model."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "artifact"))

from small_models import EXIT_FILE, head_of, small_artifact

import albert_edge
from albert_edge.artifact import Exit, Head, read_artifact, write_artifact
from albert_edge.artifact.exits import NEVER
from albert_edge.errors import CheckFailedError, ConfigError, DataError
from albert_edge.runtime import open_session
from converters import exits
from converters.depths import confidences, depth_table, depths_at, record
from converters.exits import best_threshold, calibrated, check_exit, checked_drop, planned_exit
from converters.samples import sample_inputs

CLASSIFIER = head_of("text-classification")
TRAINED = head_of("text-classification", multi_exit=True)


# === Planning ===


@pytest.mark.parametrize(
    ("head", "layout", "activations", "wanted", "kind"),
    [
        (CLASSIFIER, "looped", None, "auto", None),
        (TRAINED, "looped", None, "auto", "entropy"),
        (TRAINED, "unrolled", None, "auto", None),
        (TRAINED, "looped", "int8", "auto", None),
        (head_of("token-classification", multi_exit=True), "looped", None, "auto", None),
        (TRAINED, "looped", None, "none", None),
        (CLASSIFIER, "looped", None, "patience", "patience"),
        (head_of("sentence-order"), "looped", None, "entropy", "entropy"),
    ],
)
def test_what_is_planned(head, layout, activations, wanted, kind):
    planned = planned_exit([head], layout, activations, wanted)
    assert planned == (None if kind is None else Exit(kind, NEVER))


def test_a_given_threshold_is_kept():
    assert planned_exit([CLASSIFIER], "looped", wanted="patience", threshold=0.4) == Exit("patience", 0.4)
    assert planned_exit([TRAINED], "looped", threshold=1) == Exit("entropy", 1.0)


@pytest.mark.parametrize(
    ("heads", "options", "reason"),
    [
        ([CLASSIFIER], {"wanted": "energy"}, "exit must be one of auto, entropy, patience, none; received 'energy'"),
        ([CLASSIFIER], {"threshold": 0.5}, "exit_threshold needs an exit: .* received '0.5' for a file without"),
        ([CLASSIFIER], {"data": "dev.tsv"}, "exit_data needs an exit: .* received 'dev.tsv' for a file without"),
        ([TRAINED], {"wanted": "none", "data": "dev.tsv"}, "exit_data needs an exit"),
        ([TRAINED], {"threshold": 0.5, "data": "dev.tsv"}, "exit_threshold must be left out where exit_data tells it"),
        ([TRAINED], {"threshold": 0.0}, "exit_threshold must be a finite number above 0"),
        ([CLASSIFIER], {"wanted": "entropy", "layout": "unrolled"}, "needs the looped layout; received unrolled"),
        ([CLASSIFIER], {"wanted": "entropy", "activations": "int16"}, "needs float32 activations; received int16"),
        ([head_of("question-answering")], {"wanted": "patience"}, "needs one head, .* received question-answering"),
        ([CLASSIFIER, head_of("token-classification")], {"wanted": "entropy"}, "an exit needs one head"),
    ],
)
def test_what_cannot_be_planned(heads, options, reason):
    with pytest.raises(ConfigError, match=reason):
        planned_exit(heads, **{"layout": "looped", **options})


# === Confidences, worked out by hand ===


def manifest_of(**changes):
    artifact = small_artifact(EXIT_FILE)
    head = Head("text-classification", artifact.config.replace(labels=("a", "b"), **changes))
    return dataclasses.replace(artifact.manifest, config=head.config.to_dict(), labels=("a", "b"))


def test_entropy_by_hand():
    # Even odds know nothing; 3 to 1 is H = 0.811278 bits; 1 to 0 is certain.
    logits = np.array([[[0, 0], [np.log(3), 0], [200, 0]]], np.float32)
    found = confidences(manifest_of(), Exit("entropy"), logits)
    np.testing.assert_allclose(found, [[0, 1 - 0.8112781, 1]], atol=1e-6)
    assert found.dtype == np.float32
    # Each label by itself: the mean of 1 - H(3/4), and of even odds.
    several = confidences(
        manifest_of(problem_type="multi_label_classification"),
        Exit("entropy"),
        np.array([[[np.log(3), 0]]], np.float32),
    )
    np.testing.assert_allclose(several, [[(1 - 0.8112781) / 2]], atol=1e-6)


def test_patience_by_hand():
    logits = np.array([[[1, 0], [2, 0], [0, 1], [0, 3], [0, 2]], [[0, 1]] * 5], np.float32)
    found = confidences(manifest_of(), Exit("patience"), logits)
    np.testing.assert_array_equal(found, np.array([[1, 2, 1, 2, 3], [1, 2, 3, 4, 5]], np.float32) / np.float32(5))
    assert [depths_at(found, count / 5).tolist() for count in (1, 2, 3, 4, 5)] == [
        [1, 1],
        [2, 2],
        [5, 3],
        [5, 4],
        [5, 5],
    ]
    # Scores of 0.5 and above are labels: {a, b} twice, then {b}.
    manifest = manifest_of(problem_type="multi_label_classification")
    several = confidences(manifest, Exit("patience"), np.array([[[1, 0], [9, 2], [-1, 2]]], np.float32))
    np.testing.assert_array_equal(several, np.array([[1, 2, 1]], np.float32) / np.float32(3))


# === Choosing ===


class Scores:
    """A `Recording` whose score is the share of texts that stop behind the layer that they need."""

    def __init__(self, needed):
        self.needed = np.array(needed)
        self.full_depths = np.full(len(needed), 3)

    def score(self, depths):
        return float((depths >= self.needed).mean())


SURENESS = np.array([[0.9, 0.95, 1], [0.7, 0.8, 1], [0.5, 0.9, 1], [0.2, 0.3, 1]], np.float32)


@pytest.mark.parametrize(
    ("needed", "max_drop", "low", "high"),
    [
        ([1, 1, 1, 1], 0, 0, 0.2),
        ([1, 1, 2, 3], 0, 0.5, 0.7),
        ([1, 1, 2, 3], 25, 0.3, 0.5),
        ([3, 3, 3, 3], 0, 1.5, 2.1),
        ([3, 3, 3, 3], 100, 0, 0.2),
    ],
)
def test_the_smallest_mean_depth_within_the_drop(needed, max_drop, low, high):
    found = best_threshold(Scores(needed), SURENESS, "entropy", max_drop)
    assert low < found <= high


def test_of_patience_the_thresholds_are_counts():
    counts = np.array([[1, 2, 3], [1, 1, 2]], np.float32) / np.float32(3)
    assert best_threshold(Scores([2, 2]), counts, "patience", 0) == np.float32(2 / 3)
    assert best_threshold(Scores([3, 3]), counts, "patience", 0) == NEVER


def test_many_confidences_are_tried_evenly(monkeypatch):
    monkeypatch.setattr(exits, "MAX_CANDIDATES", 3)
    found = list(exits._candidates(SURENESS, "entropy"))
    assert len(found) == 3
    assert found == sorted(found)


# === On a small file, through the device's code ===


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Texts with what the small file answers at full depth as labels, one of them longer than a window."""
    artifact = small_artifact()
    path = tmp_path_factory.mktemp("data") / "dev.tsv"
    texts = [f"{first} and {second} words" for first in ("some", "many", "few") for second in ("red", "old", "2", "x")]
    texts.append("a long text that goes on and on " * 20)
    write_artifact(path.with_suffix(".tflite"), artifact)
    with albert_edge.load(path.with_suffix(".tflite")) as predictor:
        rows = [f"{text}\t{predictor.predict(text).label}" for text in texts]
    path.write_text("\n".join(["text\tlabel", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.slow
def test_the_threshold_keeps_what_was_allowed(data):
    artifact = small_artifact(EXIT_FILE)
    found = calibrated(artifact, data, None, 100)
    figures = found.calibration
    # Everything may be lost: every window stops after the first layer.
    assert (figures["rows"], figures["metric"], figures["full"], figures["mean_depth"]) == (13, "accuracy", 1.0, 1.0)
    assert figures["windows"] > 13
    assert figures["depths"] == [figures["windows"], 0, 0]
    strict = calibrated(artifact, data, None, 0)
    assert strict.calibration["with_exit"] == 1.0
    assert strict.threshold > found.threshold
    assert sum(strict.calibration["depths"]) == figures["windows"]


@pytest.mark.slow
def test_a_graph_that_stops_elsewhere_is_found_out(data):
    """An entropy graph under a manifest that says patience: its signature is the same."""
    artifact = small_artifact(EXIT_FILE, exit=Exit("patience"))
    with pytest.raises(CheckFailedError, match=r"with exit_threshold .* must stop after layer .*; received"):
        calibrated(artifact, data, None, 100)


@pytest.mark.slow
def test_a_graph_with_other_logits_at_its_exit_is_found_out(data, monkeypatch):
    artifact = small_artifact(EXIT_FILE)
    real = exits.run_packed

    def shifted(*arguments):
        outputs = real(*arguments)
        return {task: {**each, "logits": each["logits"] + 0.01} for task, each in outputs.items()}

    monkeypatch.setattr(exits, "run_packed", shifted)
    with pytest.raises(CheckFailedError, match=r"must have that layer's logits, as max_depth gives them"):
        calibrated(artifact, data, None, 100)


@pytest.mark.slow
def test_every_graph_with_an_exit_is_checked_on_random_ids():
    artifact = small_artifact(EXIT_FILE)
    samples = sample_inputs(artifact.config, artifact.tokenizer(), artifact.manifest.lengths.maximum)
    check_exit(artifact, samples)
    with pytest.raises(CheckFailedError, match=r"with exit_threshold .* must stop after layer .*; received"):
        check_exit(small_artifact(EXIT_FILE, exit=Exit("patience")), samples)


@pytest.mark.parametrize("drop", [-1, float("nan"), float("inf"), "1", True])
def test_a_drop_is_a_number_of_points(data, drop):
    with pytest.raises(ConfigError, match="exit_max_drop must be a number of points, at least 0"):
        calibrated(small_artifact(EXIT_FILE), data, None, drop)


def test_a_drop_needs_data_and_has_a_default(data):
    assert checked_drop(None, None) == checked_drop(None, data) == 0.5
    assert checked_drop(0, data) == 0
    with pytest.raises(ConfigError, match="exit_max_drop needs exit_data to be measured on; received 3 alone"):
        checked_drop(3, None)


@pytest.mark.slow
def test_what_cannot_be_calibrated(data, tmp_path):
    with pytest.raises(ConfigError, match="a calibration needs a file with an exit"):
        calibrated(small_artifact(), data, None, 1)
    (tmp_path / "dev.tsv").write_text("text\tlabel\none\tLABEL_0\ntwo\tLABEL_9\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"dev\.tsv:3: "):
        calibrated(small_artifact(EXIT_FILE), tmp_path / "dev.tsv", None, 1)


def test_a_recording_needs_one_answer_a_text(data):
    tagger = small_artifact("looped_tag")
    with open_session(tagger) as session, pytest.raises(ConfigError, match="answers at every depth need a looped file"):
        record(session, tagger, data)


def test_each_fixed_depth_is_scored(data):
    table = depth_table(data.with_suffix(".tflite"), data)
    assert [row["max_depth"] for row in table] == [1, 2, 3]
    assert (table[-1]["accuracy"], table[-1]["time_share"]) == (1.0, 1.0)
    for row in table:
        scored = albert_edge.evaluate(data.with_suffix(".tflite"), data, max_depth=row["max_depth"])
        assert row["accuracy"] == scored["accuracy"]


# === The conversion ===


@pytest.mark.slow
def test_a_conversion_with_exit_data(trained_folder: Path, separable: Path, tmp_path: Path):
    path = tmp_path / "model.tflite"
    report = albert_edge.convert(trained_folder, path, exit="entropy", exit_data=separable / "dev.tsv", exit_max_drop=2)
    found = report["exit"]["calibration"]
    assert read_artifact(path).manifest.exit.to_dict() == report["exit"]
    assert found["with_exit"] >= found["full"] - 0.02
    own = albert_edge.evaluate(path, separable / "dev.tsv")
    assert (own["accuracy"], own["mean_depth"]) == (found["with_exit"], found["mean_depth"])
    full = albert_edge.evaluate(path, separable / "dev.tsv", exit_threshold=NEVER)
    assert (full["accuracy"], full["mean_depth"]) == (found["full"], 2.0)

"""What `bench` says of a data file: the metric as `evaluate` has it, which example was right, how two files agree."""

import dataclasses
import hashlib
import json
import math

import numpy as np
import pytest
from small_models import TASK_FILES, small_artifact

import albert_edge
from albert_edge.artifact import write_artifact
from albert_edge.errors import AlbertEdgeError, ConfigError, DataError
from albert_edge.harness import bench as bench_module
from albert_edge.harness.accuracy import FIRST_METRICS, IN_PERCENT, first_metric, measure_accuracy
from albert_edge.harness.agreement import compare_logits, measure_agreement
from albert_edge.harness.evaluations.base import DataFile
from albert_edge.harness.presets import PRESETS
from albert_edge.harness.runners import open_runner
from albert_edge.harness.setting import Setting
from albert_edge.harness.startup import Startup
from albert_edge.tasks import TASKS, task_named
from albert_edge.text.tables import Columns


@pytest.fixture
def unmeasured(monkeypatch):
    """Without the fresh processes, which have tests of their own."""
    known = Startup(64, (9.0,), (40.0,), (60.0,), (40.0,))
    weights = {"unique_bytes": 1, "packed_bytes": None, "copies": None, "activation_bytes": None, "how": "not at all"}
    monkeypatch.setattr(bench_module, "measure_startup", lambda *_: known)
    monkeypatch.setattr(bench_module, "measure_allocation", lambda *_: weights)


# === bench ===


def test_data_gives_mix_and_accuracy(topics, unmeasured):
    path, data = topics / "topics.tflite", topics / "dev.tsv"
    result = albert_edge.bench(path, lengths=(8,), runs=3, data=data, limit=50, reference=path)
    scored = albert_edge.evaluate(path, data, limit=50)
    accuracy, digest = result["accuracy"], hashlib.sha256(data.read_bytes()).hexdigest()
    assert accuracy["report"].items() <= scored.items()
    assert (accuracy["metric"], accuracy["value"], accuracy["examples"]) == ("accuracy", scored["accuracy"], 50)
    assert accuracy["confusion"] == {"labels": scored["labels"], "matrix": scored["confusion_matrix"]}
    assert (accuracy["data"], accuracy["data_sha256"]) == ("dev.tsv", digest)
    assert (result["mix"]["texts"], result["mix"]["data_sha256"]) == (50, digest)
    assert result["agreement"]["top1_agreement"] == 1
    assert result["agreement"]["max_abs_difference"] == result["agreement"]["kl"] == 0
    assert result["agreement"]["reference_sha256"] == result["sha256"]


def test_the_preset_runs_the_mix_as_its_rules_say(topics, unmeasured, monkeypatch):
    """The rules with a tenth of their seconds, so that it takes as many queries as they ask for."""
    rules = dataclasses.replace(PRESETS["mlperf"], seconds=0.1)
    monkeypatch.setitem(PRESETS, "mlperf", rules)
    options = {"data": topics / "dev.tsv", "limit": 40, "preset": "mlperf", "seconds": 0.01}
    result = albert_edge.bench(topics / "topics.tflite", lengths=(8,), **options)
    mix = result["mix"]
    assert result["preset"] == "mlperf"
    assert len(mix["raw_ms"]) >= rules.queries == 1024
    assert sum(mix["raw_ms"]) >= 100
    assert mix["p90_ms"] == sorted(mix["raw_ms"])[math.ceil(0.9 * len(mix["raw_ms"])) - 1]
    assert result["lengths"][0]["runs"] < 1024


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": "none.tsv"}, "the file must be readable; received .*none.tsv"),
        ({"columns": Columns(label="tag")}, "the column 'tag' must exist"),
        ({"reference": "none.tflite"}, "none.tflite: the file must be readable"),
        ({"reference": "five_labels"}, "reference must have the file's labels"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_measured(topics, looped_file, monkeypatch, options, message):
    monkeypatch.setattr(bench_module, "measure_latency", lambda *_, **__: pytest.fail("measured"))
    if options.get("reference") == "five_labels":
        options = {"reference": looped_file}
    with pytest.raises(AlbertEdgeError, match=message):
        albert_edge.bench(topics / "topics.tflite", lengths=(8,), **{"data": topics / "dev.tsv", **options})


def test_right_examples_stand_in_the_file_s_order(topics, tmp_path):
    """Against the predictions that `evaluate` writes, row by row."""
    path, data = topics / "topics.tflite", topics / "dev.tsv"
    albert_edge.evaluate(path, data, limit=50, predictions=tmp_path / "p.jsonl")
    predicted = [json.loads(line)["label"] for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    labels = [line.split("\t")[1] for line in data.read_text().splitlines()[1:51]]
    with open_runner(path) as runner:
        correct = measure_accuracy(runner, DataFile(data, limit=50))["correct"]
    assert correct == [int(a == b) for a, b in zip(predicted, labels)]
    assert 0 < sum(correct) < 50


def test_threads_take_turns(topics, unmeasured, monkeypatch):
    opened = []
    real = bench_module.open_session
    monkeypatch.setattr(bench_module, "open_session", lambda *given: opened.append(given[1:]) or real(*given))
    result = albert_edge.bench(topics / "topics.tflite", lengths=(8, 16), runs=4, threads=(2, 1))
    assert result["threads"] == result["environment"]["threads"] == 2
    rows = result["thread_scaling"]
    assert [(row["threads"], row["tokens"]) for row in rows] == [(2, 8), (1, 8), (2, 16), (1, 16)]
    assert {row["runs"] for row in rows} == {4}
    package = result["runtime"].split()[0].replace("-", "_")
    assert opened == [(2, package), (1, package)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"minimum": 30, "runs": 7, "seconds": 2.0}),
        ({"preset": bench_module.preset_named("mlperf"), "runs": None}, {"minimum": 1024, "seconds": 60.0}),
        (
            {"preset": bench_module.preset_named("mlperf"), "runs": None, "data": DataFile("d.tsv")},
            {"minimum": 30, "runs": None, "seconds": 2.0},
        ),
    ],
)
def test_the_preset_is_for_the_mix_or_else_for_each_length(options, expected):
    given = dict.fromkeys(("runtime", "max_depth", "exit_threshold", "data", "reference", "preset"))
    setting = Setting(
        **{**given, "path": "m", "lengths": (8,), "threads": (1,), "runs": 7, "seconds": 2.0, **options},
        sustained_minutes=None,
    )
    assert setting.repeats == expected


# === The task's metric ===


def test_metrics_are_those_that_training_chooses_by():
    """The device's side can't read the recipes of training, so it has a table; this holds the two together."""
    from albert_edge.training.recipes import RECIPES

    for task in TASKS:
        recipe = RECIPES[task.name]
        assert set(FIRST_METRICS[task.alias]) == {names[0] for names in recipe.scores.values()}
        assert (task.alias in IN_PERCENT) == recipe.in_percent


def test_the_metric_is_the_first_that_there_is():
    assert first_metric("classify", {"micro_f1": 0.4, "macro_f1": 0.5}) == "micro_f1"
    assert first_metric("embed", {"pearson": 0.1, "spearman": 0.2}) == "spearman"
    with pytest.raises(DataError, match="the data must define the metric of classify; received examples"):
        first_metric("classify", {"pearson": None})


DATA = {
    "token-classification": (".conll", "the B-LOC\nof O\n\na O\nthe O\n"),
    "question-answering": (
        ".jsonl",
        json.dumps({"question": "the of?", "passage": "of a the 1.", "answers": [{"text": "a", "start": 3}]}) + "\n",
    ),
    "feature-extraction": (".tsv", "text\ttext_pair\nthe of\tof the\na\tthe 1\n"),
    "fill-mask": (".tsv", "text\tlabel\nthe [MASK] of\ta\nof [MASK]\tthe\n"),
    "sentence-order": (".tsv", "text\ttext_pair\tlabel\nthe of\ta\tin_order\na\tof 1\tswapped\n"),
}


@pytest.fixture(scope="module")
def task_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tasks")
    paths = {name: folder / f"{name}.tflite" for name in TASK_FILES if name.startswith("looped") and "_" in name}
    for name, path in paths.items():
        write_artifact(path, small_artifact(name))
    return paths


@pytest.mark.parametrize("task", DATA)
def test_each_task_has_accuracy_and_agreement(task, task_files, tmp_path):
    path = task_files[f"looped_{task_named(task).alias}"]
    ending, text = DATA[task]
    data = tmp_path / f"data{ending}"
    data.write_text(text, encoding="utf-8")
    with open_runner(path) as runner:
        accuracy = measure_accuracy(runner, DataFile(data))
        agreement = measure_agreement(runner, path, DataFile(data))
    report = albert_edge.evaluate(path, data)
    assert accuracy["metric"] in FIRST_METRICS[task_named(task).alias]
    assert accuracy["value"] == report[accuracy["metric"]] / (100 if task == "question-answering" else 1)
    if accuracy["correct"] is not None:
        assert np.mean(accuracy["correct"]) == accuracy["value"]
    assert (accuracy["correct"] is None) == (task not in ("fill-mask", "sentence-order"))
    assert agreement["max_abs_difference"] == 0
    is_choice = task != "feature-extraction"
    assert (agreement["top1_agreement"], agreement["kl"]) == ((1, 0) if is_choice else (None, None))


# === Agreement ===


def test_agreement_is_that_of_all_logits_at_once(looped_file, separable, tmp_path):
    """One layer against all three, text by text, and the same rows in one call."""
    data = DataFile(tmp_path / "labelled.tsv", limit=12)
    rows = [line.split("\t")[0] for line in (separable / "dev.tsv").read_text().splitlines()[1:]]
    data.path.write_text("text\tlabel\n" + "".join(f"{row}\tLABEL_0\n" for row in rows), encoding="utf-8")
    with open_runner(looped_file, max_depth=1) as runner, open_runner(looped_file) as other:
        found = measure_agreement(runner, looped_file, data)
        logits = [
            np.stack([each.outputs(each.pipeline.inputs(request))[0]["logits"] for request in requests])
            for each, requests in ((side, [_request(row) for row in rows[:12]]) for side in (other, runner))
        ]
    expected = compare_logits(*logits)
    assert found["examples"] == 12
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert found["max_abs_difference"] > 0


def _request(text):
    from albert_edge.pipelines.base import TextRequest

    return TextRequest(text)


def test_a_reference_with_other_labels_is_refused(topics, looped_file):
    with (
        open_runner(topics / "topics.tflite") as runner,
        pytest.raises(ConfigError, match="reference must have the file's labels"),
    ):
        measure_agreement(runner, looped_file, DataFile(topics / "dev.tsv", limit=3))


def test_a_folder_is_no_reference(topics, tmp_path):
    with (
        open_runner(topics / "topics.tflite") as runner,
        pytest.raises(ConfigError, match=r"must be a \.tflite; received the folder .* `verify`"),
    ):
        measure_agreement(runner, tmp_path, DataFile(topics / "dev.tsv"))

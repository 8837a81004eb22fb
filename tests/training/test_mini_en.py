"""The model of English in examples/mini_en: its size, that it knows English, and that its card equals its record."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from small_sets import write_sets

import albert_edge
from albert_edge.cli import cli
from albert_edge.text.tables import read_examples
from albert_edge.training.pretraining.settings import PretrainingSettings
from converters.demo import MINI_EN

WEIGHTS, FIRST_RECORD, RECORD = "model.safetensors", "pretraining.json", "training.json"
"""The records of the pretraining, and of the adaptation that ended it."""
MOST_BYTES = 12_000_000


@pytest.fixture(scope="module")
def record():
    return json.loads((MINI_EN / RECORD).read_text(encoding="utf-8"))


def test_it_is_small_and_stored_in_halves():
    assert sum(path.stat().st_size for path in MINI_EN.iterdir()) <= MOST_BYTES
    assert {values.dtype for values in load_file(MINI_EN / WEIGHTS).values()} == {np.dtype(np.float16)}


def test_its_records_name_no_place_of_the_machine_that_trained_it():
    for path in MINI_EN.glob("*.json"):
        assert not re.search(r'"(/|[A-Z]:\\)', path.read_text(encoding="utf-8")), path


# === The card ===


def test_the_card_has_the_records_figures(record):
    card = (MINI_EN / "README.md").read_text(encoding="utf-8")
    for name, scores in record["held_out"].items():
        row = [f"{100 * scores[key]:.1f} %" for key in ("accuracy", "accuracy_of_pieces", "order_accuracy")]
        assert re.search(rf"\| {name}[^|]*\| " + re.escape(" | ".join(row)) + r" \|", card), (name, row)
    first = json.loads((MINI_EN / FIRST_RECORD).read_text(encoding="utf-8"))
    for figure in ("steps", "tokens", "parameters"):
        assert {f"{first[figure]:,}", f"{record[figure]:,}"} <= set(re.findall(r"[\d,]*\d", card)), figure


@pytest.mark.parametrize(("name", "file"), [("pretrain", FIRST_RECORD), ("adapt", RECORD)])
def test_the_commands_that_make_it_are_those_that_made_it(name, file):
    request = json.loads((MINI_EN / file).read_text(encoding="utf-8"))["request"]
    makefile = (MINI_EN.parents[2] / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    (line,) = re.findall(rf"albert-edge ({name} .*)", makefile)
    context = cli.make_context("albert-edge", line.split())
    given = cli.get_command(context, name).make_context(name, line.split()[1:]).params
    names = {field.name for field in dataclasses.fields(PretrainingSettings)}
    settings = PretrainingSettings(**{name: given[name] for name in names & set(given) if given[name] is not None})
    asked = {**settings.to_dict(), **{name: given[name] for name in ("size", "layers") if name in given}}
    assert asked == {name: request[name] for name in asked}


# === What it knows ===


@pytest.fixture(scope="module")
def sentences(topics, tmp_path_factory) -> Path:
    """The topics' test sentences, a text a line: written for this project, so that no model has read them."""
    path = tmp_path_factory.mktemp("sentences") / "sentences.txt"
    path.write_text("".join(each.text + "\n" for each in read_examples(topics / "test.tsv")), encoding="utf-8")
    return path


def right_about_masks(folder: Path, sentences: Path) -> float:
    return albert_edge.evaluate(folder, sentences, task="fill-mask")["accuracy"]


@pytest.mark.slow
def test_it_fills_masks_in_todays_english(sentences):
    assert right_about_masks(MINI_EN, sentences) > 0.16


@pytest.mark.slow
def test_the_cards_file_fills_masks_too(sentences, tmp_path):
    albert_edge.convert(MINI_EN, tmp_path / "fill.tflite", task="fill-mask", targets=["litert"])
    assert right_about_masks(tmp_path / "fill.tflite", sentences) > 0.16
    (found,) = albert_edge.predict(tmp_path / "fill.tflite", ["The ship sailed across the [MASK]."])
    assert "▁sea" in [candidate.piece for candidate in found.masks[0]]


@pytest.mark.slow
@pytest.mark.parametrize("damaged", ["word_embeddings.weight", "attention.query.weight"])
def test_damaged_weights_fill_none(sentences, tmp_path, damaged):
    folder = tmp_path / "damaged"
    shutil.copytree(MINI_EN, folder)
    tensors = load_file(folder / WEIGHTS)
    (name,) = (each for each in tensors if each.endswith(damaged))
    tensors[name] = np.random.default_rng(1).permutation(tensors[name])
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    assert right_about_masks(folder, sentences) < 0.1


@pytest.mark.slow
def test_a_few_examples_are_enough_for_it(topics, tmp_path):
    """40 sentences of each of three topics: from random weights the same training ends at chance, 0.33."""
    files = [few(topics / f"{part}.tsv", tmp_path / f"{part}.tsv") for part in ("train", "test")]
    settings = {"epochs": 8, "learning_rate": 5e-4, "dropout": 0.2, "batch_size": 16, "seed": 1, "max_length": 24}
    report = albert_edge.train("text-classification", *files, tmp_path / "out", from_=MINI_EN, **settings)
    assert report["dev"]["accuracy"] > 0.5


# Kind -> task, epochs, the score that is to be reached from a few rows, how high it must be, and whether nothing of the
# head is new.
TASKS = {
    "tagging": ("tag", 4, "f1", 0.7, False),
    "answering": ("answer", 10, "f1", 50, False),
    "ranking": ("embed", 2, "recall_at_10", 0.8, True),
    "filling": ("fill", 8, "accuracy_at_5", 0.8, True),
    "order": ("order", 9, "accuracy", 0.9, True),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TASKS)
def test_each_task_starts_from_it(kind, tmp_path):
    task, epochs, score, least, is_whole = TASKS[kind]
    settings = {"epochs": epochs, "learning_rate": 5e-4, "batch_size": 16, "seed": 1, "max_length": 48}
    files = write_sets(tmp_path, kind, rows=(96, 48))
    report = albert_edge.train(task, *files, tmp_path / "model", from_=MINI_EN, **settings)
    assert (report["new_head"] == []) == is_whole
    assert report["dev"][score] >= least


def few(source: Path, target: Path) -> Path:
    """The first 40 rows of each of three labels."""
    found = read_examples(source)
    chosen = [[row for row in found if row.label == label][:40] for label in ("finance", "sports", "travel")]
    lines = [f"{row.text}\t{row.label}" for each in chosen for row in each]
    target.write_text("\n".join(["text\tlabel", *lines]) + "\n", encoding="utf-8")
    return target

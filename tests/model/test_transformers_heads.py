"""A folder of every ALBERT class, as this project writes it, opened by Hugging Face's loaders."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from albert_edge.model.folder import read_checkpoint, read_folder, write_folder
from albert_edge.model.tensors import HEADS

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("transformers_heads_script.py")

SOURCES = {
    "text-classification": "sequence_classification",
    "token-classification": "token_classification",
    "question-answering": "question_answering",
    "fill-mask": "masked_lm",
    "pretraining": "pretraining",
    "feature-extraction": "pretraining",
    "sentence-order": "pretraining",
    "multiple-choice": "pretraining",
}
"""Task -> the golden folder that its tensors come from."""

OUTPUTS = {
    "text-classification": {"logits": "logits"},
    "token-classification": {"logits": "logits"},
    "question-answering": {"start_logits": "start_logits", "end_logits": "end_logits"},
    "fill-mask": {"logits": "logits"},
    "sentence-order": {"logits": "logits"},
}
"""Task -> our output and transformers' name for it."""


@pytest.fixture(scope="module")
def folders(golden, tmp_path_factory) -> dict[str, Path]:
    """A folder a task, written here; the head of multiple-choice is random."""
    written = {}
    for task, head in SOURCES.items():
        found = read_checkpoint(golden / "base_like" / head, task, new_head=task == "multiple-choice")
        written[task] = tmp_path_factory.mktemp(task) / "saved"
        write_folder(written[task], found.config, found.tensors, found.tokenizer, task=task)
    return written


@pytest.fixture(scope="module")
def opened(transformers_python, folders, golden) -> dict[str, dict]:
    """What transformers makes of each folder."""
    inputs = golden / "base_like" / "pretraining" / "expected.npz"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    command = [transformers_python, str(SCRIPT), str(inputs), *map(str, folders.values())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    return {task: seen[str(folder)] for task, folder in folders.items()}


@pytest.mark.parametrize("task", SOURCES)
def test_every_class_opens_with_nothing_missing(opened, task):
    classes = {head.task: head.architecture for head in HEADS}
    assert opened[task]["class"] == classes[task]
    assert opened[task]["missing"] == opened[task]["unexpected"] == []


def test_every_head_is_tried():
    assert set(SOURCES) == {head.task for head in HEADS}


@pytest.mark.parametrize("task", OUTPUTS)
def test_transformers_gives_what_keras_gives(opened, folders, golden, task):
    inputs = np.load(golden / "base_like" / "pretraining" / "expected.npz")
    model = read_folder(folders[task], task).model
    named = model(inputs["input_ids"], inputs["attention_mask"], inputs["token_type_ids"]).named
    for ours, theirs in OUTPUTS[task].items():
        np.testing.assert_allclose(named[ours], opened[task]["outputs"][theirs], rtol=0, atol=1e-5)


def test_embeddings_are_the_mean_of_transformers_states(opened, folders, golden):
    """As sentence-transformers pools: the states of real tokens, summed over the mask, then length 1."""
    inputs = np.load(golden / "base_like" / "pretraining" / "expected.npz")
    states, mask = np.array(opened["feature-extraction"]["outputs"]["last_hidden_state"]), inputs["attention_mask"]
    means = (states * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    model = read_folder(folders["feature-extraction"]).model
    received = model(inputs["input_ids"], mask, inputs["token_type_ids"]).named["embedding"]
    np.testing.assert_allclose(received, expected, rtol=0, atol=1e-5)

"""What this project writes, opened by Hugging Face's own loaders in an environment of theirs."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from albert_edge.model.folder import read_checkpoint, read_folder, write_folder
from albert_edge.text.options import TokenizerOptions
from albert_edge.text.packing import pack
from albert_edge.text.tokenizer import SentencePieceTokenizer

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("transformers_script.py")

OPTIONS = {
    "base_like": TokenizerOptions(rules="huggingface"),
    "erf_two_labels": TokenizerOptions(lower_case=False, keep_accents=True, rules="huggingface"),
}
"""Checkpoint -> the options that it is saved with."""

TRANSPOSED = "albert.encoder.albert_layer_groups.0.albert_layers.0.attention.query.weight"

# Of the last, the rules `google` make other ids than transformers.
TEXTS = [
    ["Oil prices rise"],
    ["The old captain slept", "until dawn"],
    ["Caf\u00e9 WHALE"],
    ['re-introduce (9, x) "no."'],
]


@pytest.fixture(scope="module")
def folders(golden, tmp_path_factory) -> dict[str, Path]:
    """The golden checkpoints through Keras and back to folders, and one of them with a weight transposed."""
    from albert_edge.model.weights import state_dict

    saved = {}
    for name, options in OPTIONS.items():
        loaded = read_folder(golden / name / "sequence_classification")
        config = loaded.config.replace(labels=tuple(f"label {index}" for index in range(len(loaded.config.labels))))
        saved[name] = tmp_path_factory.mktemp(name) / "saved"
        tokenizer = SentencePieceTokenizer(loaded.tokenizer.model, options)
        write_folder(saved[name], config, state_dict(loaded.model), tokenizer)
    found = read_checkpoint(saved["base_like"])
    saved["damaged"] = tmp_path_factory.mktemp("damaged") / "saved"
    damaged = {**found.tensors, TRANSPOSED: found.tensors[TRANSPOSED].T}
    write_folder(saved["damaged"], found.config, damaged, found.tokenizer)
    return saved


def inputs_of(golden, name):
    return golden / ("base_like" if name == "damaged" else name) / "sequence_classification" / "expected.npz"


@pytest.fixture(scope="module")
def opened(transformers_python, folders, golden, tmp_path_factory) -> dict[str, dict]:
    """What transformers makes of each folder."""
    texts = tmp_path_factory.mktemp("texts") / "texts.json"
    texts.write_text(json.dumps(TEXTS), encoding="utf-8")
    requests = [f"{folder}={inputs_of(golden, name)}" for name, folder in folders.items()]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    command = [transformers_python, str(SCRIPT), str(texts), *requests]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    return {name: seen[str(folder)] for name, folder in folders.items()}


@pytest.mark.parametrize("name", OPTIONS)
def test_a_saved_folder_opens_with_equal_logits(opened, folders, golden, name):
    seen = opened[name]
    config = read_checkpoint(folders[name]).config
    assert seen["class"] == "AlbertForSequenceClassification"
    assert seen["missing"] == seen["unexpected"] == []
    assert seen["labels"] == list(config.labels)
    assert seen["dtype"] == "torch.float32"
    np.testing.assert_allclose(seen["logits"], np.load(inputs_of(golden, name))["logits"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", OPTIONS)
def test_the_tokenizer_opens_and_texts_get_equal_logits(opened, folders, name):
    from albert_edge.model.predictor import KerasPredictor

    seen = opened[name]
    predictor = KerasPredictor(folders[name])
    packed = [pack(predictor.tokenizer, *text) for text in TEXTS]
    assert seen["tokenizer"].startswith("AlbertTokenizer")
    assert seen["pieces"] == predictor.tokenizer.vocab_size
    assert seen["model_max_length"] == predictor.config.max_position_embeddings
    assert seen["ids"] == [text.input_ids.tolist() for text in packed]
    assert seen["segments"] == [text.token_type_ids.tolist() for text in packed]
    np.testing.assert_allclose(seen["text_logits"], predictor.logits(packed), rtol=0, atol=1e-5)


def test_the_options_make_a_difference_that_transformers_sees(opened):
    # Upper case and an accent: the two checkpoints share a vocabulary, so other ids mean other options.
    assert opened["base_like"]["ids"][2] != opened["erf_two_labels"]["ids"][2]


def test_the_comparison_notices_a_transposed_weight(opened, golden):
    expected = np.load(inputs_of(golden, "damaged"))["logits"]
    assert np.abs(np.array(opened["damaged"]["logits"]) - expected).max() > 1e-5

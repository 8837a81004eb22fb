"""The Keras model on many texts of many lengths."""

import sys
from pathlib import Path

import numpy as np
import pytest

from albert_edge.errors import DataError, FolderError, MissingPackageError
from albert_edge.model.folder import read_folder
from albert_edge.text.packing import Packed, pack

pytestmark = pytest.mark.slow

TEXTS = ["A whale.", "", "The sea was calm, and the old captain slept in his chair until dawn.", "Call me Ishmael."]


@pytest.fixture(scope="module")
def folder(golden) -> Path:
    return golden / "base_like" / "sequence_classification"


@pytest.fixture(scope="module")
def predictor(folder):
    from albert_edge.model.predictor import KerasPredictor

    return KerasPredictor(folder, batch_size=3)


def test_many_texts_answer_as_each_alone(predictor, folder):
    packed = [pack(predictor.tokenizer, text, max_length=64) for text in TEXTS * 3]
    packed.append(pack(predictor.tokenizer, TEXTS[0], TEXTS[2], max_length=64))
    assert len({len(text.input_ids) for text in packed}) > 3
    logits = predictor.logits(packed)
    assert logits.dtype == np.float32
    assert logits.shape == (13, 5)
    model = read_folder(folder).model
    for row, text in zip(logits, packed):
        alone = model(text.input_ids[None], None, text.token_type_ids[None]).logits[0]
        np.testing.assert_allclose(row, alone, rtol=0, atol=1e-5)
    # The order is the texts', not their lengths'.
    np.testing.assert_allclose(logits[:4], logits[4:8], rtol=0, atol=1e-6)
    assert np.abs(logits[0] - logits[2]).max() > 1e-2


def test_golden_texts_give_golden_logits(predictor, folder):
    expected = np.load(folder / "expected.npz")
    lengths = expected["attention_mask"].sum(axis=1)
    packed = [
        Packed(ids[:length], segments[:length])
        for ids, segments, length in zip(expected["input_ids"], expected["token_type_ids"], lengths)
    ]
    np.testing.assert_allclose(predictor.logits(packed), expected["logits"], rtol=0, atol=1e-5)


def test_batches_are_padded_to_their_own_longest():
    from albert_edge.model.predictor import pad

    ids = [np.array([2, 9, 3], np.int32), np.array([2, 7, 8, 9, 3], np.int32)]
    input_ids, mask, segments = pad([Packed(row, np.ones_like(row)) for row in ids], pad_token_id=6)
    assert input_ids.tolist() == [[2, 9, 3, 6, 6], [2, 7, 8, 9, 3]]
    assert mask.tolist() == segments.tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]
    assert input_ids.dtype == mask.dtype == segments.dtype == np.int32


def test_no_texts_give_no_logits(predictor):
    assert predictor.logits([]).shape == (0, 5)


@pytest.mark.parametrize("length", [0, 65])
def test_lengths_that_the_model_has_no_positions_for_are_refused(predictor, length):
    ids = np.full(length, 5, np.int32)
    good = pack(predictor.tokenizer, TEXTS[0])
    with pytest.raises(DataError, match=f"a packed text must have 1 to 64 tokens; received {length} in text 1"):
        predictor.logits([good, Packed(ids, np.zeros_like(ids))])


def test_a_missing_folder_is_refused(tmp_path):
    from albert_edge.model.predictor import KerasPredictor

    with pytest.raises(FolderError, match=r"a model must be a folder"):
        KerasPredictor(tmp_path / "none")


def test_without_tensorflow_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.delitem(sys.modules, "albert_edge.model.keras", raising=False)
    with pytest.raises(MissingPackageError, match=r"pip install 'albert-edge\[host\]'.*'tensorflow'"):
        import albert_edge.model.keras  # noqa: F401


def started(log_level):
    import os
    import subprocess

    code = (
        "from albert_edge.model.keras import keras, tf\n"
        "assert int(tf.constant(1) + 1) == 2\n"
        "assert keras.__version__.startswith('2.'), keras.__version__\n"
        "assert tf.keras.layers.Dense is keras.layers.Dense\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"} | log_level
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)


def test_tensorflow_starts_quietly_and_with_keras_2():
    done = started({})
    assert done.stdout == done.stderr == ""


def test_whoever_wants_to_sees_the_log():
    assert "cpu_feature_guard" in started({"TF_CPP_MIN_LOG_LEVEL": "0"}).stderr

"""Every head of the golden checkpoints against Hugging Face's outputs, and each task by an example worked by hand."""

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import DataError
from albert_edge.model.folder import read_folder
from albert_edge.model.initial import initial_tensors
from albert_edge.tasks import TASKS, task_named
from albert_edge.text.packing import Packed

pytestmark = pytest.mark.slow  # TensorFlow's start alone takes seconds.

CHECKPOINTS = ("base_like", "erf_two_labels")

HEADS = {
    "classify": ("sequence_classification", {"logits": "logits"}),
    "tag": ("token_classification", {"logits": "logits"}),
    "answer": ("question_answering", {"start_logits": "start_logits", "end_logits": "end_logits"}),
    "fill": ("masked_lm", {"logits": "logits"}),
    "order": ("pretraining", {"logits": "sop_logits"}),
    "fill of pretraining": ("pretraining", {"logits": "prediction_logits"}),
}
"""Task -> the golden folder, and our name of an output -> the recording's."""

SMALL = AlbertConfig(
    vocab_size=50,
    embedding_size=8,
    hidden_size=24,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=40,
    max_position_embeddings=16,
    labels=("a", "b", "c"),
    initializer_range=0.2,
)


def packed(*ids: int, masked: tuple[int, ...] = ()) -> Packed:
    return Packed(np.array(ids, np.int32), np.zeros(len(ids), np.int32), np.array(masked, np.int32) if masked else None)


def model_of(task: str, config: AlbertConfig = SMALL):
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict

    model = build_model(config, task)
    tensors = initial_tensors(config, task, 3)
    if task == "fill-mask":
        tensors["predictions.bias"] = np.random.default_rng(3).normal(0, 1, config.vocab_size).astype(np.float32)
    load_state_dict(model, tensors)
    return model


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
@pytest.mark.parametrize("case", HEADS)
def test_every_head_is_hugging_faces(golden, checkpoint, case):
    head, names = HEADS[case]
    folder = golden / checkpoint / head
    loaded = read_folder(folder, case.split()[0])
    expected = np.load(folder / "expected.npz")
    outputs = loaded.model(expected["input_ids"], expected["attention_mask"], expected["token_type_ids"])
    # Float32 sums in another order: 1.9e-6 was seen. Padded positions are compared too.
    np.testing.assert_allclose(np.stack(outputs.hidden_states), expected["hidden_states"], rtol=0, atol=1e-5)
    for name, recorded in names.items():
        np.testing.assert_allclose(outputs.named[name], expected[recorded], rtol=0, atol=1e-5)
    if outputs.pooled is not None:
        np.testing.assert_allclose(outputs.pooled, expected["pooled"], rtol=0, atol=1e-5)
    assert not loaded.initialised


def test_the_comparison_notices_a_head_of_another_checkpoint(golden):
    from albert_edge.model.weights import load_state_dict, state_dict

    folder = golden / "base_like" / "masked_lm"
    loaded, other = read_folder(folder), read_folder(golden / "erf_two_labels" / "masked_lm")
    tensors = {**state_dict(loaded.model), "predictions.bias": state_dict(other.model)["predictions.bias"]}
    load_state_dict(loaded.model, tensors)
    expected = np.load(folder / "expected.npz")
    outputs = loaded.model(expected["input_ids"], expected["attention_mask"], expected["token_type_ids"])
    assert np.abs(outputs.logits - expected["logits"]).max() > 1e-5


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.alias)
def test_a_model_gives_its_tasks_outputs(task):
    model = model_of(task.name)
    named = model(np.array([[2, 9, 8, 3]], np.int32), masked_positions=np.array([[1, 2]], np.int32)).named
    sizes = {"tokens": 4, "labels": 3, "masks": 2, "pieces": 50, "hidden": 24}
    assert {name: value.shape for name, value in named.items()} == {
        name: (1, *(sizes[axis] for axis in axes)) for name, axes in task.outputs.items()
    }


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("normalize", [True, False])
def test_embeddings_are_pooled_over_real_tokens(pooling, normalize):
    """As sentence-transformers' Pooling and Normalize have it, worked out in numpy from the hidden states."""
    model = model_of("feature-extraction", SMALL.with_settings(pooling=pooling, normalize=normalize))
    mask = np.array([[1, 1, 1, 1], [1, 1, 0, 0]], np.int32)
    outputs = model(np.array([[2, 9, 8, 3], [2, 3, 7, 7]], np.int32), mask)
    for row, length in enumerate((4, 2)):
        states = outputs.hidden_states[-1].numpy()[row].astype(np.float64)
        expected = states[0] if pooling == "cls" else states[:length].sum(axis=0) / length
        expected = expected / np.linalg.norm(expected) if normalize else expected
        np.testing.assert_allclose(outputs.named["embedding"][row], expected, rtol=0, atol=1e-6)


def test_masked_positions_are_rows_of_the_whole():
    model = model_of("fill-mask")
    ids = np.array([[2, 9, 8, 7, 3], [2, 5, 6, 4, 3]], np.int32)
    every = model(ids).logits.numpy()
    chosen = model(ids, masked_positions=np.array([[3, 0], [2, 2]], np.int32)).logits.numpy()
    np.testing.assert_allclose(chosen, [every[0, [3, 0]], every[1, [2, 2]]], rtol=0, atol=1e-6)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.alias)
def test_batches_answer_as_single_texts_do(task):
    from albert_edge.model.predictor import BatchScorer

    scorer = BatchScorer(model_of(task.name), batch_size=2)
    texts = [
        packed(2, 9, 8, 7, 6, 3, masked=(1, 3, 4)),
        packed(2, 3, masked=(1,)),
        packed(2, 11, 12, 3, masked=(2, 1)),
    ]
    together, alone = scorer.outputs(texts), [scorer.outputs([text])[0] for text in texts]
    for text, batched, single in zip(texts, together, alone):
        sizes = {"tokens": len(text.input_ids), "masks": len(text.masked_positions)}
        for name, axes in task.outputs.items():
            assert len(batched[name]) == sizes.get(axes[0], len(batched[name]))
            np.testing.assert_allclose(batched[name], single[name], rtol=0, atol=1e-5)


@pytest.mark.parametrize("masked", [(), (4,), (-1,)])
def test_masked_positions_must_be_positions(masked):
    from albert_edge.model.predictor import BatchScorer

    with pytest.raises(DataError, match=r"masked_positions must be given, each below 4 tokens; received \["):
        BatchScorer(model_of("fill-mask")).outputs([packed(2, 9, 8, 3, masked=masked)])


def test_no_task_without_a_model():
    from albert_edge.model.heads import build_model

    assert [build_model(SMALL, task.alias).task for task in TASKS] == [task_named(task.name).name for task in TASKS]

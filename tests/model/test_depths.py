"""The task's outputs after each layer, against models that have only so many layers."""

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.initial import initial_tensors
from albert_edge.model.tensors import config_for_task
from albert_edge.tasks import TASK_NAMES
from albert_edge.text.packing import Packed

pytestmark = pytest.mark.slow

CONFIG = AlbertConfig(
    vocab_size=40,
    embedding_size=8,
    hidden_size=16,
    num_hidden_layers=3,
    num_hidden_groups=3,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=16,
    initializer_range=0.3,
    labels=("a", "b", "c"),
)
IDS = np.array([[2, 5, 6, 7, 3], [2, 9, 3, 0, 0]], np.int32)
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], np.int32)
POSITIONS = np.array([[1, 3], [1, 0]], np.int32)


def model_of(task, layers):
    """A model with the first `layers` layers of the one of all layers: its groups differ, so that a mix-up shows."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict

    whole = config_for_task(CONFIG, task)
    config = whole.replace(num_hidden_layers=layers, num_hidden_groups=layers)
    model = build_model(config, task)
    absent = [f"albert_layer_groups.{group}." for group in range(layers, CONFIG.num_hidden_groups)]
    tensors = initial_tensors(whole, task, seed=3)
    load_state_dict(model, {n: at for n, at in tensors.items() if not any(part in n for part in absent)})
    return model


@pytest.mark.parametrize("task", TASK_NAMES)
def test_each_depth_answers_as_a_model_of_so_many_layers(task):
    from albert_edge.model.heads import Given

    positions = POSITIONS if task == "fill-mask" else None
    model = model_of(task, 3)
    outputs = model(IDS, MASK, np.zeros_like(IDS), positions)
    by_depth = model.after_each_layer(outputs, Given(MASK, positions, training=False))
    assert len(by_depth) == 3
    for depth, named in enumerate(by_depth, start=1):
        expected = model_of(task, depth)(IDS, MASK, np.zeros_like(IDS), positions).named
        cut = model(IDS, MASK, np.zeros_like(IDS), positions, depth=depth).named
        assert named.keys() == expected.keys() == cut.keys()
        for name, values in expected.items():
            np.testing.assert_array_equal(named[name], values)
            np.testing.assert_array_equal(cut[name], values)
    first, last = (next(iter(named.values())).numpy() for named in (by_depth[0], by_depth[-1]))
    assert np.abs(first - last).max() > 0.01


def test_scorer_of_a_depth():
    from albert_edge.model.predictor import BatchScorer

    texts = [Packed(row[:length], np.zeros(length, np.int32)) for row, length in zip(IDS, (5, 3))]
    found = BatchScorer(model_of("text-classification", 3), max_depth=2).logits(texts)
    expected = BatchScorer(model_of("text-classification", 2)).logits(texts)
    np.testing.assert_array_equal(found, expected)
    assert not np.array_equal(found, BatchScorer(model_of("text-classification", 3)).logits(texts))


@pytest.mark.parametrize("depth", [0, 4])
def test_a_depth_that_the_model_lacks_is_refused(depth):
    from albert_edge.model.predictor import BatchScorer

    with pytest.raises(ConfigError, match=f"max_depth must be an integer from 1 to 3.*received {depth}"):
        BatchScorer(model_of("text-classification", 3), max_depth=depth)

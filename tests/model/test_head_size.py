"""Models with fewer attention heads than hidden_size has room for, against the same model with heads of zeros."""

import math

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.model.initial import initial_tensors
from albert_edge.model.sizes import bert_parameter_count, multiply_adds_per_token, parameter_count
from albert_edge.model.tensors import tensor_table

CONFIG = (
    AlbertConfig(
        vocab_size=50,
        embedding_size=8,
        hidden_size=24,
        num_hidden_layers=4,
        num_hidden_groups=2,
        num_attention_heads=4,
        intermediate_size=40,
        max_position_embeddings=16,
        initializer_range=0.3,
    )
    .with_settings(attention_head_size=6)
    .replace(num_attention_heads=3)
)
TASK = "text-classification"


def test_the_products_are_as_wide_as_the_heads():
    table = tensor_table(CONFIG, TASK)
    attention = "albert.encoder.albert_layer_groups.1.albert_layers.0.attention"
    for part in ("query", "key", "value"):
        assert table[f"{attention}.{part}.weight"].shape == (18, 24)
        assert table[f"{attention}.{part}.bias"].shape == (18,)
    assert table[f"{attention}.dense.weight"].shape == (24, 18)
    assert table[f"{attention}.dense.bias"].shape == (24,)


def test_the_counts_follow():
    table = tensor_table(CONFIG, TASK)
    assert parameter_count(CONFIG, classifier=True) == sum(math.prod(spec.shape) for spec in table.values())
    whole = CONFIG.replace(num_attention_heads=4)
    # A head of 6 columns in each of the two groups: three products with bias, and the columns of the fourth.
    assert parameter_count(whole) - parameter_count(CONFIG) == 2 * (3 * (24 * 6 + 6) + 24 * 6)
    assert bert_parameter_count(whole) == bert_parameter_count(CONFIG)
    # By hand: 8 x 24 of the mapping, 4 layers of 4 x 24 x 18, 2 x 10 x 18 of attention with 10 tokens, 2 x 24 x 40.
    assert multiply_adds_per_token(CONFIG, 10) == 8 * 24 + 4 * (4 * 24 * 18 + 2 * 10 * 18 + 2 * 24 * 40)


@pytest.mark.slow
def test_a_head_of_zeros_changes_nothing():
    """In Keras with the head, and in the graph of the artifact without it."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.keras import tf
    from albert_edge.model.weights import load_state_dict
    from converters.checkpoints.padding import padded_config, padded_tensors
    from converters.graph.network import Network

    tensors = initial_tensors(CONFIG, TASK, 3)
    ids = np.array([[2, 7, 9, 11, 3]], np.int32)
    states = []
    for config, values in ((CONFIG, tensors), (padded_config(CONFIG), padded_tensors(CONFIG, tensors))):
        model = build_model(config, TASK)
        load_state_dict(model, values)
        states.append(model(tf.constant(ids)).hidden_states[-1].numpy()[0])
    assert padded_config(CONFIG).num_attention_heads == 4
    assert np.abs(states[0]).max() > 0.5
    np.testing.assert_allclose(states[0], states[1], rtol=0, atol=1e-6)
    network = Network(CONFIG, tensors)
    hidden = network.embed(tf.constant(ids), tf.zeros_like(ids))
    for layer in range(4):
        hidden = network.layer(hidden, CONFIG.group_of_layer(layer))
    np.testing.assert_allclose(hidden.numpy(), states[1], rtol=0, atol=1e-5)

"""Dropout: what it drops, and that its masks are a place in a sequence that can be set back."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def layer():
    from albert_edge.model.dropout import Dropout

    return Dropout(0.25)


@pytest.fixture
def generator():
    from albert_edge.model.keras import tf

    made = tf.random.Generator.from_seed(5, alg="philox")
    tf.random.set_global_generator(made)
    return made


def test_a_quarter_is_dropped_and_the_rest_scaled(layer, generator):
    values = layer(np.ones((100, 100), np.float32), training=True).numpy()
    assert set(np.unique(values)) == {np.float32(0), np.float32(4 / 3)}
    assert 0.23 < (values == 0).mean() < 0.27


def test_nothing_is_dropped_outside_training(layer, generator):
    values = np.ones((10, 10), np.float32)
    state = generator.state.numpy()
    assert np.array_equal(layer(values), values)
    assert np.array_equal(layer(values, training=False), values)
    assert np.array_equal(generator.state.numpy(), state)


def test_masks_differ_and_come_again_when_the_state_is_set_back(layer, generator):
    values = np.ones((10, 10), np.float32)
    state = generator.state.numpy()
    first, second = (layer(values, training=True).numpy() for _ in range(2))
    assert not np.array_equal(first, second)
    generator.state.assign(state)
    assert np.array_equal(layer(values, training=True).numpy(), first)

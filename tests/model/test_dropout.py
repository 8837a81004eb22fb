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


def test_named_source_gives_the_masks_and_leaves_the_global_one_alone(layer, generator):
    from albert_edge.model.dropout import Draws, masks_from
    from albert_edge.model.keras import tf

    values, state = np.ones((10, 10), np.float32), generator.state.numpy()

    def masked(seed):
        with masks_from(Draws(tf.constant(seed, tf.int64))):
            return [layer(values, training=True).numpy() for _ in range(2)]

    first, second = masked([1, 2])
    assert not np.array_equal(first, second)
    assert np.array_equal(masked([1, 2]), [first, second])
    assert not np.array_equal(masked([1, 3])[0], first)
    assert np.array_equal(generator.state.numpy(), state)


def test_seed_of_a_graph_stays_in_it(layer, generator):
    """Else what runs after a training would draw from a tensor of the training's graph, which is an error."""
    from albert_edge.model.dropout import Draws, masks_from
    from albert_edge.model.keras import tf

    values = np.ones((10, 10), np.float32)

    @tf.function
    def step(seed):
        with masks_from(Draws(seed)):
            return layer(values, training=True)

    drawn = step(tf.constant([1, 2], tf.int64)).numpy()
    state = generator.state.numpy()
    assert not np.array_equal(layer(values, training=True).numpy(), drawn)
    assert not np.array_equal(generator.state.numpy(), state)
    assert np.array_equal(step(tf.constant([1, 2], tf.int64)).numpy(), drawn)
    with pytest.raises(ZeroDivisionError), masks_from(Draws(tf.constant([1, 2], tf.int64))):
        raise ZeroDivisionError
    state = generator.state.numpy()
    layer(values, training=True)
    assert not np.array_equal(generator.state.numpy(), state)

"""The roundings of a training, against numpy and against values worked out by hand."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow  # TensorFlow's start alone takes seconds.


@pytest.fixture(scope="module")
def quantizers():
    from albert_edge.training import quantizers

    return quantizers


def matrix(rows=40, columns=96):
    values = np.random.default_rng(1).normal(0, 1, (rows, columns)).astype(np.float32)
    values[3] = 0
    values[5] *= 100
    return values


def rounded_in_numpy(values, levels):
    """Each row apart, in float64."""
    rows = []
    for row in values.astype(np.float64):
        scale = np.abs(row).max() / levels
        rows.append(np.zeros_like(row) if scale == 0 else np.floor(row / scale + 0.5) * scale)
    return np.stack(rows)


def gradient_of(function, values, upstream):
    from albert_edge.model.keras import tf

    values = tf.constant(values)
    with tf.GradientTape() as tape:
        tape.watch(values)
        loss = tf.reduce_sum(function(values) * upstream)
    return tape.gradient(loss, values).numpy()


def test_rows_by_hand(quantizers):
    rounded = quantizers.rounded_rows(np.array([[7, -2.6, 0, 3.4], [0, 0, 0, 0], [-14, 1.1, 0.9, 5]], np.float32), 4)
    assert rounded.tolist() == [[7, -3, 0, 3], [0, 0, 0, 0], [-14, 2, 0, 4]]
    assert [quantizers.largest_level(bits) for bits in (4, 8)] == [7, 127]


@pytest.mark.parametrize("bits", [4, 8])
def test_a_rounded_matrix_is_its_own_rounding(quantizers, bits):
    """The converters derive their levels from the folder's weights."""
    once = quantizers.rounded_rows(matrix(), bits)
    np.testing.assert_allclose(once, rounded_in_numpy(matrix(), 2 ** (bits - 1) - 1), rtol=1e-6)
    np.testing.assert_allclose(quantizers.rounded_rows(once, bits), once, rtol=3e-7)
    levels = once / (
        np.abs(once).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1) + (once == 0).all(1, keepdims=True)
    )
    np.testing.assert_allclose(levels, np.rint(levels), atol=2e-5)


@pytest.mark.parametrize("kind", ["int8", "int4"])
def test_a_dense_layer_takes_its_kernel_rounded_and_learns_the_whole_one(quantizers, kind):
    from albert_edge.model.keras import tf
    from albert_edge.model.layers import RoundedDense
    from albert_edge.training.additions.quantization import TrainedQuantization

    weights = matrix(96, 128)
    layer = RoundedDense(96, TrainedQuantization(kind, 1))
    inputs = np.random.default_rng(2).normal(0, 1, (2, 5, 128)).astype(np.float32)
    layer(inputs)
    layer.kernel.assign(weights.T)
    layer.bias.assign(np.arange(96, dtype=np.float32))
    expected = inputs @ rounded_in_numpy(weights, 127 if kind == "int8" else 7).T + np.arange(96)
    np.testing.assert_allclose(layer(inputs), expected, rtol=1e-4, atol=1e-3)
    np.testing.assert_array_equal(layer.kernel.numpy(), weights.T)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(inputs))
    # As of a product with the kernel itself: each weight's is the sum of its inputs, a row's largest one's too.
    gradient = tape.gradient(loss, layer.kernel).numpy()
    np.testing.assert_allclose(gradient, np.repeat(inputs.sum((0, 1))[:, None], 96, axis=1), rtol=1e-4, atol=1e-4)


def test_what_was_learnt_with_4_bits_is_nearer_than_what_is_rounded_to_them_afterwards(quantizers):
    """A layer that shall give a float one's answers to inputs that go together: errors of its weights can cancel out,
    if the training knows them. Both have 4 bits; inputs that were not learnt from."""
    from albert_edge.model.keras import tf
    from albert_edge.model.layers import RoundedDense
    from albert_edge.training.additions.quantization import TrainedQuantization

    generator = np.random.default_rng(3)
    mixing = generator.normal(0, 1, (16, 128)).astype(np.float32)
    weights = generator.normal(0, 1, (96, 128)).astype(np.float32)
    learnt, new = (generator.normal(0, 1, (512, 16)).astype(np.float32) @ mixing for _ in range(2))
    layer = RoundedDense(96, TrainedQuantization("int4", 1))
    layer(learnt)
    layer.kernel.assign(weights.T)
    optimizer = tf.keras.optimizers.Adam(0.003)
    for _ in range(300):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((layer(learnt) - learnt @ weights.T) ** 2)
        optimizer.apply_gradients([(tape.gradient(loss, layer.kernel), layer.kernel)])
    stored = quantizers.rounded_rows(layer.kernel.numpy().T, 4)
    errors = [np.mean((new @ (each - weights).T) ** 2) for each in (rounded_in_numpy(weights, 7), stored)]
    assert errors[1] < 0.5 * errors[0]


def test_small_products_stay_float_in_int4_alone(quantizers):
    from albert_edge.config import SMALL_PRODUCT
    from albert_edge.training.additions.quantization import TrainedQuantization

    int4, int8 = TrainedQuantization("int4", 1), TrainedQuantization("int8", 1)
    assert [int4.rounds(SMALL_PRODUCT + more) for more in (-1, 0)] == [False, True]
    assert int8.rounds(1)


def test_the_table_has_one_scale_a_row(quantizers):
    rows = matrix().reshape(4, 10, 96)
    rounded = quantizers.RowQuantizer(8)(rows, True, {}).numpy()
    np.testing.assert_allclose(rounded.reshape(40, 96), rounded_in_numpy(matrix(), 127), rtol=1e-6, atol=1e-9)


class Point:
    """One activation point of a model of three layers."""

    def __init__(self):
        from albert_edge.training.additions.quantization import TrainedQuantization

        self.quantization = TrainedQuantization("int8", 3)

    def __call__(self, values, depth, training=True):
        return self.quantization.activation("0.0.query", np.asarray(values, np.float32), depth, training).numpy()

    @property
    def ends(self):
        ends = self.quantization.ranges["0.0.query"]
        return ends["min_var"].numpy().tolist(), ends["max_var"].numpy().tolist()


def test_a_range_is_the_widest_of_its_depths_moving_averages(quantizers):
    point = Point()
    point([-1, 3], depth=1)
    assert point.ends == ([0, -1, 0, 0], [0, 3, 0, 0])
    point([1, 2], depth=2)  # 0 is always within
    point([-3, 3], depth=1)
    least, largest = point.ends
    assert least == pytest.approx([0, -1.02, 0, 0])
    assert largest == pytest.approx([0, 3, 2, 0])
    before = point.ends
    rounded = point([-9, -0.51, 0, 1.7, 9], depth=2, training=False)
    assert point.ends == before
    step = 4.02 / 255
    assert rounded[2] == 0
    np.testing.assert_allclose(rounded[[1, 3]], [-0.51, 1.7], atol=step / 2 + 1e-6)
    np.testing.assert_allclose(rounded[[0, 4]], [-1.02, 3], atol=step)


def test_what_a_range_cuts_off_does_not_learn(quantizers):
    point = Point()
    point([-1, 1], depth=0)
    gradient = gradient_of(
        lambda values: point.quantization.activation("0.0.query", values, 0, False),
        np.array([-2, -0.5, 0.7, 1.5], np.float32),
        np.array([3, 5, 7, 11], np.float32),
    )
    assert gradient.tolist() == [0, 5, 7, 0]

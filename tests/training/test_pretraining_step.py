"""An update of a pretraining: losses of Hugging Face's logits, optimizers against numpy, parts against the whole."""

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.model.folder import read_checkpoint
from albert_edge.model.initial import initial_tensors
from albert_edge.training.pretraining.settings import PretrainingSettings
from albert_edge.training.pretraining.stream import Example

pytestmark = pytest.mark.slow  # TensorFlow's start alone takes seconds.

SMALL = AlbertConfig(
    vocab_size=50,
    embedding_size=8,
    hidden_size=24,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=40,
    max_position_embeddings=16,
    initializer_range=0.2,
    classifier_dropout_prob=0.0,
)
SHALLOW = SMALL.replace(num_hidden_layers=1)
"""For what has nothing to do with depth: half as long to trace and to compile."""


def batch(size=4, length=12, most=3, seed=1):
    generator = np.random.default_rng(seed)
    positions = np.sort(np.stack([generator.permutation(length)[:most] for _ in range(size)]), axis=1)
    weights = np.ones((size, most), np.float32)
    weights[0, 1:] = 0
    return Example(
        generator.integers(5, 50, (size, length)).astype(np.int32),
        np.ones((size, length), np.int32),
        (np.arange(length) > length // 2).astype(np.int32) * np.ones((size, 1), np.int32),
        positions.astype(np.int32),
        generator.integers(5, 50, (size, most)).astype(np.int32),
        weights,
        generator.integers(0, 2, size).astype(np.int32),
    )


def made_step(config=SMALL, **settings):
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict
    from albert_edge.training.pretraining.step import PretrainStep

    model = build_model(config, "pretraining")
    load_state_dict(model, initial_tensors(config, "pretraining", 3))
    return PretrainStep(model, PretrainingSettings(**{"steps": 20, "jit": False, **settings}))


# === The losses ===


def log_softmax(logits):
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


@pytest.mark.parametrize("checkpoint", ["base_like", "erf_two_labels"])
def test_both_losses_are_those_of_hugging_faces_logits(golden, checkpoint):
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict
    from albert_edge.training.pretraining.step import PretrainStep

    folder = golden / checkpoint / "pretraining"
    found = read_checkpoint(folder, "pretraining")
    expected = np.load(folder / "expected.npz")
    model = build_model(found.config, "pretraining")
    load_state_dict(model, found.tensors)
    generator = np.random.default_rng(7)
    ids, mask = expected["input_ids"], expected["attention_mask"]
    positions = np.array([[1, 5, 20], [2, 3, 16], [1, 4, 0]], np.int32)
    weights = np.array([[1, 1, 1], [1, 1, 1], [1, 1, 0]], np.float32)
    targets = generator.integers(5, found.config.vocab_size, (3, 3)).astype(np.int32)
    labels = np.array([0, 1, 1], np.int32)
    example = Example(ids, mask, expected["token_type_ids"], positions, targets, weights, labels)
    sums = PretrainStep(model, PretrainingSettings(steps=1)).measure(example)
    rows = np.arange(3)[:, None]
    words = log_softmax(expected["prediction_logits"][rows, positions])
    losses = -np.take_along_axis(words, targets[:, :, None], 2)[:, :, 0]
    assert float(sums.masked_loss) / 8 == pytest.approx((losses * weights).sum() / 8, abs=1e-5)
    order = -log_softmax(expected["sop_logits"])[np.arange(3), labels]
    assert float(sums.order_loss) / 3 == pytest.approx(order.mean(), abs=1e-5)
    right = (expected["prediction_logits"][rows, positions].argmax(-1) == targets) * weights
    assert (float(sums.masked_right), float(sums.masked), float(sums.pairs)) == (right.sum(), 8, 3)


# === Optimizers ===


def lamb_by_numpy(weights, gradients, rates, decay, beta_1, beta_2, epsilon, plain):
    """You et al. 2019, algorithm 2, with phi(z) = z."""
    first = [np.zeros_like(each) for each in weights]
    second = [np.zeros_like(each) for each in weights]
    weights = [each.copy() for each in weights]
    for t, (rate, found) in enumerate(zip(rates, gradients), start=1):
        for i, gradient in enumerate(found):
            first[i] = beta_1 * first[i] + (1 - beta_1) * gradient
            second[i] = beta_2 * second[i] + (1 - beta_2) * gradient**2
            m, v = first[i] / (1 - beta_1**t), second[i] / (1 - beta_2**t)
            r = m / (np.sqrt(v) + epsilon)
            if i in plain:
                weights[i] -= rate * r
                continue
            r = r + decay * weights[i]
            ratio = np.linalg.norm(weights[i]) / np.linalg.norm(r)
            weights[i] -= rate * ratio * r
    return weights


def test_lambs_first_ten_steps_are_the_papers():
    from albert_edge.model.keras import tf
    from albert_edge.training.pretraining.lamb import Lamb
    from albert_edge.training.pretraining.schedule import WarmupPolynomialDecay

    generator = np.random.default_rng(1)
    start = [generator.normal(size=shape) for shape in ((5, 7), (7,), (3, 2, 4))]
    gradients = [[generator.normal(size=each.shape) * 10 for each in start] for _ in range(10)]
    schedule = WarmupPolynomialDecay(0.1, 4, 10, 1.0)
    rates = [0.1 * min(t / 4, (11 - t) / 7) for t in range(1, 11)]
    expected = lamb_by_numpy(start, gradients, rates, 0.01, 0.9, 0.999, 1e-6, plain={1})
    weights = [tf.Variable(each.astype(np.float32)) for each in start]
    lamb = Lamb(schedule, 0.01)
    lamb.leave_alone([weights[1]])
    lamb.build(weights)
    for found in gradients:
        lamb.apply_gradients((tf.constant(g.astype(np.float32)), w) for g, w in zip(found, weights))
    for weight, values in zip(weights, expected):
        np.testing.assert_allclose(weight.numpy(), values, rtol=2e-5, atol=2e-6)


def test_lamb_leaves_a_zero_tensor_a_step():
    """Its norm is 0, and 0 times anything would never leave it."""
    from albert_edge.model.keras import tf
    from albert_edge.training.pretraining.lamb import Lamb

    weight = tf.Variable(np.zeros(3, np.float32))
    lamb = Lamb(0.5, 0.01)
    lamb.build([weight])
    lamb.apply_gradients([(tf.constant([1.0, -2.0, 4.0]), weight)])
    np.testing.assert_allclose(weight.numpy(), [-0.5, 0.5, -0.5], rtol=1e-5)


def test_schedule_by_hand():
    """Peak 4 after 2 of 6 updates; then the square of what is left."""
    from albert_edge.training.pretraining.schedule import WarmupPolynomialDecay

    schedule = WarmupPolynomialDecay(4.0, 2, 6, 2.0)
    expected = [2, 4, 4 * 0.64, 4 * 0.36, 4 * 0.16, 4 * 0.04]
    np.testing.assert_allclose([float(schedule(step)) for step in range(6)], expected, rtol=1e-5)


# === An update ===


def after_updates(count=3, **settings):
    step = made_step(**settings)
    sums = [step.update(batch(seed=seed)) for seed in range(count)]
    return step, [float(each.masked_loss) for each in sums]


def assert_near(step, other):
    for name, values in step.saved().items():
        np.testing.assert_allclose(values, other.saved()[name], atol=2e-5, err_msg=name)


@pytest.mark.parametrize("optimizer", ["adamw", "lamb"])
def test_parts_and_the_compiler_change_nothing(optimizer):
    """The batch has a row with fewer masked pieces: a mean of the parts' means would be another."""
    whole, losses = after_updates(config=SHALLOW, optimizer=optimizer)
    parts, of_parts = after_updates(config=SHALLOW, optimizer=optimizer, accumulate=2, jit=True)
    np.testing.assert_allclose(of_parts, losses, rtol=1e-4)
    assert_near(parts, whole)


def test_a_model_learns_a_batch_by_heart():
    step = made_step(SHALLOW, steps=150, learning_rate=0.01, warmup=0.1, ema=0.9)
    example = batch()
    first = step.update(example)
    for _ in range(149):
        step.update(example)
    last = step.measure(example)
    assert float(last.masked_loss) < 0.05 * float(first.masked_loss)
    assert float(last.order_right) == 4
    learnt, means = step.tensors(), step.saved()
    name = "predictions.dense.weight"
    assert not np.array_equal(learnt[f"model/{name}"], means[name])
    assert np.array_equal(step.tensors()[f"model/{name}"], learnt[f"model/{name}"])


def test_a_depth_applies_so_many_layers():
    """The second layer is the first one's weights again: a model of one layer is this one at depth 1."""
    deep, shallow = made_step(depths="1:0.5,2:0.5"), made_step(SHALLOW)
    assert float(deep.measure(batch()).masked_loss) == pytest.approx(float(shallow.measure(batch()).masked_loss))
    deep.update(batch())
    shallow.update(batch())
    assert_near(deep, shallow)
    deep.depth = 2
    assert float(deep.measure(batch()).masked_loss) != pytest.approx(float(shallow.measure(batch()).masked_loss))


def test_without_pairs_the_order_is_not_learnt():
    step, _ = after_updates(config=SHALLOW, pair_objective="none", weight_decay=0.0)
    tensors = initial_tensors(SMALL, "pretraining", 3)
    for name in ("sop_classifier.classifier.weight", "albert.pooler.weight"):
        np.testing.assert_array_equal(step.saved()[name], tensors[name])


def test_a_mean_of_the_weights_by_hand():
    step = made_step(SHALLOW, ema=0.5)
    name = "predictions.bias"
    values = [step.tensors()[f"model/{name}"]]
    for seed in range(2):
        step.update(batch(seed=seed))
        values.append(step.tensors()[f"model/{name}"])
    np.testing.assert_allclose(step.saved()[name], values[0] / 4 + values[1] / 4 + values[2] / 2, atol=1e-6)

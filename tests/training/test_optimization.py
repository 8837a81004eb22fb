"""One step, against sums worked by hand and an AdamW written out in numpy."""

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.model.initial import initial_tensors
from albert_edge.training.batches import Batch, Inputs
from albert_edge.training.objectives.base import TargetSpec
from albert_edge.training.settings import TrainingSettings

pytestmark = pytest.mark.slow

TASK = "text-classification"
CONFIG = AlbertConfig(
    vocab_size=40,
    embedding_size=8,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=16,
    classifier_dropout_prob=0.0,
    initializer_range=0.1,
    labels=("a", "b", "c"),
)


def settings(**changes):
    return TrainingSettings.from_dict({"epochs": 1, "dropout": 0.0, **changes}, from_checkpoint=False)


class Labels:
    """As much of an objective as a step needs: one label a text."""

    target_specs = (TargetSpec((None,), "int32"),)

    def __init__(self, settings):
        self.settings = settings

    def losses(self, given):
        from albert_edge.training.losses import single_label

        return single_label(given.outputs["logits"], given.targets[0], 0.0, None)


def step_of(total_steps=10, config=CONFIG, trained=None, **changes):
    """A small model, and the step that trains it."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict
    from albert_edge.training.optimization import TrainStep

    model = build_model(config)
    tensors = initial_tensors(config, TASK, seed=1)
    load_state_dict(model, tensors)
    return TrainStep(model, Labels(settings(**changes)), tensors if trained is None else trained, total_steps)


def batch_of(rows=8, length=6, seed=0):
    """Random ids, with repetitions, a third of the texts shorter than the rest."""
    generator = np.random.default_rng(seed)
    ids = generator.integers(5, 40, (rows, length)).astype(np.int32)
    mask = np.ones_like(ids)
    mask[::3, length - 2 :] = 0
    labels = generator.integers(0, 3, rows).astype(np.int32)
    return Batch(Inputs(ids * mask, mask, np.zeros_like(ids)), (labels,))


# === The learning rate ===


def test_schedule_by_hand():
    """Peak 6 after 3 of 8 steps: up in steps of 2, then down in steps of 1."""
    from albert_edge.training.optimization import WarmupLinearDecay

    schedule = WarmupLinearDecay(6.0, warmup_steps=3, total_steps=8)
    np.testing.assert_allclose([float(schedule(step)) for step in range(8)], [2, 4, 6, 5, 4, 3, 2, 1], rtol=1e-6)


def test_schedule_without_warmup():
    from albert_edge.training.optimization import WarmupLinearDecay

    schedule = WarmupLinearDecay(4.0, warmup_steps=0, total_steps=4)
    np.testing.assert_allclose([float(schedule(step)) for step in range(4)], [4, 3, 2, 1], rtol=1e-6)


# === The update ===


def gradients_of(step, batch):
    """Dense gradients by variable's name, from a table that is looked up with a matrix product."""
    from albert_edge.model.keras import tf
    from albert_edge.model.weights import variables
    from albert_edge.training.losses import single_label

    names = {name: variable for name, (_, variable) in variables(step.model).items()}
    with tf.GradientTape() as tape:
        logits = step.model(*batch.inputs, training=True).logits
        loss = tf.reduce_mean(single_label(logits, batch.targets[0], 0.0, None))
    found = tape.gradient(loss, list(names.values()))
    dense = {}
    for (name, variable), gradient in zip(names.items(), found):
        if isinstance(gradient, tf.IndexedSlices):
            total = np.zeros(variable.shape, np.float32)
            np.add.at(total, gradient.indices.numpy(), gradient.values.numpy())
            dense[name] = total
        else:
            dense[name] = gradient.numpy()
    return names, dense


def test_two_updates_are_adamws():
    """Loshchilov and Hutter 2019, algorithm 2, in float64; gradients clipped, biases and LayerNorm not decayed."""
    from albert_edge.model.weights import variables

    clip, decay = 0.05, 0.3
    step = step_of(learning_rate=0.01, warmup=0.0, weight_decay=decay, max_gradient_norm=clip)
    kinds = {name: spec.kind for name, (spec, _) in variables(step.model).items()}
    first, second = {}, {}
    for update in (1, 2):
        batch = batch_of(seed=update)
        names, gradients = gradients_of(step, batch)
        norm = np.sqrt(sum(np.sum(np.square(gradient, dtype=np.float64)) for gradient in gradients.values()))
        assert norm > clip
        rate = 0.01 * (11 - update) / 10
        expected = {}
        for name, variable in names.items():
            gradient = gradients[name].astype(np.float64) * clip / norm
            first[name] = 0.9 * first.get(name, 0) + 0.1 * gradient
            second[name] = 0.999 * second.get(name, 0) + 0.001 * gradient**2
            direction = first[name] / (1 - 0.9**update)
            direction = direction / (np.sqrt(second[name] / (1 - 0.999**update)) + 1e-6 / np.sqrt(1 - 0.999**update))
            kept = 1 - rate * decay if kinds[name] in ("kernel", "embedding") else 1
            expected[name] = variable.numpy() * kept - rate * direction
        step(batch)
        for name, variable in names.items():
            np.testing.assert_allclose(variable.numpy(), expected[name], rtol=0, atol=2e-5, err_msg=name)


def test_only_weights_decay():
    """Without gradients, an update takes learning rate times weight decay of each weight and leaves the rest."""
    from albert_edge.model.keras import tf
    from albert_edge.model.weights import variables
    from albert_edge.training.optimization import make_optimizer

    step = step_of()
    bound = variables(step.model)
    weights = step.model.trainable_variables
    optimizer = make_optimizer(bound, weights, settings(learning_rate=0.5, warmup=0.0, weight_decay=0.1), 10)
    for _, variable in bound.values():
        variable.assign(tf.ones_like(variable))
    optimizer.apply_gradients([(tf.zeros_like(variable), variable) for variable in weights])
    for name, (spec, variable) in bound.items():
        expected = 0.95 if spec.kind in ("kernel", "embedding") else 1.0
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-6, err_msg=name)


def test_thirty_two_texts_are_learnt_by_heart():
    step = step_of(total_steps=200, learning_rate=0.01)
    batch = batch_of(rows=32)
    losses = [step(batch) for _ in range(200)]
    assert losses[0] > 0.9
    assert losses[-1] < 0.01


def test_one_graph_serves_all_lengths():
    step = step_of()
    for length in (3, 5, 8, 13):
        step(batch_of(rows=length, length=length))
    assert step._update.experimental_get_tracing_count() == 1


def test_only_the_tensors_named_learn():
    """Weight decay leaves the others alone too."""
    from albert_edge.model.weights import state_dict

    head = ("classifier.weight", "classifier.bias")
    step = step_of(trained=head, learning_rate=0.1, warmup=0.0, weight_decay=0.5)
    before = state_dict(step.model)
    step(batch_of())
    after = state_dict(step.model)
    assert {name for name in before if not np.array_equal(before[name], after[name])} == set(head)


def test_the_loss_of_several_batches_is_the_mean_of_their_texts():
    """Without dropout, and nothing changes."""
    step = step_of(config=CONFIG.replace(hidden_dropout_prob=0.5, classifier_dropout_prob=0.5))
    batch = batch_of(rows=9)
    parts = [
        Batch(Inputs(*(a[rows] for a in batch.inputs[:3])), (batch.targets[0][rows],))
        for rows in (slice(0, 6), slice(6, 9))
    ]
    assert step.loss(parts) == pytest.approx(step.loss([batch]), rel=1e-6)
    assert step.loss(parts) == step.loss(parts)


# === Going on ===


def test_restored_steps_are_the_same_steps():
    """With dropout: its masks, too, go on where they were."""
    config = CONFIG.replace(hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.3)
    batches = [batch_of(seed=seed) for seed in range(5)]
    through, stopped, resumed = step_of(config=config), step_of(config=config), step_of(config=config, seed=99)
    losses = [through(batch) for batch in batches]
    assert [stopped(batch) for batch in batches[:2]] == losses[:2]
    resumed.restore(stopped.tensors())
    assert [resumed(batch) for batch in batches[2:]] == losses[2:]
    expected = through.tensors()
    assert all(np.array_equal(expected[name], values) for name, values in resumed.tensors().items())


def test_a_forgotten_generator_would_show():
    """The test above would fail if the masks were not part of what is restored."""
    config = CONFIG.replace(hidden_dropout_prob=0.3)
    step, other = step_of(config=config), step_of(config=config)
    step(batch_of())
    other.restore({**step.tensors(), "generator": other.tensors()["generator"]})
    assert step(batch_of(seed=1)) != other(batch_of(seed=1))

"""Private updates against a loop over rows, their noise, and a training that reports what it promises."""

import dataclasses
import json

import numpy as np
import pytest
from test_loop import Packs, encoded, start  # noqa: F401 - a fixture

from albert_edge.errors import ConfigError
from albert_edge.training.batches import make_batch
from albert_edge.training.dp.plan import PrivacyPlan
from albert_edge.training.preparation import Prepared
from albert_edge.training.settings import TrainingSettings

pytestmark = pytest.mark.slow

LABELS = [0, 1] * 8


@pytest.fixture
def still(start):  # noqa: F811
    """A start without dropout."""
    config = start.config.replace(
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, classifier_dropout_prob=0.0
    )
    return dataclasses.replace(start, config=config)


def plan_of(clip, noise, rate=1.0):
    return PrivacyPlan(noise, clip, len(LABELS), rate, 10, 1e-3, None, None)


def step_of(begun, plan, total_steps=10):
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict
    from albert_edge.training.dp.step import PrivateStep
    from albert_edge.training.optimization import TrainStep

    settings = TrainingSettings.from_dict({"epochs": 5, "dropout": 0.0, "word_vectors": False}, from_checkpoint=False)
    objective = Packs(settings, None)
    objective.train_targets = np.array(LABELS)
    model = build_model(begun.config, "text-classification")
    load_state_dict(model, begun.tensors)
    arguments = (model, objective, begun.trained, total_steps, ())
    return TrainStep(*arguments) if plan is None else PrivateStep(*arguments, plan)


def batch_of(rows=slice(None)):
    data = encoded(LABELS)
    batch = make_batch(data.texts[rows], (np.array(data.targets[rows]),), 0)
    return batch._replace(rows=np.arange(len(LABELS))[rows])


def weights_of(step):
    return {name: values for name, values in step.tensors().items() if name.startswith("model/")}


def gradients_by_row(step, batch):
    """The whole gradient of each row's loss [rows, parameters], by TensorFlow's tape over ordinary calls."""
    import tensorflow as tf

    found = []
    for row in range(len(batch.targets[0])):
        with tf.GradientTape() as tape:
            logits = step.model(*(values[row : row + 1] for values in batch.inputs[:3]), training=False).named["logits"]
            target = batch.targets[0][row : row + 1]
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits))
        parts = [tf.convert_to_tensor(part).numpy().ravel() for part in tape.gradient(loss, step._weights)]
        found.append(np.concatenate(parts))
    return np.stack(found)


def test_each_row_is_clipped_for_itself(still):
    """Rows padded and words twice: the reference has the first, and sums the second."""
    step, batch = step_of(still, plan_of(clip=0.5, noise=0.0)), batch_of()
    gradients = gradients_by_row(step, batch)
    norms = np.linalg.norm(gradients, axis=1)
    assert norms.min() < norms.max()
    clip = float(np.median(norms))
    step = step_of(still, plan_of(clip, 0.0))
    step(batch)
    expected = (gradients * np.minimum(1, clip / norms)[:, np.newaxis]).sum(axis=0)
    got = np.concatenate([total.numpy().ravel() for total in step._sums])
    # float32 sums in another order.
    np.testing.assert_allclose(got, expected, atol=1e-5 * np.abs(expected).max() + 1e-6)
    assert not np.allclose(got, gradients.sum(axis=0), atol=1e-3)


def private_training(begun, plan, **changes):
    """A whole one of the rows of `encoded`, with what goes along with updates."""
    from albert_edge.training.loop import Training

    values = {"dp_noise_multiplier": 0.0, "epochs": 5, **changes}
    objective, data = Packs(TrainingSettings.from_dict(values, from_checkpoint=False), None), encoded(LABELS)
    objective.train_targets = data.targets
    return Training(Prepared(objective.request, {}, objective, begun, data, data, privacy=plan))


ALLOWED = {"dropout": 0.2, "word_dropout": 0.3, "multi_exit": True, "label_smoothing": 0.1, "sparsity": 0.5}
"""All at once: whichever of them let a row act on another's gradient would break the bound."""


def test_no_row_moves_the_sum_further_than_the_clip(start):  # noqa: F811
    """Neither the last row of a batch nor the first, behind which all others come later."""
    clip = 0.01
    dropout = {f"{place}_dropout_prob": ALLOWED["dropout"] for place in ("hidden", "attention_probs", "classifier")}
    begun = dataclasses.replace(start, config=start.config.replace(**dropout))
    training = private_training(begun, plan_of(clip, 0.0), patience=2, **ALLOWED)
    beginning, sums = training._private.tensors(), []
    for rows in (range(16), range(15), range(1, 16)):
        training._private.restore(beginning)
        training._private(training._training_batch(np.array(rows)))
        sums.append(np.concatenate([total.numpy().ravel() for total in training._private._sums]))
    moved = [np.linalg.norm(sums[0] - fewer) for fewer in sums[1:]]
    # Of float32 numbers; each of these rows has a gradient above the clip.
    assert moved == pytest.approx([clip, clip], rel=1e-3)
    assert [addition.name for addition in training.additions] == ["sparsity"]


def test_what_a_row_loses_follows_from_the_row_the_step_and_the_secret(start):  # noqa: F811
    from albert_edge.training.dp.step import _rows

    training = private_training(start, plan_of(1.0, 0.0), word_dropout=0.5)
    step, [(_, *row)] = training._private, _rows(batch_of(slice(3, 4)))

    def words(rows):
        return [ids.tolist() for ids in training._training_batch(np.array(rows)).inputs.input_ids]

    before, losses = words([8, 3]), [step._added(0, 3, *row), step._added(0, 4, *row), step._added(1, 3, *row)]
    assert words([3, 8]) == before[::-1]
    assert step._added(0, 3, *row) == losses[0]
    training.position.step = 1
    assert words([8, 3]) != before
    training.position.step = 0
    step._secret = step._secret + 1
    assert words([8, 3]) != before
    assert len({*losses, step._added(0, 3, *row)}) == 4


def test_without_noise_and_clipping_it_is_an_ordinary_training(still):
    ordinary, private, batch = step_of(still, None), step_of(still, plan_of(1e9, 0.0)), batch_of()
    for _ in range(3):
        assert private(batch) == pytest.approx(ordinary(batch), abs=1e-5)
    expected, before = weights_of(ordinary), {f"model/{name}": values for name, values in still.tensors.items()}
    for name, values in weights_of(private).items():
        # Adam divides by the gradient's size: near 0 rounding decides, by a part of the 3 steps of up to 1e-3.
        np.testing.assert_allclose(values, expected[name], atol=1e-4)
    assert max(np.abs(expected[name] - before[name]).max() for name in expected) > 1e-3


def test_the_noise_is_as_large_as_it_says(still):
    step = step_of(still, plan_of(clip=0.5, noise=3.0))
    first, second = (np.concatenate([part.ravel() for part in step._noise(index)]) for index in (0, 1))
    # The deviation of so many numbers is off by about 1/sqrt(2n).
    assert first.std() == pytest.approx(1.5, rel=5 / np.sqrt(2 * first.size))
    assert abs(first.mean()) < 5 * 1.5 / np.sqrt(first.size)
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / np.sqrt(first.size)
    other = step_of(still, plan_of(clip=0.5, noise=3.0))
    assert not np.array_equal(other._noise(0)[0], step._noise(0)[0])


def test_the_noise_is_in_the_update(still):
    """An update without rows has nothing else."""
    step = step_of(still, plan_of(0.5, 3.0))
    before = weights_of(step)
    assert step(None) == 0.0
    assert any(not np.array_equal(values, before[name]) for name, values in weights_of(step).items())
    assert all(not total.numpy().any() for total in step._sums)


def test_rows_are_drawn_one_by_one(still):
    """Their number has the binomial's mean and variance: a batch of fixed size would have none."""
    plan = dataclasses.replace(plan_of(1.0, 1.0, rate=0.1), examples=500)
    step = step_of(still, plan)
    sizes = np.array([len(step.rows(index)) for index in range(400)])
    assert sizes.mean() == pytest.approx(50, abs=5 * np.sqrt(45 / 400))
    assert sizes.var() == pytest.approx(45, rel=0.4)
    taken = np.bincount(np.concatenate([step.rows(index) for index in range(400)]), minlength=500)
    assert taken.std() == pytest.approx(np.sqrt(400 * 0.1 * 0.9), rel=0.2)


def test_a_stopped_one_goes_on_with_the_same_rows_noise_and_dropout(start):  # noqa: F811
    plan, batch = plan_of(0.5, 1.0, rate=0.5), batch_of()
    through = step_of(start, plan)
    through(batch)
    stored = through.tensors()
    later = step_of(start, plan)
    later.restore(stored)
    assert np.array_equal(later.rows(7), through.rows(7))
    through(batch)
    later(batch)
    expected = weights_of(through)
    assert [name for name, values in weights_of(later).items() if not np.array_equal(values, expected[name])] == []


def test_a_run_reports_its_promise_and_nothing_exact_of_its_rows(separable, trained_folder, tmp_path):
    pytest.importorskip("dp_accounting", reason="needs the extra 'privacy'")
    from albert_edge.training.finetune import train
    from albert_edge.training.reporting import Reporter

    class Notes(Reporter):
        def __init__(self):
            self.texts = []

        def note(self, text):
            self.texts.append(text)

    notes, files = Notes(), (separable / "train.tsv", separable / "dev.tsv")
    chosen = {"from_": trained_folder, "epochs": 1, "batch_size": 24, "dp_noise_multiplier": 1.0, "dp_clip": 0.3}
    report = train("text-classification", *files, tmp_path / "out", reporter=notes, **chosen)
    promised = report["privacy"]
    assert 0.5 < promised["epsilon"] < promised["epsilon_rdp"] < 5
    assert (promised["clip"], promised["examples"], promised["steps"]) == (0.3, 240, 10)
    assert any(text.startswith("epsilon ") for text in notes.texts)
    written = json.loads((tmp_path / "out" / "training.json").read_text())
    assert written["privacy"] == promised
    assert written["train"] == {"examples": 240}
    assert "train_loss" not in written["history"][0]
    assert "train_sha256" not in written["request"]
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_private_rows_are_not_scored(separable, trained_folder, tmp_path):
    """The report would have what the model reaches on exactly these rows, and their file's hash."""
    pytest.importorskip("dp_accounting", reason="needs the extra 'privacy'")
    from albert_edge.training.finetune import train

    rows, dev, copied = separable / "train.tsv", separable / "dev.tsv", tmp_path / "copied.tsv"
    copied.write_bytes(rows.read_bytes())
    chosen = {"from_": trained_folder, "dp_noise_multiplier": 0.0}
    for files, name in (({"dev": copied}, "dev"), ({"dev": dev, "old_dev": copied}, "old_dev")):
        with pytest.raises(ConfigError, match=f"a {name} of other rows than train; received .*copied.tsv, the same as"):
            train("text-classification", rows, out=tmp_path / "out", **files, **chosen)
    assert not (tmp_path / "out").exists()

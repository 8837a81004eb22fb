"""The course of a training: best epoch, early stopping, class weights, what is stored and when."""

import math

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import CheckFailedError
from albert_edge.metrics import classification_report
from albert_edge.model.initial import initial_tensors
from albert_edge.text.packing import Packed
from albert_edge.text.tables import Columns
from albert_edge.text.tokenizer import read_tokenizer
from albert_edge.training.data import Encoded
from albert_edge.training.objectives.classification import SingleLabel
from albert_edge.training.preparation import Prepared
from albert_edge.training.reporting import Reporter
from albert_edge.training.request import Request, Source
from albert_edge.training.settings import TrainingSettings
from albert_edge.training.start import Start

pytestmark = pytest.mark.slow


def encoded(labels, seed=0, noise=0.0):
    """Texts of 4 to 9 pieces; two ids say which label it is, save in a share `noise` of the texts."""
    generator = np.random.default_rng(seed)
    texts = []
    for label in labels:
        shown = label if generator.random() >= noise else generator.integers(0, 2)
        words = generator.integers(20, 60, generator.integers(2, 8))
        ids = np.array([2, 10 + shown, *words, 3], np.int32)
        texts.append(Packed(ids, np.zeros(len(ids), np.int32)))
    return Encoded(texts, np.array(labels, np.int32))


@pytest.fixture
def start(golden):
    tokenizer = read_tokenizer(golden / "base_like" / "sequence_classification")
    config = AlbertConfig(
        vocab_size=tokenizer.vocab_size,
        embedding_size=16,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=0.1,
        labels=("common", "rare"),
    )
    tensors = initial_tensors(config, "text-classification", 1)
    return Start(config, tokenizer, tensors, tuple(tensors))


class Packs(SingleLabel):
    """Its texts are packed already."""

    def __init__(self, settings, dev):
        self.settings = settings
        columns, source = Columns(), Source(size="tiny", vocab="spiece.model")
        self.request = Request("text-classification", "train", "dev", columns, columns, source, settings)
        self.labels = ("common", "rare")
        self.data = dev

    def score(self, scorer, pipeline):
        predicted = scorer.logits(self.data.texts).argmax(axis=1)
        return classification_report(self.data.targets, predicted, self.labels)


def training_of(start, train, dev, **changes):
    from albert_edge.training.loop import Training

    values = {"epochs": 5, "batch_size": 8, "word_dropout": 0.0, **changes}
    objective = Packs(TrainingSettings.from_dict(values, from_checkpoint=False), dev)
    objective.train_targets = train.targets
    return Training(Prepared(objective.request, {}, objective, start, train, dev))


def run(training, keep_every=10**9):
    """Run to the end; the steps after which the state was stored."""
    stored = []
    training.run(lambda: stored.append(training.position.step), keep_every, Reporter())
    return stored


def scripted(monkeypatch, accuracies, losses=None):
    """Let the epochs have these scores, whatever the model answers."""
    scores = iter(zip(accuracies, losses or [1.0] * len(accuracies)))

    def score(*_):
        accuracy, loss = next(scores)
        return {"loss": loss, "accuracy": accuracy, "macro_f1": 1 - accuracy}

    monkeypatch.setattr(Packs, "score", score)


LABELS = [0, 1] * 8


def test_patience_ends_it_and_the_best_epoch_is_kept(monkeypatch, start):
    scripted(monkeypatch, [0.5, 0.8, 0.7, 0.8, 0.9])
    training = training_of(start, encoded(LABELS), encoded(LABELS), patience=2)
    after_epoch = {}
    training.run(lambda: after_epoch.setdefault(len(training.position.history), training.best), 10**9, Reporter())
    assert len(training.position.history) == 4
    assert training.position.best_epoch == 1
    assert all(np.array_equal(training.best[name], values) for name, values in after_epoch[2].items())
    assert not np.array_equal(training.best["classifier.weight"], after_epoch[1]["classifier.weight"])


@pytest.mark.parametrize(
    ("metric", "losses", "best"),
    [("accuracy", [3.0, 2.0, 1.0], 1), ("macro_f1", [3.0, 2.0, 1.0], 2), ("loss", [1.0, 2.0, 3.0], 0)],
)
def test_the_metric_decides_and_the_loss_between_equals(monkeypatch, start, metric, losses, best):
    scripted(monkeypatch, [0.6, 0.7, 0.5] if metric != "accuracy" else [0.7, 0.7, 0.5], losses)
    training = training_of(start, encoded(LABELS), encoded(LABELS), metric=metric, epochs=3)
    run(training)
    assert training.position.best_epoch == best


def test_the_state_is_stored_every_few_steps_and_after_each_epoch(monkeypatch, start):
    scripted(monkeypatch, [0.1, 0.2])
    training = training_of(start, encoded(LABELS * 3), encoded(LABELS), epochs=2, batch_size=8)
    assert training.total_steps == 12
    assert run(training, keep_every=4) == [4, 6, 8, 12, 12]


def test_history_by_epoch(start):
    training = training_of(start, encoded(LABELS), encoded(LABELS), epochs=2)
    run(training)
    first, second = training.position.history
    assert (first["epoch"], first["steps"], second["epoch"], second["steps"]) == (1, 2, 2, 4)
    assert first["train_loss"] == pytest.approx(math.log(2), abs=0.3)
    assert 0 < first["seconds"] < second["seconds"]


def test_the_loss_of_an_epoch_is_that_of_the_weights_that_are_saved(start):
    """With zeros that are still to come: the weights that learn have fewer, and a lower loss."""
    training = training_of(start, encoded(LABELS), encoded(LABELS), epochs=4, sparsity=0.9, metric="loss")
    measured = []

    def keep():
        if training.position.best_epoch == len(training.position.history) - 1:
            with training._holding(training.best):
                measured.append((training.position.history[-1]["loss"], training._step.loss(training._dev_batches())))

    training.run(keep, 10**9, Reporter())
    assert measured
    for told, found in measured:
        assert told == pytest.approx(found, abs=1e-6)
    assert training.position.best_scores["loss"] == measured[-1][0]


def test_balanced_weights_find_the_rare_label(start):
    """10 rare texts in 200; of those that look rare most are common, so that without weights rare is never said."""
    train, dev = encoded([0] * 190 + [1] * 10, noise=0.3), encoded([0, 1] * 20, seed=1)
    recall = {}
    for weights in ("none", "balanced"):
        settings = {"metric": "loss", "epochs": 8, "patience": 8, "learning_rate": 2e-3, "batch_size": 32}
        training = training_of(start, train, dev, class_weights=weights, **settings)
        run(training)
        recall[weights] = training.position.best_scores["per_class"]["rare"]["recall"]
    assert recall["none"] < 0.3
    assert recall["balanced"] > 0.7


def test_dropped_words_are_masked_in_training_only(start):
    data = encoded(LABELS)
    training = training_of(start, data, data, word_dropout=0.5)
    batch = training._training_batch(np.arange(16))
    mask = start.tokenizer.mask_id
    assert 0.3 < (batch.inputs.input_ids == mask).sum() / batch.inputs.attention_mask.sum() < 0.6
    assert np.array_equal(training._training_batch(np.arange(16)).inputs.input_ids, batch.inputs.input_ids)
    training.position.step += 1
    assert not np.array_equal(training._training_batch(np.arange(16)).inputs.input_ids, batch.inputs.input_ids)
    assert all(mask not in packed.input_ids for packed in data.texts)


def test_batches_are_padded_to_their_longest(start):
    data = encoded(LABELS)
    batch = training_of(start, data, data)._training_batch(np.array([0, 3, 5]))
    lengths = [data.lengths[index] for index in (0, 3, 5)]
    assert batch.inputs.input_ids.shape == (3, max(lengths))
    assert batch.inputs.attention_mask.sum(axis=1).tolist() == lengths
    assert batch.targets[0].tolist() == [0, 1, 1]


def test_a_loss_that_is_no_number_is_reported_with_its_step(monkeypatch, start):
    training = training_of(start, encoded(LABELS), encoded(LABELS))
    monkeypatch.setattr(training, "_step", lambda batch: float("nan"))
    with pytest.raises(CheckFailedError, match=r"received nan in step 1$"):
        run(training)

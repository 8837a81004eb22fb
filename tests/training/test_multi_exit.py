"""Training with the head on every layer's output: its loss by hand, what it writes, and a dev report a depth."""

import dataclasses
import json

import numpy as np
import pytest
from test_optimization import CONFIG, batch_of, step_of

pytestmark = pytest.mark.slow

DEEP = dataclasses.replace(CONFIG, num_hidden_layers=3, classifier_dropout_prob=0.0)


def cross_entropies(logits, labels):
    shifted = np.asarray(logits, np.float64)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]


def test_weights_by_hand():
    from albert_edge.training.optimization import exit_weights

    np.testing.assert_allclose(exit_weights(3), [1 / 6, 2 / 6, 3 / 6], rtol=1e-12)
    assert exit_weights(1) == (1.0,)


def test_the_loss_is_the_weighted_sum_of_every_depth():
    """1/6, 2/6 and 3/6 of the mean cross-entropy of depths 1, 2 and 3, before the update and on dev alike."""
    batch = batch_of()
    step = step_of(config=DEEP, multi_exit=True)
    by_depth = [step.model(*batch.inputs[:3], depth=depth).logits for depth in (1, 2, 3)]
    means = [cross_entropies(logits, batch.targets[0]).mean() for logits in by_depth]
    expected = (means[0] + 2 * means[1] + 3 * means[2]) / 6
    assert abs(expected - means[2]) > 1e-4
    assert step.loss([batch]) == pytest.approx(expected, rel=1e-5)
    assert step(batch) == pytest.approx(expected, rel=1e-5)


def test_without_it_the_last_depth_alone_is_learnt():
    batch = batch_of()
    step = step_of(config=DEEP)
    expected = cross_entropies(step.model(*batch.inputs[:3]).logits, batch.targets[0]).mean()
    assert step(batch) == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def folder(separable, tmp_path_factory):
    from albert_edge.training.finetune import train

    out = tmp_path_factory.mktemp("exits") / "out"
    files = separable / "train.tsv", separable / "dev.tsv"
    choices = {"size": "tiny", "layers": 3, "vocab_size": 120, "epochs": 6, "batch_size": 16, "learning_rate": 2e-3}
    report = train("text-classification", *files, out, multi_exit=True, **choices)
    return out, report, files[1]


def test_the_folder_says_so_and_the_report_has_every_depth(folder):
    out, report, _ = folder
    assert json.loads((out / "config.json").read_text())["albert_edge"]["multi_exit"] is True
    stored = json.loads((out / "training.json").read_text())
    assert stored["dev_by_depth"] == report["dev_by_depth"]
    assert [scores["accuracy"] > 0.8 for scores in report["dev_by_depth"]] == [True] * 3
    assert report["dev_by_depth"][-1] == {name: at for name, at in report["dev"].items() if name != "loss"}


def test_the_depths_are_those_of_evaluate(folder):
    """Scored again from the folder that was written."""
    from albert_edge.harness.evaluation import evaluate

    out, report, dev = folder
    for depth in (1, 2, 3):
        scored = evaluate(out, dev, max_depth=depth)
        assert scored["max_depth"] == depth
        assert scored["accuracy"] == report["dev_by_depth"][depth - 1]["accuracy"]


def test_a_training_from_it_without_multi_exit_takes_the_word_back(folder, separable, tmp_path):
    from albert_edge.training.finetune import train

    files = separable / "train.tsv", separable / "dev.tsv"
    train("text-classification", *files, tmp_path / "out", from_=folder[0], epochs=1)
    assert "multi_exit" not in json.loads((tmp_path / "out" / "config.json").read_text())["albert_edge"]

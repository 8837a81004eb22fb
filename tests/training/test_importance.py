"""Importance of heads and units: against finite differences, and on a model with parts that do nothing."""

import dataclasses

import numpy as np
import pytest
from teachers import write_teacher

from albert_edge.text.tables import Columns
from albert_edge.training.preparation import prepare
from albert_edge.training.pruning.surgery import Remaining, block_prefixes, cut
from albert_edge.training.reporting import Reporter
from albert_edge.training.request import Request, Source
from albert_edge.training.settings import TrainingSettings

pytestmark = pytest.mark.slow

TASK = "text-classification"
SHAPE = {"num_hidden_layers": 4, "num_hidden_groups": 2, "num_attention_heads": 4, "intermediate_size": 16}
DEAD_HEADS, DEAD_UNITS = (0, 2), (1, 3, 4, 7, 8, 11, 12, 15)


@pytest.fixture(scope="module")
def prepared(separable, trained_folder, tmp_path_factory):
    """A training of a model with two groups, in each of which two heads and eight units add nothing to the states.

    The dead heads attend and the dead units are active: only what they are multiplied by is zero.
    """
    folder = write_teacher(trained_folder, tmp_path_factory.mktemp("random") / "model", **SHAPE)
    settings = TrainingSettings.from_dict({"batch_size": 16}, from_checkpoint=True, task=TASK)
    paths = separable / "train.tsv", separable / "dev.tsv"
    found = prepare(Request(TASK, *paths, Columns(), Columns(), Source(from_=folder), settings), None, Reporter())
    tensors = {name: values.copy() for name, values in found.start.tensors.items()}
    for prefix in block_prefixes(found.start.config):
        tensors[f"{prefix}.attention.dense.weight"].reshape(24, 4, 6)[:, DEAD_HEADS] = 0
        tensors[f"{prefix}.ffn_output.weight"][:, DEAD_UNITS] = 0
    return dataclasses.replace(found, start=dataclasses.replace(found.start, tensors=tensors))


def keras_model(config, tensors):
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict

    model = build_model(config, TASK)
    load_state_dict(model, tensors)
    return model


@pytest.mark.parametrize("kind", ["gradient", "activation"])
def test_what_does_nothing_goes_first_and_the_answers_stay(prepared, kind):
    from albert_edge.training.pruning.importance import importance, importance_batches

    scores = importance(prepared, kind, batches=3)
    config, tensors = prepared.start.config, prepared.start.tensors
    assert list(scores) == list(block_prefixes(config))
    for block in scores.values():
        assert set(np.flatnonzero(block.heads == 0)) == set(DEAD_HEADS)
        assert set(np.flatnonzero(block.units == 0)) == set(DEAD_UNITS)
    smaller = cut(config, tensors, scores, Remaining(2, 8))
    batch = next(importance_batches(prepared, 1))
    before, after = (keras_model(*given)(*batch.inputs[:3]).logits.numpy() for given in ((config, tensors), smaller))
    assert np.ptp(before) > 0.1
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-5)
    # And a cut too many is one that shows.
    one_more = keras_model(*cut(config, tensors, scores, Remaining(1, 8)))(*batch.inputs[:3]).logits.numpy()
    assert np.abs(one_more - before).max() > 1e-3


def test_the_gradient_is_that_of_a_gate(prepared):
    """Central differences of the mean loss, the contribution of one head or unit scaled by 1 + h and 1 - h."""
    from albert_edge.training.objectives.base import Answered
    from albert_edge.training.pruning.importance import importance, importance_batches

    scores = importance(prepared, "gradient", batches=2)
    batches = list(importance_batches(prepared, 2))
    config, tensors = prepared.start.config, prepared.start.tensors
    model = keras_model(config, tensors)
    step = 2e-2

    def loss(batch, name, columns, factor):
        from albert_edge.model.weights import load_state_dict

        changed = tensors[name].copy()
        changed[:, columns] *= factor
        load_state_dict(model, {**tensors, name: changed})
        answered = Answered(model(*batch.inputs[:3]).named, batch.inputs, batch.targets, training=False)
        return float(np.mean(prepared.objective.losses(answered)))

    prefix = block_prefixes(config)[1]
    for name, columns, score in (
        ("attention.dense", slice(6, 12), scores[prefix].heads[1]),
        ("attention.dense", slice(18, 24), scores[prefix].heads[3]),
        ("ffn_output", slice(5, 6), scores[prefix].units[5]),
    ):
        full = f"{prefix}.{name}.weight"
        derivatives = [
            (loss(batch, full, columns, 1 + step) - loss(batch, full, columns, 1 - step)) / (2 * step)
            for batch in batches
        ]
        assert score > 1e-4
        # The loss is near 1 in float32: differences are exact to 1e-7 / step.
        assert score == pytest.approx(np.abs(derivatives).mean(), rel=0.02, abs=2e-5)


def test_an_activation_score_is_the_size_of_a_contribution(prepared):
    """Against the contributions themselves, head by head, made from the graph's own attention."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.quantization import Quantization
    from albert_edge.model.weights import load_state_dict
    from albert_edge.training.pruning.importance import importance, importance_batches

    contexts = []

    class Seen(Quantization):
        def activation(self, point, values, depth, training):
            if point == "1.0.context":
                contexts.append(values.numpy())
            return values

    model = build_model(prepared.start.config, TASK, Seen())
    load_state_dict(model, prepared.start.tensors)
    contexts.clear()
    batch = next(importance_batches(prepared, 1))
    model(*batch.inputs[:3])
    prefix = block_prefixes(prepared.start.config)[1]
    columns = prepared.start.tensors[f"{prefix}.attention.dense.weight"][:, 6:12]
    tokens = np.asarray(batch.inputs.attention_mask, bool)
    squares = [((context[tokens][:, 6:12] @ columns.T) ** 2).sum(axis=1) for context in contexts]
    assert len(squares) == 2
    score = importance(prepared, "activation", batches=1)[prefix].heads[1]
    # Of the four layers two are this group's; the mean is over all of them.
    assert score == pytest.approx(np.sqrt(np.concatenate(squares).sum() / (4 * tokens.sum())), rel=1e-5)

"""A pretraining in bfloat16: near float32's, its products really in bfloat16, all that is kept in float32."""

import collections

import numpy as np
import pytest
from test_pretraining_step import SHALLOW, SMALL, batch

from albert_edge.model.initial import initial_tensors
from albert_edge.training.pretraining.settings import PretrainingSettings

pytestmark = pytest.mark.slow  # TensorFlow's start alone takes seconds.

NEAR = 0.01
"""Relative, of losses: bfloat16 has 8 bits of mantissa, and the errors of a batch's pieces cancel out in part."""


def made_step(precision, config=SHALLOW, **settings):
    from albert_edge.model.heads import build_model
    from albert_edge.model.precision import computed_in
    from albert_edge.model.weights import load_state_dict
    from albert_edge.training.pretraining.step import PretrainStep

    with computed_in(precision):
        model = build_model(config, "pretraining")
    load_state_dict(model, initial_tensors(config, "pretraining", 3))
    return PretrainStep(model, PretrainingSettings(**{"steps": 20, "jit": False, "precision": precision, **settings}))


def dtypes(step):
    """Kind of an operation -> the types of its results, in the graph of an update's gradients."""
    from albert_edge.model.keras import tf

    example = batch()
    graph = tf.function(step._one_part).get_concrete_function(
        *map(tf.constant, example), tf.constant(9.0), tf.constant(4.0), tf.constant([1, 0], tf.int64)
    )
    found = collections.defaultdict(list)
    for each in graph.graph.get_operations():
        found[each.type] += [output.dtype.name for output in each.outputs[:1]]
    return found


def of_kinds(found, kinds):
    return [name for kind in kinds for name in found[kind]]


PRODUCTS = ("MatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum")
FLOATS = ("Softmax", "SparseSoftmaxCrossEntropyWithLogits", "Rsqrt", "SquaredDifference")


def test_products_are_in_bfloat16_and_the_rest_is_not():
    found = dtypes(made_step("bfloat16", SMALL))
    products = of_kinds(found, PRODUCTS)
    # Forward: 6 of each layer's 8 products are dense; each has one for its input and one for its weights behind it.
    assert len(products) > 3 * 8 * SMALL.num_hidden_layers
    assert set(products) == {"bfloat16"}
    kept = of_kinds(found, FLOATS)
    assert len(kept) >= SMALL.num_hidden_layers + 2
    assert set(kept) == {"float32"}
    assert set(of_kinds(dtypes(made_step("float32", SMALL)), PRODUCTS)) == {"float32"}


def test_losses_are_near_those_of_float32():
    """As they are, and compiled."""
    losses = {}
    for precision, jit in (("float32", False), ("bfloat16", False), ("bfloat16", True)):
        step = made_step(precision, jit=jit, optimizer="lamb", ema=0.9)
        losses[precision, jit] = [float(step.update(batch(seed=seed)).masked_loss) for seed in range(6)]
    expected = losses.pop(("float32", False))
    for found in losses.values():
        np.testing.assert_allclose(found, expected, rtol=NEAR)
        assert found != expected


def test_what_is_kept_is_float32_and_goes_on():
    step = made_step("bfloat16", ema=0.5)
    step.update(batch(seed=0))
    kept = step.tensors()
    assert {values.dtype.name for name, values in kept.items() if name != "optimizer/0"} == {"float32"}
    # More bits than bfloat16 has: an update that is small beside its weight isn't lost.
    weight = kept["model/albert.embeddings.word_embeddings.weight"]
    assert (weight.view(np.uint32) & 0xFFFF).any()
    expected = [float(step.update(batch(seed=seed)).masked_loss) for seed in (1, 2)]
    again = made_step("bfloat16", ema=0.5)
    again.restore(kept)
    assert [float(again.update(batch(seed=seed)).masked_loss) for seed in (1, 2)] == expected


def test_models_built_later_compute_in_float32_again():
    from albert_edge.model.heads import build_model
    from albert_edge.model.precision import computed_in

    with computed_in("bfloat16"):
        assert build_model(SMALL, "pretraining").compute_dtype == "bfloat16"
    assert build_model(SMALL, "pretraining").compute_dtype == "float32"


def test_dropout_follows_from_the_update():
    """Another mask in each update, and the same ones again from a snapshot."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict
    from albert_edge.training.pretraining.step import PretrainStep

    def dropped_step():
        model = build_model(SHALLOW.replace(hidden_dropout_prob=0.3, attention_probs_dropout_prob=0.3), "pretraining")
        load_state_dict(model, initial_tensors(SHALLOW, "pretraining", 3))
        # With a learning rate of nearly 0 only the masks change from update to update.
        settings = PretrainingSettings(steps=20, jit=False, learning_rate=1e-12, accumulate=2, dropout=0.3)
        return PretrainStep(model, settings)

    step, example = dropped_step(), batch()
    losses = [float(step.update(example).masked_loss)]
    kept = step.tensors()
    losses += [float(step.update(example).masked_loss) for _ in range(3)]
    assert len(set(losses)) == 4
    again = dropped_step()
    again.restore(kept)
    assert [float(again.update(example).masked_loss) for _ in range(3)] == losses[1:]

"""The Keras model against Hugging Face's outputs and against a numpy ALBERT written on its own."""

import albert_reference
import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError, FolderError
from albert_edge.model.folder import read_folder
from albert_edge.model.initial import initial_tensors
from albert_edge.model.tensors import encoder_tensors, pooler_tensors

pytestmark = pytest.mark.slow  # TensorFlow's start alone takes seconds.

CLASSIFIER = "text-classification"
SMALL = AlbertConfig(
    vocab_size=50,
    embedding_size=8,
    hidden_size=24,
    num_hidden_layers=4,
    num_attention_heads=3,
    intermediate_size=40,
    max_position_embeddings=12,
    labels=("a", "b", "c"),
    initializer_range=0.1,
)


def built(config, seed=3):
    """A model with random weights in which biases and LayerNorm count too, and its tensors."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict

    generator = np.random.default_rng(seed)
    tensors = {
        name: values + generator.normal(0, 0.2, values.shape).astype(np.float32)
        for name, values in initial_tensors(config, CLASSIFIER, seed).items()
    }
    model = build_model(config)
    load_state_dict(model, tensors)
    return model, tensors


def batch(config, lengths=(9, 4, 1), seed=5):
    """Ids, mask, segments: texts of these lengths, padded with an id that is a word's."""
    generator = np.random.default_rng(seed)
    shape = len(lengths), max(lengths)
    mask = np.array([[int(position < length) for position in range(shape[1])] for length in lengths], np.int32)
    ids = generator.integers(0, config.vocab_size, shape).astype(np.int32)
    return ids, mask, generator.integers(0, config.type_vocab_size, shape).astype(np.int32)


@pytest.mark.parametrize("checkpoint", ["base_like", "erf_two_labels"])
def test_every_hidden_state_and_logit_is_hugging_faces(golden, checkpoint):
    folder = golden / checkpoint / "sequence_classification"
    loaded = read_folder(folder)
    expected = np.load(folder / "expected.npz")
    outputs = loaded.model(expected["input_ids"], expected["attention_mask"], expected["token_type_ids"])
    # Float32 sums in another order: 1.5e-6 was seen, 1e-5 is asked for. Padded positions are compared too.
    assert len(outputs.hidden_states) == loaded.config.num_hidden_layers + 1
    np.testing.assert_allclose(np.stack(outputs.hidden_states), expected["hidden_states"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(outputs.pooled, expected["pooled"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(outputs.logits, expected["logits"], rtol=0, atol=1e-5)
    assert not loaded.dropped
    assert not loaded.initialised


def test_the_golden_comparison_notices_another_activation(golden):
    folder = golden / "base_like" / "sequence_classification"
    loaded = read_folder(folder)
    model, _ = built(loaded.config.replace(hidden_act="gelu"))
    from albert_edge.model.weights import load_state_dict, state_dict

    load_state_dict(model, state_dict(loaded.model))
    expected = np.load(folder / "expected.npz")
    states = model(expected["input_ids"], expected["attention_mask"], expected["token_type_ids"]).hidden_states
    assert np.abs(np.stack(states) - expected["hidden_states"]).max() > 1e-5


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_hidden_groups": 2, "inner_group_num": 2},
        # 5 layers in 3 groups: the layers are dealt 2, 2, 1.
        {"num_hidden_layers": 5, "num_hidden_groups": 3, "hidden_act": "gelu"},
        {"hidden_act": "relu", "layer_norm_eps": 1e-3, "type_vocab_size": 4, "num_attention_heads": 1},
        {"labels": ("score",), "problem_type": "regression"},
    ],
)
def test_the_model_is_the_papers(changes):
    config = SMALL.replace(**changes)
    model, tensors = built(config)
    ids, mask, segments = batch(config)
    outputs = model(ids, mask, segments)
    for row in range(len(ids)):
        states, pooled, logits = albert_reference.albert(
            tensors, config.to_dict(), ids[row], segments[row], mask[row].astype(bool)
        )
        # Float32 against float64: 3e-6 was seen.
        np.testing.assert_allclose(np.stack(outputs.hidden_states)[:, row], states, rtol=0, atol=1e-5)
        np.testing.assert_allclose(outputs.pooled[row], pooled, rtol=0, atol=1e-5)
        np.testing.assert_allclose(outputs.logits[row], logits, rtol=0, atol=1e-5)


def test_padding_changes_nothing():
    model, _ = built(SMALL)
    ids, mask, segments = batch(SMALL, lengths=(12, 5))
    padded = model(ids, mask, segments).logits[1]
    alone = model(ids[1:, :5], None, segments[1:, :5]).logits[0]
    np.testing.assert_allclose(padded, alone, rtol=0, atol=1e-6)
    unmasked = model(ids, None, segments).logits[1]
    assert np.abs(unmasked - alone).max() > 1e-3


def test_no_segments_means_the_first_one():
    model, _ = built(SMALL)
    ids, mask, segments = batch(SMALL)
    np.testing.assert_array_equal(model(ids, mask).logits, model(ids, mask, np.zeros_like(segments)).logits)


def test_depth_adds_layers_and_no_variables():
    shallow, tensors = built(SMALL.replace(num_hidden_layers=1))
    deep, _ = built(SMALL.replace(num_hidden_layers=9))
    assert len(shallow.trainable_variables) == len(deep.trainable_variables) == len(tensors)
    assert len(deep(*batch(SMALL)).hidden_states) == 10


@pytest.mark.parametrize("field", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout_prob"])
def test_dropout_acts_in_training_only(field):
    none = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout_prob": 0.0}
    inputs = batch(SMALL)
    plain, _ = built(SMALL.replace(**none))
    dropping, _ = built(SMALL.replace(**{**none, field: 0.4}))
    expected = plain(*inputs).logits
    np.testing.assert_array_equal(plain(*inputs, training=True).logits, expected)
    np.testing.assert_array_equal(dropping(*inputs).logits, expected)
    assert np.abs(dropping(*inputs, training=True).logits - expected).max() > 1e-3


def test_tensors_survive_the_model_unchanged():
    from albert_edge.model.weights import state_dict

    model, tensors = built(SMALL.replace(num_hidden_groups=2, inner_group_num=2))
    returned = state_dict(model)
    assert list(returned) == list(tensors)
    for name, values in tensors.items():
        np.testing.assert_array_equal(returned[name], values)


def test_a_misshapen_tensor_is_refused_before_any_variable_changes():
    from albert_edge.model.weights import load_state_dict, state_dict

    model, tensors = built(SMALL)
    zeros = {name: np.zeros_like(values) for name, values in tensors.items()}
    # The wrong tensor is the last one: those before it must not have been set.
    with pytest.raises(FolderError, match=r"classifier\.bias must have the shape \[3\]; received \[4\]"):
        load_state_dict(model, {**zeros, "classifier.bias": np.zeros(4, np.float32)})
    np.testing.assert_array_equal(state_dict(model)["classifier.weight"], tensors["classifier.weight"])


def test_every_variable_gets_a_gradient():
    from albert_edge.model.keras import tf
    from albert_edge.model.weights import variables

    config = SMALL.replace(num_hidden_groups=2, inner_group_num=2)
    model, _ = built(config)
    bound = {name: variable for name, (_, variable) in variables(model).items()}
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(*batch(config), training=True).logits ** 2)
    for name, gradient in tape.gradient(loss, bound).items():
        norm = float(tf.norm(tf.convert_to_tensor(gradient)))
        # A key's bias moves all scores of a token alike, which softmax doesn't see.
        assert norm < 1e-3 if name.endswith("key.bias") else norm > 1e-3, name


def test_only_tasks_with_a_model_are_built():
    from albert_edge.model.heads import build_model

    with pytest.raises(ConfigError, match=r"task must be one of text-classification, .*; received 'multiple-choice'"):
        build_model(SMALL, "multiple-choice")
    with pytest.raises(ConfigError, match=r"received 'text-clasification'"):
        build_model(SMALL, "text-clasification")


@pytest.mark.parametrize("head", ["token_classification", "question_answering", "masked_lm", "pretraining"])
def test_the_encoder_of_another_heads_checkpoint_is_used(golden, head):
    folder = golden / "erf_two_labels" / head
    loaded = read_folder(folder, "text-classification", new_head=True, labels=("x", "y", "z"))
    expected = np.load(folder / "expected.npz")
    outputs = loaded.model(expected["input_ids"], expected["attention_mask"], expected["token_type_ids"])
    np.testing.assert_allclose(np.stack(outputs.hidden_states), expected["hidden_states"], rtol=0, atol=1e-5)
    own = {spec.name for spec in encoder_tensors(loaded.config)}
    poolers = {spec.name for spec in pooler_tensors(loaded.config)}
    assert (
        {"classifier.weight", "classifier.bias"}
        <= set(loaded.initialised)
        <= {"classifier.weight", "classifier.bias", *poolers}
    )
    assert loaded.dropped
    assert not own & set(loaded.dropped)
    assert outputs.logits.shape == (3, 3)

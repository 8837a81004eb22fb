"""Attention that starts at the neighbours: what the model attends to before its first update."""

import numpy as np
import pytest

from albert_edge.errors import ConfigError
from albert_edge.model.initial import initial_tensors
from albert_edge.model.sizes import size_config
from albert_edge.training.pretraining.local_start import start_locally
from albert_edge.training.pretraining.settings import PretrainingSettings
from albert_edge.training.start import initializer_range


def config_of(size, **changes):
    config = size_config(size, vocab_size=2000, **changes)
    return config.replace(initializer_range=initializer_range(config.hidden_size))


def attended(config, tensors, length=128):
    """Probabilities of each layer, (layers, heads, T, T), for random pieces."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict

    model = build_model(config, "pretraining")
    load_state_dict(model, tensors)
    ids = np.random.default_rng(5).integers(5, 2000, (1, length)).astype(np.int32)
    outputs = model(ids, np.ones_like(ids), np.zeros_like(ids))
    return np.stack([each.numpy()[0] for each in outputs.attentions])


def share_at(probabilities, offset):
    """The mean share of the piece `offset` behind, where there is one: (layers, heads)."""
    return np.diagonal(probabilities, offset, axis1=-2, axis2=-1).mean(axis=-1)


@pytest.mark.slow
@pytest.mark.parametrize("size", ["tiny", "mini"])
def test_two_heads_look_at_the_neighbours(size):
    config = config_of(size)
    tensors = initial_tensors(config, "pretraining", 1)
    assert share_at(attended(config, tensors), -1).max() < 0.05
    start_locally(config, tensors)
    probabilities = attended(config, tensors)
    before, behind = share_at(probabilities, -1)[0], share_at(probabilities, 1)[0]
    assert before[0] > 0.25
    assert behind[1] > 0.25
    # Each looks to its own side; heads behind them, if any, at nothing in particular.
    assert max(before[1], behind[0], *before[2:], *behind[2:]) < 0.05
    most = probabilities[0, :2, 1:-1].argmax(axis=-1) - np.arange(1, 127)
    assert (most[0] == -1).mean() > 0.95
    assert (most[1] == 1).mean() > 0.95


def test_words_have_no_part_in_the_waves():
    config = config_of("mini")
    tensors = initial_tensors(config, "pretraining", 1)
    before = {name: values.copy() for name, values in tensors.items()}
    start_locally(config, tensors)
    words = tensors["albert.embeddings.word_embeddings.weight"]
    positions = tensors["albert.embeddings.position_embeddings.weight"]
    assert not words[:, 96:].any()
    assert not positions[:, :96].any()
    segments = tensors["albert.embeddings.token_type_embeddings.weight"]
    others = np.square(words).sum(1).mean() + np.square(segments).sum(1).mean()
    share = np.square(positions).sum(1) / (np.square(positions).sum(1) + others)
    np.testing.assert_allclose(share, 0.3, rtol=1e-4)
    changed = {name.split(".")[-2] for name, values in tensors.items() if not np.array_equal(values, before[name])}
    assert changed == {
        "word_embeddings",
        "position_embeddings",
        "token_type_embeddings",
        "embedding_hidden_mapping_in",
        "query",
        "key",
    }


def test_a_model_too_narrow_for_waves_is_refused():
    config = config_of("tiny", num_attention_heads=16, hidden_size=128)
    with pytest.raises(ConfigError, match="needs 2 heads of 12 and embeddings of 48 at least; received 16 heads of 8"):
        start_locally(config, initial_tensors(config, "pretraining", 1))


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_the_setting_is_a_flag(value):
    with pytest.raises(ConfigError, match="local_start must be true or false"):
        PretrainingSettings(steps=10, local_start=value)

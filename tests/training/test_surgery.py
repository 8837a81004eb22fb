"""Cutting heads and units: which stay, and what the smaller tensors hold."""

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.initial import initial_tensors
from albert_edge.model.loading import check_complete
from albert_edge.training.pruning.plan import PruningPlan
from albert_edge.training.pruning.surgery import BlockScores, Remaining, best, block_prefixes, cut, remaining

CONFIG = AlbertConfig(
    vocab_size=20,
    embedding_size=8,
    hidden_size=24,
    num_hidden_layers=4,
    num_hidden_groups=2,
    inner_group_num=2,
    num_attention_heads=4,
    intermediate_size=32,
    max_position_embeddings=8,
)


@pytest.mark.parametrize(
    ("shares", "stays"),
    [
        ((0.75, 0.5), (3, 16)),
        ((0.01, 0.01), (1, 8)),
        ((0.5, 1.0), (2, 32)),
        ((1.0, 0.7), (4, 24)),
    ],
)
def test_how_many_stay(shares, stays):
    assert remaining(CONFIG, *shares) == stays


def test_shares_that_take_nothing_are_refused():
    # 28.8 units are nearest to 32, which is all of them.
    with pytest.raises(ConfigError, match=r"a head or 8 units of 4 heads and 32 units; received 1\.0 and 0\.9"):
        remaining(CONFIG, 1.0, 0.9)


def test_the_best_stay_in_their_order():
    assert best(np.array([1.0, 5.0, 3.0, 5.0]), 2).tolist() == [1, 3]
    assert best(np.array([2.0, 2.0, 2.0]), 2).tolist() == [0, 1]


def test_every_block_loses_its_own_least_important():
    generator = np.random.default_rng(1)
    tensors = initial_tensors(CONFIG, "text-classification", 1)
    scores = {prefix: BlockScores(generator.random(4), generator.random(32)) for prefix in block_prefixes(CONFIG)}
    assert len(scores) == 4
    config, smaller = cut(CONFIG, tensors, scores, Remaining(3, 16))
    assert (config.num_attention_heads, config.attention_head_size, config.intermediate_size) == (3, 6, 16)
    check_complete(smaller, config, "text-classification")
    for prefix, block in scores.items():
        heads = [head for head in range(4) if head != block.heads.argmin()]
        for part in ("query", "key", "value"):
            whole, left = (values[f"{prefix}.attention.{part}.weight"] for values in (tensors, smaller))
            np.testing.assert_array_equal(left.reshape(3, 6, 24), whole.reshape(4, 6, 24)[heads])
        whole, left = (values[f"{prefix}.attention.dense.weight"] for values in (tensors, smaller))
        np.testing.assert_array_equal(left.reshape(24, 3, 6), whole.reshape(24, 4, 6)[:, heads])
        units = sorted(np.argsort(block.units)[16:])
        np.testing.assert_array_equal(smaller[f"{prefix}.ffn.weight"], tensors[f"{prefix}.ffn.weight"][units])
        np.testing.assert_array_equal(smaller[f"{prefix}.ffn.bias"], tensors[f"{prefix}.ffn.bias"][units])
        np.testing.assert_array_equal(
            smaller[f"{prefix}.ffn_output.weight"], tensors[f"{prefix}.ffn_output.weight"][:, units]
        )
    untouched = [name for name in tensors if ".albert_layers." not in name or "LayerNorm" in name]
    assert all(smaller[name] is tensors[name] for name in untouched)


def test_a_model_with_all_heads_has_no_head_size_of_its_own():
    scores = {prefix: BlockScores(np.ones(4), np.ones(32)) for prefix in block_prefixes(CONFIG)}
    config, _ = cut(CONFIG, initial_tensors(CONFIG, "text-classification", 1), scores, Remaining(4, 16))
    assert config == CONFIG.replace(intermediate_size=16)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({}, "a pruning must have a sparsity, or a share of heads or of ffn that stays; received none"),
        ({"sparsity": 1.0}, r"sparsity must be in \(0, 1\); received 1.0"),
        ({"heads": 0}, r"heads must be in \(0, 1\]; received 0"),
        ({"ffn": 1.5}, r"ffn must be in \(0, 1\]; received 1.5"),
        ({"ffn": 0.5, "importance": "random"}, "importance must be one of gradient, activation; received 'random'"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(values, complaint):
    with pytest.raises(ConfigError, match=complaint):
        PruningPlan(**values)

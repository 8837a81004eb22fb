"""The names of the activation points: where a full-integer file rounds what flows through the network.

A point of a block is `GROUP.INNER.NAME`; one of a head has the head's prefix, empty if the head is the only one. All
points lie at products: in front of one, or behind it with its bias. What lies between two products (LayerNorm,
softmax, GELU, tanh, sums) is computed in float32 and has no point. The product of fill-mask with the table of words is
left out: its matrix is the lookup's, whose form the lookup dictates.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

PROBABILITIES = "probabilities"
"""The one point whose range is known beforehand: from 0 to 1."""

BLOCK_POINTS = (
    "attention_input",
    "query",
    "key",
    "value",
    "scores",
    PROBABILITIES,
    "context",
    "attention_output",
    "ffn_input",
    "ffn_inner",
    "ffn_activated",
    "ffn_output",
)
"""In the order of the computation."""


class ProductPoints(NamedTuple):
    """The points around a product of an activation with a matrix."""

    taken: str
    given: str


_OF_BLOCKS = {
    "attention.query": ("attention_input", "query"),
    "attention.key": ("attention_input", "key"),
    "attention.value": ("attention_input", "value"),
    "attention.dense": ("context", "attention_output"),
    "ffn": ("ffn_input", "ffn_inner"),
    "ffn_output": ("ffn_activated", "ffn_output"),
}
_OTHERS = {
    "albert.encoder.embedding_hidden_mapping_in": ("mapping_input", "mapping_output"),
    "albert.pooler": ("pooler_input", "pooler_output"),
    "classifier": ("head_input", "logits"),
    "qa_outputs": ("head_input", "logits"),
    "predictions.dense": ("head_input", "head_inner"),
}

_BLOCK = re.compile(r"albert\.encoder\.albert_layer_groups\.(\d+)\.albert_layers\.(\d+)\.(.+)")


def points_of_product(name: str) -> ProductPoints:
    """The points of the product with `name.weight`; raises `KeyError` for a name that is no product's."""
    found = _BLOCK.fullmatch(name)
    if found:
        group, inner, part = found.groups()
        taken, given = _OF_BLOCKS[part]
        return ProductPoints(f"{group}.{inner}.{taken}", f"{group}.{inner}.{given}")
    for ending, (taken, given) in _OTHERS.items():
        if name.endswith(ending):
            prefix = name[: -len(ending)]
            return ProductPoints(prefix + taken, prefix + given)
    raise KeyError(name)


def points_of_attention(name: str) -> ProductPoints:
    """Of the product of two activations `PREFIX.attention.scores` or `.context`: its left side, and what it gives."""
    found = _BLOCK.fullmatch(name)
    if found is None:
        raise KeyError(name)
    group, inner, part = found.groups()
    taken, given = {"attention.scores": ("query", "scores"), "attention.context": (PROBABILITIES, "context")}[part]
    return ProductPoints(f"{group}.{inner}.{taken}", f"{group}.{inner}.{given}")


def group_of_point(point: str) -> Optional[int]:
    """The group of layers whose block the point belongs to; None for one outside the blocks."""
    group = point.split(".", 1)[0]
    return int(group) if group.isdigit() else None


def is_probabilities(point: str) -> bool:
    """Whether `point` is that of a softmax."""
    return point.rpartition(".")[2] == PROBABILITIES

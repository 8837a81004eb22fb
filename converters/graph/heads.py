"""What each task computes from the last hidden states, and the tensors that it needs for it.

A new task is a new row here; it computes what `albert_edge.model.heads` does, for one text, in rank 2. Each head has
its own tensors, the pooler among them, under its own prefix: two heads on one trunk may have learnt two poolers.
The product of `fill-mask` is with the very table that the words are looked up in.
"""

from __future__ import annotations

import dataclasses
from typing import Callable, Mapping, NamedTuple, Optional

import numpy as np
from numpy.typing import NDArray

from albert_edge.config import AlbertConfig
from albert_edge.model.keras import tf
from albert_edge.model.tensors import head_of_task, pooler_tensors
from albert_edge.tasks import MASKED_POSITIONS, Task, output_names, task_named
from converters.graph.network import Network

Outputs = dict[str, tf.Tensor]

_POOLER = "albert.pooler"


class TokenFacts(NamedTuple):
    """What a head may need to know about the positions."""

    attention_mask: Optional[tf.Tensor]
    """int32 [1, T], 1 for a token; None in the looped layout, where there is no padding."""
    masked_positions: Optional[tf.Tensor]
    """int32 [1, K], for fill-mask only."""


@dataclasses.dataclass(frozen=True)
class GraphHead:
    """A head of the graph."""

    task: Task
    config: AlbertConfig
    prefix: str
    """Before the names of the head's tensors in the network; empty if it is the only head."""
    outputs: Mapping[str, str]
    """The task's output -> its name in the signature."""


def graph_heads(heads: Mapping[str, AlbertConfig]) -> tuple[GraphHead, ...]:
    """Task -> configuration of each head of one graph, in the order of its outputs."""
    tasks = [task_named(name) for name in heads]
    return tuple(
        GraphHead(
            task, heads[task.name], f"{task.alias}." if len(tasks) > 1 else "", dict(output_names(task, len(tasks)))
        )
        for task in tasks
    )


def head_tensors(head: GraphHead, tensors: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Of a checkpoint's `tensors` those that only this head reads, by their names in the network."""
    described = head_of_task(head.task.name)
    specs = [*described.tensors(head.config)]
    if described.pooler_use == "used":
        specs += pooler_tensors(head.config)
    return {head.prefix + spec.name: tensors[spec.name] for spec in specs}


def takes_masked_positions(heads: tuple[GraphHead, ...]) -> bool:
    """Whether a graph with these heads has the input `masked_positions`."""
    return any(head.task.takes_masks for head in heads)


def all_outputs(network: Network, heads: tuple[GraphHead, ...], hidden: tf.Tensor, facts: TokenFacts) -> Outputs:
    """The outputs of every head by their names in the signature; `hidden`: the last states, float32 [T, H]."""
    named = {}
    for head in heads:
        for name, value in _HEADS[head.task.name](network, head, hidden, facts).items():
            # A name of its own for the tensor too: it is what the file shows.
            named[head.outputs[name]] = tf.identity(value, head.outputs[name])
    return named


def _classification(network: Network, head: GraphHead, hidden: tf.Tensor, _: TokenFacts) -> Outputs:
    pooled = network.pooled(hidden, f"{head.prefix}{_POOLER}")
    return {"logits": network.dense(pooled, f"{head.prefix}classifier")}


def _tagging(network: Network, head: GraphHead, hidden: tf.Tensor, _: TokenFacts) -> Outputs:
    logits = network.dense(hidden, f"{head.prefix}classifier")
    return {"logits": tf.reshape(logits, [1, -1, len(head.config.labels)])}


def _answering(network: Network, head: GraphHead, hidden: tf.Tensor, _: TokenFacts) -> Outputs:
    start, end = tf.split(network.dense(hidden, f"{head.prefix}qa_outputs"), 2, axis=1)
    return {"start_logits": tf.reshape(start, [1, -1]), "end_logits": tf.reshape(end, [1, -1])}


def _embedding(_: Network, head: GraphHead, hidden: tf.Tensor, facts: TokenFacts) -> Outputs:
    settings = head.config.settings
    if settings.pooling == "cls":
        vector = tf.reshape(hidden[:1], [1, head.config.hidden_size])
    elif facts.attention_mask is None:
        vector = tf.reduce_mean(hidden, axis=0, keepdims=True)
    else:
        weights = tf.reshape(tf.cast(facts.attention_mask, tf.float32), [-1, 1])
        vector = tf.reduce_sum(hidden * weights, axis=0, keepdims=True) / tf.reduce_sum(weights)
    if settings.normalize:
        squares = tf.reduce_sum(vector * vector, axis=1, keepdims=True)
        vector *= tf.math.rsqrt(tf.maximum(squares, 1e-12))
    return {"embedding": vector}


def _filling(network: Network, head: GraphHead, hidden: tf.Tensor, facts: TokenFacts) -> Outputs:
    assert facts.masked_positions is not None, MASKED_POSITIONS
    rows = network.hidden_rows(tf.gather(hidden, tf.reshape(facts.masked_positions, [-1])))
    x = network.activation(network.dense(rows, f"{head.prefix}predictions.dense"))
    x = network.layer_norm(x, f"{head.prefix}predictions.LayerNorm")
    logits = network.word_products(x) + network.weight(f"{head.prefix}predictions.bias")
    return {"logits": tf.reshape(logits, [1, -1, head.config.vocab_size])}


_HEADS: dict[str, Callable[[Network, GraphHead, tf.Tensor, TokenFacts], Outputs]] = {
    "text-classification": _classification,
    "sentence-order": _classification,
    "token-classification": _tagging,
    "question-answering": _answering,
    "feature-extraction": _embedding,
    "fill-mask": _filling,
}
"""Task -> hidden states float32 [T, H] to the task's outputs, each with an axis of one text in front."""

"""Depth as a dial inside the graph: each round of the loop answers, and the loop goes on while it isn't sure.

The body applies a layer and then the one pooler and classifier, so that their weights stand in the loop and nowhere
else; the condition compares the round's confidence with `exit_threshold`. What carries from round to round is the
index, the states, the logits and how sure they are. What the confidences mean is said in `albert_edge.artifact.exits`.

A model with several groups of weights has a loop within the loop for each, which runs once or not at all: so every
matrix, the head's too, is multiplied in one place. (All published ALBERTs have one group, and no inner loop.)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from albert_edge.artifact.exits import Exit, is_multi_label
from albert_edge.artifact.heads import Head
from albert_edge.model.keras import tf
from albert_edge.tasks import DEPTH_USED
from converters.graph.heads import GraphHead, Outputs, TokenFacts, all_outputs
from converters.graph.network import Network


class State(NamedTuple):
    """What one round hands to the next."""

    index: tf.Tensor
    """int32 []: layers applied so far."""
    hidden: tf.Tensor
    """float32 [T, H]: the last of them's output."""
    logits: tf.Tensor
    """float32 [1, labels]: the head's for it, zeros before the first."""
    sureness: tf.Tensor
    """entropy: float32 [], the confidence; patience: int32 [], layers in a row with this answer."""


class ExitLoop:
    """The layers of `network` with its only head behind each, and the rule that ends them."""

    def __init__(self, network: Network, heads: tuple[GraphHead, ...], early_exit: Exit) -> None:
        (self._head,) = heads
        self._network = network
        self._is_multi_label = is_multi_label(Head(self._head.task.name, self._head.config))
        self._by_patience = early_exit.kind == "patience"
        config = network.config
        self._groups = [config.group_of_layer(layer) for layer in range(config.num_hidden_layers)]
        # Looked up, not divided: a quotient by a constant becomes a product with its inverse, which rounds otherwise.
        self._shares = (np.arange(len(self._groups) + 1) / len(self._groups)).astype(np.float32)

    def outputs(self, hidden: tf.Tensor, depth: tf.Tensor, threshold: tf.Tensor) -> Outputs:
        """The head's outputs and `depth_used`.

        `hidden`: float32 [T, H], the embeddings; `depth`: int32 [], at most so many layers; `threshold`: float32 [].
        """

        def is_unsure(*values: tf.Tensor) -> tf.Tensor:
            now = State(*values)
            # One layer is applied whatever a client sends.
            return tf.logical_and(now.index < depth, tf.logical_or(now.index < 1, self._confidence(now) < threshold))

        end = State(
            *tf.while_loop(
                is_unsure,
                self._round,
                self._start(hidden),
                shape_invariants=State(
                    tf.TensorShape([]),
                    tf.TensorShape([None, self._network.config.hidden_size]),
                    tf.TensorShape([1, len(self._head.config.labels)]),
                    tf.TensorShape([]),
                ),
            )
        )
        (name,) = self._head.outputs.values()
        return {
            name: tf.identity(end.logits, name),
            DEPTH_USED: tf.identity(tf.reshape(end.index, [1]), DEPTH_USED),
        }

    def _start(self, hidden: tf.Tensor) -> State:
        unsure = tf.constant(0) if self._by_patience else tf.constant(0.0)
        return State(tf.constant(0), hidden, tf.zeros([1, len(self._head.config.labels)]), unsure)

    def _round(self, *values: tf.Tensor) -> State:
        before = State(*values)
        hidden = self._layer(before.hidden, before.index)
        (logits,) = all_outputs(self._network, (self._head,), hidden, TokenFacts(None, None)).values()
        return State(before.index + 1, hidden, logits, self._sureness(before, logits))

    def _layer(self, hidden: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """The layer of that index, float32 [T, H] in and out."""
        groups = sorted(set(self._groups))
        if len(groups) == 1:
            return self._network.layer(hidden, groups[0])
        wanted = tf.gather(self._groups, index)
        for group in groups:
            hidden = self._applied_if_wanted(hidden, group, wanted)
        return hidden

    def _applied_if_wanted(self, hidden: tf.Tensor, group: int, wanted: tf.Tensor) -> tf.Tensor:
        _, hidden = tf.while_loop(
            cond=lambda wanted, _: tf.equal(wanted, group),
            body=lambda _, hidden: (tf.constant(-1), self._network.layer(hidden, group)),
            loop_vars=(wanted, hidden),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, self._network.config.hidden_size])),
        )
        return hidden

    def _confidence(self, state: State) -> tf.Tensor:
        """float32 [], in [0, 1] once a layer was applied."""
        return tf.gather(self._shares, state.sureness) if self._by_patience else state.sureness

    def _sureness(self, before: State, logits: tf.Tensor) -> tf.Tensor:
        if not self._by_patience:
            return self._certainty(logits)
        # In front of the first layer the count is 0, so that it becomes 1 whatever the zeros there seem to answer.
        same = self._is_same(before.logits, logits)
        return tf.where(same, before.sureness + 1, tf.constant(1))

    def _certainty(self, logits: tf.Tensor) -> tf.Tensor:
        """1 - entropy of what `logits` [1, K] say as a share of the largest possible: float32 []."""
        if self._is_multi_label:
            # sigmoid(x) and 1 - sigmoid(x) are the softmax of x and 0: a row a label.
            logits = tf.pad(tf.reshape(logits, [-1, 1]), [[0, 0], [0, 1]])
        entropy = -tf.reduce_sum(tf.nn.softmax(logits) * tf.nn.log_softmax(logits), axis=1)
        share = tf.reduce_mean(entropy) * np.float32(1 / math.log(logits.shape[1]))
        # Rounding must not lift it above 1, where a threshold means never.
        return tf.minimum(1.0 - share, 1.0)

    def _is_same(self, one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
        """Whether two logits [1, K] give the same answer, bool []."""
        if not self._is_multi_label:
            first, second = (tf.reshape(tf.argmax(each, axis=1, output_type=tf.int32), []) for each in (one, other))
            return tf.equal(first, second)
        least = self._head.config.settings.label_threshold
        # A label is given from sigmoid(x) >= least, which is x >= log(least / (1 - least)).
        bound = np.float32(math.log(least / (1 - least)))
        given, now = (tf.cast(each >= bound, tf.float32) for each in (one, other))
        return tf.reduce_sum(tf.abs(given - now)) < 0.5

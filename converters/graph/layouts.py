"""The two layouts of one network, each as the function that becomes the signature `serving_default`.

`looped` keeps ALBERT's sharing at run time: a `WHILE` over the shared block, any length, the depth an input. A
runtime packs each product's weights once. With an exit (`graph.exits`) it may end before the last layer. `unrolled`
repeats the block for accelerators that take no control flow, at one fixed length with padding and a mask; each
repetition is packed again.

Only one signature is exported: a second would pack the weights a second time.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

from albert_edge.artifact.exits import Exit
from albert_edge.config import AlbertConfig
from albert_edge.model.block import ATTENTION_MASK_BIAS
from albert_edge.model.keras import tf, traced
from albert_edge.tasks import EXIT_THRESHOLD, MASKED_POSITIONS
from converters.graph.exits import ExitLoop
from converters.graph.heads import GraphHead, Outputs, TokenFacts, all_outputs, takes_masked_positions
from converters.graph.network import Network
from converters.layout import Layout


def serving_function(
    network: Network, heads: tuple[GraphHead, ...], layout: Layout, early_exit: Optional[Exit] = None
) -> Any:
    """The `tf.function` of that layout, its arguments named as the signature's inputs.

    `early_exit`: how the loop may stop early, where `artifact.exits.refusal` says nothing against it; its threshold is
    an input, so that of it only the kind counts here.
    """
    if early_exit is not None:
        return _looped_with_exit(network, heads, early_exit)
    if layout.kind == "looped":
        return _looped(network, heads)
    return _unrolled(network, heads, layout.length)


def _function(serve: Callable[..., Outputs], inputs: list[tf.TensorSpec]) -> Any:
    return traced(serve, input_signature=inputs)


def _masks(heads: tuple[GraphHead, ...], count: Optional[int]) -> list[tf.TensorSpec]:
    """The further input of fill-mask, `count` positions, as the last argument."""
    return [tf.TensorSpec([1, count], tf.int32, MASKED_POSITIONS)] if takes_masked_positions(heads) else []


def _looped(network: Network, heads: tuple[GraphHead, ...]) -> Any:
    def serve(
        input_ids: tf.Tensor,
        token_type_ids: tf.Tensor,
        max_depth: tf.Tensor,
        masked_positions: Optional[tf.Tensor] = None,
    ) -> Outputs:
        hidden = network.embed(input_ids, token_type_ids)
        hidden = _apply_loops(network, hidden, _depth(max_depth[0], network.config))
        return all_outputs(network, heads, hidden, TokenFacts(None, masked_positions))

    tokens = (tf.TensorSpec([1, None], tf.int32, name) for name in ("input_ids", "token_type_ids"))
    depth = tf.TensorSpec([1], tf.int32, "max_depth")
    return _function(serve, [*tokens, depth, *_masks(heads, None)])


def _looped_with_exit(network: Network, heads: tuple[GraphHead, ...], early_exit: Exit) -> Any:
    loop = ExitLoop(network, heads, early_exit)

    def serve(
        input_ids: tf.Tensor, token_type_ids: tf.Tensor, max_depth: tf.Tensor, exit_threshold: tf.Tensor
    ) -> Outputs:
        hidden = network.embed(input_ids, token_type_ids)
        return loop.outputs(hidden, _depth(max_depth[0], network.config), exit_threshold[0])

    tokens = (tf.TensorSpec([1, None], tf.int32, name) for name in ("input_ids", "token_type_ids"))
    depth = tf.TensorSpec([1], tf.int32, "max_depth")
    return _function(serve, [*tokens, depth, tf.TensorSpec([1], tf.float32, EXIT_THRESHOLD)])


def _depth(max_depth: tf.Tensor, config: AlbertConfig) -> tf.Tensor:
    """`max_depth` as a number of layers: below 1 or above the model's, all of them."""
    layers = config.num_hidden_layers
    return tf.where(tf.logical_or(max_depth < 1, max_depth > layers), layers, max_depth)


def _apply_loops(network: Network, hidden: tf.Tensor, depth: tf.Tensor) -> tf.Tensor:
    """The first `depth` layers, one loop a group of weights."""
    config = network.config
    groups = [config.group_of_layer(layer) for layer in range(config.num_hidden_layers)]
    index = tf.constant(0)
    for group in sorted(set(groups)):
        last = tf.minimum(depth, len(groups) - groups[::-1].index(group))
        index, hidden = _loop(network, group, index, hidden, last)
    return hidden


def _loop(
    network: Network, group: int, index: tf.Tensor, hidden: tf.Tensor, last: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    rows = tf.TensorShape([None, network.config.hidden_size])
    return tf.while_loop(  # type: ignore[no-any-return]
        cond=lambda index, _: index < last,
        body=lambda index, hidden: (index + 1, network.layer(hidden, group)),
        loop_vars=(index, hidden),
        shape_invariants=(tf.TensorShape([]), rows),
    )


def _unrolled(network: Network, heads: tuple[GraphHead, ...], length: Optional[int]) -> Any:
    def serve(
        input_ids: tf.Tensor,
        token_type_ids: tf.Tensor,
        attention_mask: tf.Tensor,
        masked_positions: Optional[tf.Tensor] = None,
    ) -> Outputs:
        hidden = network.embed(input_ids, token_type_ids)
        mask_bias = (1.0 - tf.cast(attention_mask, tf.float32)) * ATTENTION_MASK_BIAS
        for layer in range(network.config.num_hidden_layers):
            hidden = network.layer(hidden, network.config.group_of_layer(layer), mask_bias)
        return all_outputs(network, heads, hidden, TokenFacts(attention_mask, masked_positions))

    names = ("input_ids", "token_type_ids", "attention_mask")
    tokens = (tf.TensorSpec([1, length], tf.int32, name) for name in names)
    # All shapes are fixed here, so that masks are filled one by one.
    return _function(serve, [*tokens, *_masks(heads, 1)])

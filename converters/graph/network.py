"""ALBERT's forward pass for one text without padding, written for rank 2 from the trained weights.

Hidden states are [T, H] rather than [1, T, H]: the runtime's matrix products then need no reshape, which the loop
would pay for at each layer. The weights are variables, so that the converter stores each once however often the
graph uses it (plain constants would be copied at each use and merged again, slowly). Follows Lan et al. 2019
(arXiv:1909.11942) and the tensor names of Hugging Face's `modeling_albert.py`; dropout has no place on a device.
"""

from __future__ import annotations

import hashlib
from typing import Mapping, Optional

import numpy as np
from numpy.typing import NDArray

from albert_edge.config import AlbertConfig
from albert_edge.model.keras import tf
from albert_edge.model.tensors import WORD_EMBEDDINGS, block_prefix

_EMBEDDINGS = "albert.embeddings."
_ENCODER = "albert.encoder."
_QUERY = ".attention.query."


class Network(tf.Module):  # type: ignore[misc]
    """The parts of the network as functions of tensors; weights by Hugging Face's names, products as [out, in]."""

    def __init__(
        self,
        config: AlbertConfig,
        tensors: Mapping[str, NDArray[np.float32]],
        row_scales: Optional[NDArray[np.float32]] = None,
        sums_apart: bool = False,
    ) -> None:
        """`row_scales`, float32 [V, 1]: each row of the table of words is stored divided by its scale and cut to
        [-1, 1], the scales beside it: quantized with one scale, as a lookup wants it, the table then has in truth one
        a row. `sums_apart`: what a product takes is a tensor of the file; else the converter moves LayerNorm's shift
        into the product's bias."""
        super().__init__(name="albert")
        self.config = config
        self._sums_apart = sums_apart
        self.table = tensors[WORD_EMBEDDINGS]
        """The table of words as the graph stores it, float32 [V, E]."""
        self._row_scales: Optional[tf.Variable] = None
        if row_scales is not None:
            self.table = np.clip(self.table / row_scales, np.float32(-1), np.float32(1))
            self._row_scales = tf.Variable(row_scales, trainable=False, dtype=tf.float32)
        tensors = {**stored_values(config, tensors), WORD_EMBEDDINGS: self.table}
        self.matrices = {name: values for name, values in tensors.items() if values.ndim == 2}
        """By name, as the graph stores them, float32 [out, in]; tables are among them."""
        self._variables: dict[str, tf.Variable] = {}
        # One variable for equal values: heads that were trained on one trunk may share their pooler too.
        kept: dict[tuple[tuple[int, ...], bytes], tf.Variable] = {}
        for name, value in sorted(tensors.items()):
            key = (value.shape, hashlib.sha256(value.tobytes()).digest())
            if key not in kept:
                kept[key] = tf.Variable(value, trainable=False, dtype=tf.float32)
            self._variables[name] = kept[key]

    def weight(self, name: str) -> tf.Tensor:
        """The tensor of that Hugging Face name."""
        return self._variables[name]

    def dense(self, x: tf.Tensor, name: str) -> tf.Tensor:
        """`x` [T, in] times the transposed `name.weight` [out, in], plus `name.bias`: [T, out]."""
        return tf.matmul(x, self.weight(f"{name}.weight"), transpose_b=True) + self.weight(f"{name}.bias")

    def layer_norm(self, x: tf.Tensor, name: str) -> tf.Tensor:
        """Layer normalization over the last axis (Ba et al. 2016, equation 3), the variance as the mean of squares."""
        centered = x - tf.reduce_mean(x, axis=-1, keepdims=True)
        variance = tf.reduce_mean(centered * centered, axis=-1, keepdims=True)
        # In this order: a constant factor next to a product would be multiplied into its weights, off their levels.
        scale = tf.math.rsqrt(variance + self.config.layer_norm_eps) * self.weight(f"{name}.weight")
        return self._apart(centered * scale + self.weight(f"{name}.bias"))

    def _apart(self, x: tf.Tensor) -> tf.Tensor:
        return _kept_apart(x) if self._sums_apart else x

    def product(self, name: str, a: tf.Tensor, b: tf.Tensor, transpose_b: bool = False) -> tf.Tensor:
        """The product of two activations, [heads, T, n] each; `name`: the attention's, and `scores` or `context`."""
        del name  # for those who look at it
        return tf.matmul(a, b, transpose_b=transpose_b)

    def activation(self, x: tf.Tensor) -> tf.Tensor:
        """`hidden_act`; both forms of GELU become the runtime's own GELU operator."""
        if self.config.hidden_act == "relu":
            return tf.nn.relu(x)
        return tf.nn.gelu(x, approximate=self.config.hidden_act == "gelu_new")

    def embed(self, input_ids: tf.Tensor, token_type_ids: tf.Tensor) -> tf.Tensor:
        """`input_ids`, `token_type_ids` int32 [1, T] to hidden states float32 [T, H]."""
        length = tf.shape(input_ids)[1]
        x = (
            self._words(tf.reshape(input_ids, [-1]))
            + tf.gather(self.weight(f"{_EMBEDDINGS}token_type_embeddings.weight"), tf.reshape(token_type_ids, [-1]))
            + self.weight(f"{_EMBEDDINGS}position_embeddings.weight")[:length]
        )
        x = self.layer_norm(x, f"{_EMBEDDINGS}LayerNorm")
        return self.hidden_rows(self._apart(self.dense(x, f"{_ENCODER}embedding_hidden_mapping_in")))

    def _words(self, ids: tf.Tensor) -> tf.Tensor:
        """int32 [T] to the rows of the table of words, float32 [T, E]."""
        rows = tf.gather(self.weight(WORD_EMBEDDINGS), ids)
        return rows if self._row_scales is None else rows * tf.gather(self._row_scales, ids)

    def word_products(self, x: tf.Tensor) -> tf.Tensor:
        """`x` [K, E] times the transposed table of words, the very tensor that `embed` looks up in: [K, V]."""
        products = tf.matmul(_kept_apart(x), self.weight(WORD_EMBEDDINGS), transpose_b=True)
        if self._row_scales is None:
            return products
        return _kept_apart(products) * tf.reshape(self._row_scales, [1, -1])

    def hidden_rows(self, x: tf.Tensor) -> tf.Tensor:
        """State that `x` has rank 2 and H columns. `tf.ensure_shape` would say it too, but needs the Flex runtime."""
        return tf.reshape(x, [-1, self.config.hidden_size])

    def layer(self, x: tf.Tensor, group: int, mask_bias: Optional[tf.Tensor] = None) -> tf.Tensor:
        """One layer: the `inner_group_num` blocks of `group` in a row. Hidden states [T, H] in and out."""
        for inner in range(self.config.inner_group_num):
            x = self._block(x, block_prefix(group, inner), mask_bias)
        return self.hidden_rows(x)

    def _block(self, x: tf.Tensor, name: str, mask_bias: Optional[tf.Tensor]) -> tf.Tensor:
        attended = self.dense(self._attention(x, f"{name}.attention", mask_bias), f"{name}.attention.dense")
        x = self.layer_norm(x + attended, f"{name}.attention.LayerNorm")
        inner = self.activation(self.dense(x, f"{name}.ffn"))
        return self.layer_norm(x + self.dense(inner, f"{name}.ffn_output"), f"{name}.full_layer_layer_norm")

    def _attention(self, x: tf.Tensor, name: str, mask_bias: Optional[tf.Tensor]) -> tf.Tensor:
        """Scaled dot-product attention of all heads, [T, H] to [T, heads * size], before the output projection."""
        query, key, value = (self._heads(self.dense(x, f"{name}.{part}")) for part in ("query", "key", "value"))
        scores = self.product(f"{name}.scores", query, key, transpose_b=True)
        if mask_bias is not None:
            scores += mask_bias
        context = self.product(f"{name}.context", tf.nn.softmax(scores), value)
        return tf.reshape(tf.transpose(context, [1, 0, 2]), [-1, self.config.attention_size])

    def _heads(self, x: tf.Tensor) -> tf.Tensor:
        """[T, heads * size] to [heads, T, size]."""
        heads = tf.reshape(x, [-1, self.config.num_attention_heads, self.config.attention_head_size])
        return tf.transpose(heads, [1, 0, 2])

    def pooled(self, x: tf.Tensor, name: str) -> tf.Tensor:
        """The pooler of that name: [T, H] to [1, H], from the first token."""
        first = tf.reshape(x[:1], [1, self.config.hidden_size])
        return tf.tanh(self.dense(first, name))


def stored_values(config: AlbertConfig, tensors: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """`tensors` as the graph stores them: the scores' factor lies in the query's weights from the start, for the
    converter would multiply it into them."""
    factor = np.float32(config.attention_head_size**-0.5)
    return {name: values * factor if _QUERY in name else values for name, values in tensors.items()}


def _kept_apart(x: tf.Tensor) -> tf.Tensor:
    """`x` as it is. The converter multiplies factors next to a product into its weights, and a table with LayerNorm's
    scale or the rows' in it would be a second one; through a MAXIMUM it doesn't see."""
    return tf.maximum(x, np.float32(-3e38))

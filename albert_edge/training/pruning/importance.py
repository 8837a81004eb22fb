"""How much each attention head and each feed-forward unit matters, measured on batches of the training set.

`gradient`: how much the loss changes, to first order, if the unit's contribution is taken away. With a gate on it that
is |dL/dgate|, and the gate's derivative is the sum of weight times gradient over the unit's outgoing weights (Michel et
al. 2019, arXiv:1905.10650, equation 4; Molchanov et al. 2019, arXiv:1906.10771, section 3). The absolute value is
taken in each batch, the mean over the batches.

`activation`: the root mean square of what the unit adds to the hidden states, over all tokens that aren't padding. It
needs no labels.

ALBERT's block is shared: a head's gradient is the sum over all depths, and its activations are those of all depths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Optional

import numpy as np

from albert_edge.model.heads import build_model
from albert_edge.model.keras import tf, traced
from albert_edge.model.quantization import Quantization
from albert_edge.model.weights import load_state_dict, variables
from albert_edge.training.batches import Batch, Inputs, epoch_batches, make_batch
from albert_edge.training.objectives.base import Answered
from albert_edge.training.pruning.surgery import BlockScores, block_prefixes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.training.objectives.base import Objective
    from albert_edge.training.preparation import Prepared

BATCHES = 64
"""Of the training set, at most."""

_POINTS = (("context", "attention.dense"), ("ffn_activated", "ffn_output"))
"""Of heads and of units: the activation point, and the product that carries it into the hidden states."""


def importance(prepared: Prepared, kind: str, batches: int = BATCHES) -> dict[str, BlockScores]:
    """The scores of the prepared model by block prefix; `kind` is `gradient` or `activation`."""
    moments = _Moments(prepared.start.config.attention_head_size)
    model = build_model(prepared.start.config, prepared.request.task, moments)
    load_state_dict(model, prepared.start.tensors)
    given = importance_batches(prepared, batches)
    if kind == "activation":
        moments.collect(model, given)
        return {prefix: moments.scores(model, prefix) for prefix in block_prefixes(model.config)}
    return gradient_scores(model, prepared.objective, given)


def importance_batches(prepared: Prepared, count: int) -> Iterator[Batch]:
    """The first `count` batches of an epoch of the training, or all there are, without word dropout."""
    settings, start = prepared.request.settings, prepared.start
    chosen = epoch_batches(prepared.train.lengths, settings.batch_size, settings.seed, epoch=0)[:count]
    for index, indices in enumerate(chosen):
        drawn = np.random.default_rng([settings.seed, index])
        items = prepared.objective.batch(prepared.train, indices, start.tokenizer, drawn)
        yield make_batch(items.texts, items.targets, start.tokenizer.pad_id)


# === By gradient ===


def gradient_scores(model: Any, objective: Objective, batches: Iterable[Batch]) -> dict[str, BlockScores]:
    """Scores by block prefix of the Keras `model`, whose weights are those that learn `objective`."""
    prefixes = block_prefixes(model.config)
    bound = variables(model)
    kernels = [bound[f"{prefix}.{product}.weight"][1] for prefix in prefixes for _, product in _POINTS]
    derivatives = _row_derivatives(model, objective, kernels)
    widths = (model.config.attention_head_size, 1) * len(prefixes)
    sums = [np.zeros(kernel.shape[0] // width) for kernel, width in zip(kernels, widths)]
    given = list(batches)
    for batch in given:
        for total, rows, width in zip(sums, derivatives(batch), widths):
            total += np.abs(rows.reshape(-1, width).sum(axis=1))
    means = [total / len(given) for total in sums]
    return {prefix: BlockScores(*means[2 * index : 2 * index + 2]) for index, prefix in enumerate(prefixes)}


def _row_derivatives(
    model: Any, objective: Objective, kernels: list[Any]
) -> Callable[[Batch], list[NDArray[np.float64]]]:
    """A function from a batch to the sums of weight times gradient over each row of each of `kernels`, [inputs]."""

    def rows(inputs: tuple[tf.Tensor, ...], targets: tuple[tf.Tensor, ...]) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            outputs = model(*inputs, training=False)
            given = Answered(outputs.named, Inputs(*inputs), targets, training=False)
            loss = tf.reduce_mean(objective.losses(given))
        gradients = tape.gradient(loss, kernels)
        return [tf.reduce_sum(kernel * gradient, axis=1) for kernel, gradient in zip(kernels, gradients)]

    # Lengths unknown: one graph serves batches of every length.
    ids = (tf.TensorSpec((None, None), tf.int32),) * (4 if model.task == "fill-mask" else 3)
    compiled = traced(
        rows, input_signature=(ids, tuple(tf.TensorSpec(spec.shape, spec.dtype) for spec in objective.target_specs))
    )

    def of_batch(batch: Batch) -> list[NDArray[np.float64]]:
        found = compiled(tuple(values for values in batch.inputs if values is not None), batch.targets)
        return [row_sums.numpy().astype(np.float64) for row_sums in found]

    return of_batch


# === By activation ===


class _Moments(Quantization):
    """Second moments of what heads and units hand on: the hook at the activation points, which changes nothing."""

    def __init__(self, head_size: int) -> None:
        self._widths = dict(zip((point for point, _ in _POINTS), (head_size, 1)))
        self._sums: dict[str, NDArray[np.float64]] = {}
        self._mask: Optional[NDArray[np.bool_]] = None
        self._tokens = 0

    def collect(self, model: Any, batches: Iterable[Batch]) -> None:
        """Run `model`, which was built with this hook, on all `batches`."""
        for batch in batches:
            self._mask = np.asarray(batch.inputs.attention_mask, bool)
            self._tokens += int(self._mask.sum()) * model.config.num_hidden_layers
            model(*(values for values in batch.inputs if values is not None))
        self._mask = None

    def activation(self, point: str, values: tf.Tensor, depth: int, training: bool) -> tf.Tensor:  # noqa: ARG002
        """`values` as they are; the products of a head's columns, or a unit's square, are added up over the tokens."""
        width = self._widths.get(point.split(".")[-1])
        if width is not None and self._mask is not None:
            tokens = values.numpy()[self._mask].astype(np.float64)
            strips = tokens.reshape(len(tokens), -1, width).transpose(1, 0, 2)
            self._sums[point] = self._sums.get(point, 0.0) + strips.transpose(0, 2, 1) @ strips
        return values

    def scores(self, model: Any, prefix: str) -> BlockScores:
        """The root mean square of each contribution: sqrt(trace(W' C W)) of the moments C and the unit's rows W."""
        *_, group, _, inner = prefix.split(".")
        bound = variables(model)
        scores = []
        for point, product in _POINTS:
            moments = self._sums[f"{group}.{inner}.{point}"] / self._tokens
            kernel = bound[f"{prefix}.{product}.weight"][1].numpy().astype(np.float64)
            rows = kernel.reshape(len(moments), -1, kernel.shape[1])
            scores.append(np.sqrt((rows @ rows.transpose(0, 2, 1) * moments).sum(axis=(1, 2))))
        return BlockScores(*scores)

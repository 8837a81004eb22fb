"""The build of a conversion, from checkpoints in memory to flatbuffers: what runs in the conversion's own process.

Round the weights for the wanted grids, write the network's graph, let TensorFlow convert it, quantize the products,
store the table of words once, check that every part is stored as planned, add the metadata. Several plans of one model
share what they have in common: the calibration texts' run, and the float32 flatbuffers. Leaves out reading folders,
verification and writing, which are `converters.pipeline`'s.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional

from albert_edge.model.tensors import WORD_EMBEDDINGS, encoder_tensors
from converters import tflite
from converters.built import BuildRequest, Built
from converters.calibration import calibration_texts
from converters.calibration.texts import enough_for_rounding
from converters.description import with_description
from converters.flatbuffer import with_small_products_in_float32
from converters.graph.heads import graph_heads, head_tensors, takes_masked_positions
from converters.graph.layouts import serving_function
from converters.graph.network import Network, stored_values
from converters.layout import Layout
from converters.moments import Moments, Tensors, input_moments, rounded_tensors
from converters.parts import parts_of
from converters.rounding import LEVELS, grid_ends
from converters.schemes import Plan
from converters.stored import check_stored
from converters.weights import with_products_in
from converters.word_table import with_one_table, with_table_in

if TYPE_CHECKING:
    from albert_edge.text.packing import Packed


def builds(request: BuildRequest) -> Iterator[Built]:
    """A flatbuffer for each plan of `request`; raises `CheckFailedError`, and `ConfigError` for what can't be built."""
    builder = _Builder(request)
    return map(builder.built, request.plans)


class _Builder:
    """What the plans of one request share, each made when it is first needed."""

    def __init__(self, request: BuildRequest) -> None:
        self.request = request
        self.trunk = request.checkpoints[0]
        self.config = self.trunk.config
        self.layout = request.layout
        self.longest = self.layout.lengths(self.config)[1]
        self.heads = graph_heads({checkpoint.task: checkpoint.config for checkpoint in request.checkpoints})
        self.tensors: Tensors = {spec.name: self.trunk.tensors[spec.name] for spec in encoder_tensors(self.config)}
        for head, checkpoint in zip(self.heads, request.checkpoints):
            self.tensors = {**self.tensors, **head_tensors(head, checkpoint.tensors)}
        self._plain: dict[Optional[str], tuple[Network, bytes]] = {}

    @property
    def _table_uses(self) -> int:
        return 1 + takes_masked_positions(self.heads)

    @functools.cached_property
    def texts(self) -> list[Packed]:
        """The calibration texts."""
        request = self.request
        return calibration_texts(self.trunk, request.calibrate, request.columns, self.longest)

    @functools.cached_property
    def moments(self) -> list[Moments]:
        """Of every product's inputs on the texts."""
        texts = enough_for_rounding(self.texts, self.config)
        return input_moments(self.config, self.tensors, self.heads, texts)

    def built(self, plan: Plan) -> Built:
        """The flatbuffer of `plan`."""
        quantized_outputs: Mapping[str, Any] = {}
        facts: Mapping[str, Any] = {}
        layout = self.layout
        if plan.activations is not None:
            network, model, found = self._integer(plan)
            quantized_outputs, facts, layout = found.quantized_outputs, found.facts, Layout(found.layout, found.length)
        elif plan.is_tensorflows:
            network, model = self._by_tensorflow(plan)
        else:
            network, model = self._by_parts(plan)
        check_stored(model, network.matrices, WORD_EMBEDDINGS, plan)
        named = with_description(model, self.request.checkpoints, plan, self.request.options)
        return Built(named, layout, quantized_outputs, facts)

    # === The three ways ===

    def _by_tensorflow(self, plan: Plan) -> tuple[Network, bytes]:
        """TensorFlow's converter quantizes."""
        weights = plan.parts["embedding"]  # as every part's
        per_row = all(target.per_channel for target in self.request.targets)
        tensors = self._rounded(plan, per_row) if weights == "int8" else self.tensors
        network = self._network(tensors, weights if weights == "int8" else None)
        model = with_one_table(self._converted(network, weights), network.table, self._table_uses)
        if weights == "int8":
            matrices = list(network.matrices.values())
            model = with_small_products_in_float32(model, matrices, network.table.shape)
        return network, model

    def _by_parts(self, plan: Plan) -> tuple[Network, bytes]:
        """TensorFlow's converter gives float32, and each part is then stored as planned."""
        table = plan.parts["embedding"]
        scaled = table if table in LEVELS else None
        if scaled not in self._plain:
            network = self._network(self.tensors, scaled)
            model = with_one_table(self._converted(network), network.table, self._table_uses)
            self._plain[scaled] = network, model
        network, model = self._plain[scaled]
        rounded = stored_values(self.config, self._rounded(plan, per_row=True))
        model = with_products_in(model, network.matrices, WORD_EMBEDDINGS, plan.parts, rounded)
        return network, with_table_in(model, network.table, table)

    def _integer(self, plan: Plan) -> tuple[Network, bytes, Any]:
        """Products of integers by integers."""
        from converters.static import Source, quantized

        per_row = all(target.per_channel for target in self.request.targets)
        tensors = self._rounded(plan, per_row)
        network = self._network(tensors, plan.parts["embedding"], sums_apart=True)
        texts = None if self.request.calibrate is None else self.texts
        source = Source(self.request, network, tensors, self.heads, texts)
        found = quantized(self._converted(network), source, plan)
        model = with_one_table(found.model, network.table, self._table_uses)
        return network, with_table_in(model, network.table, plan.parts["embedding"]), found

    def _rounded(self, plan: Plan, per_row: bool) -> Tensors:
        """The tensors with the products of few bits on their grids."""
        parts = {name: parts_of(name) for name in self.tensors}
        levels = {
            name: LEVELS[plan.parts[part]]
            for name, part in parts.items()
            if part not in (None, "embedding") and plan.parts[part] in LEVELS
        }
        return rounded_tensors(self.tensors, self.moments, levels, per_row) if levels else self.tensors

    def _network(self, tensors: Tensors, scaled: Optional[str], sums_apart: bool = False) -> Network:
        """`scaled`: the precision of a table that has a scale a row; `sums_apart`: whatever the request says."""
        scales = None
        if scaled is not None:
            scales = grid_ends(tensors[WORD_EMBEDDINGS], per_row=True, levels=LEVELS[scaled])
        return Network(self.config, tensors, scales, sums_apart or bool(self.request.options.get("sums_apart")))

    def _converted(self, network: Network, weights: str = "float32") -> bytes:
        serve = serving_function(network, self.heads, self.layout, self.request.early_exit)
        return tflite.flatbuffer(network, serve, weights, self.request.targets)

"""Full integer: every matrix product of a float32 flatbuffer in integers, activations and weights alike.

ai-edge-quantizer writes the file, the loop's body included; it is told each activation's range, which its own
calibration can't measure inside a loop (`converters.calibration` does). FULLY_CONNECTED and BATCH_MATMUL compute in
int8, or in int16 with int8 weights, and what carries their values on (RESHAPE, TRANSPOSE) stays in integers; LayerNorm,
softmax, GELU, tanh, the sums and the unrolled layout's mask are float32 islands between, so that neither a norm's
square nor a mask of -1000 gets a scale. Leaves out the table of words and fill-mask's product with it
(`converters.flatbuffer`), and the kernels: on a CPU most of this runs slower than `dynamic-range`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import CheckFailedError, ConfigError
from albert_edge.text.packing import Packed
from converters.accumulators import with_int32_sums
from converters.activations import DEFAULTS
from converters.calibration.choice import Choice, Ranges, Simulation, choose_scales, given_ranges
from converters.calibration.ranges import Range, choose_range
from converters.calibration.recording import record
from converters.calibration.running import PointNetwork
from converters.flatbuffer import PER_ROW_VERSION, read_tables, schema, write_tables
from converters.graph.heads import GraphHead
from converters.graph.network import Network
from converters.outputs import with_integer_outputs
from converters.places import Found, find_products

if TYPE_CHECKING:
    from converters.built import BuildRequest
    from converters.schemes import Plan

BITS = {"int8": 8, "int16": 16}
"""A plan's `activations` -> bits of an activation; weights have 8."""

_PRODUCTS = (schema.BuiltinOperator.FULLY_CONNECTED, schema.BuiltinOperator.BATCH_MATMUL)
_OPERATIONS = ("FULLY_CONNECTED", "BATCH_MATMUL", "RESHAPE", "TRANSPOSE")
_INTEGER, _FLOAT = "integer", "float"
"""First parts of tensors' names: what an integer operator gives, and what it takes from a float one."""


@dataclasses.dataclass(frozen=True, eq=False)
class Source:
    """What a plan is made from."""

    request: BuildRequest
    network: Network
    """The network of the flatbuffer, with `sums_apart`."""
    tensors: Mapping[str, NDArray[np.float32]]
    """Its tensors by Hugging Face's names, the products' rounded already."""
    heads: tuple[GraphHead, ...]
    texts: Optional[Sequence[Packed]]
    """On which activations are measured; None: the folder's `activation_ranges` are taken."""

    def option(self, name: str) -> Any:
        """The request's option, a key of `converters.activations.DEFAULTS`."""
        return self.request.options.get(name, DEFAULTS[name])


@dataclasses.dataclass(frozen=True)
class Quantized:
    """A full-integer file, the table of words still float32."""

    model: bytes
    layout: str
    length: Optional[int]
    quantized_outputs: Mapping[str, Mapping[str, Any]]
    """Output's name in the signature -> `dtype`, `scale`, `zero_point`; empty where outputs are float32."""
    facts: Mapping[str, Any]


def quantized(model: bytes, source: Source, plan: Plan) -> Quantized:
    """The float32 flatbuffer `model` with the products and activations of `plan`.

    Raises `ConfigError` if a point has no range, `CheckFailedError` if a product isn't found in the flatbuffer or is
    still a float one afterwards.
    """
    request = source.request
    activations = str(plan.activations)
    per_row = all(target.per_channel for target in request.targets)
    choice, outputs = _choice(source, activations)
    model = with_integer_products(model, source.network, choice.ranges, activations, per_row)
    quantized_outputs: Mapping[str, Mapping[str, Any]] = {}
    if source.option("integer_outputs"):
        model, quantized_outputs = with_integer_outputs(model, outputs, activations)
    facts = {"activation_scales": _report(choice, source)}
    return Quantized(model, request.layout.kind, request.layout.length, quantized_outputs, facts)


def _choice(source: Source, activations: str) -> tuple[Choice, dict[str, Range]]:
    """The ranges of the points, and of each output by its name in the signature."""
    network = source.network
    scales, method, kind = source.option("activation_scales"), source.option("range_method"), source.request.layout.kind
    if source.texts is None:
        ranges = network.config.settings.activation_ranges
        assert ranges is not None, "a request without texts is refused where the folder has none"
        return Choice(given_ranges(ranges), "shared", {}), {}
    bits = BITS[activations]
    watched = PointNetwork(network.config, source.tensors, source.heads)
    seen, outputs = record(watched, source.texts)
    simulation = Simulation(watched, source.tensors, source.texts)
    choice = choose_scales(simulation, seen, scales, kind, bits, method)
    return choice, {name: choose_range(histogram, bits, method) for name, histogram in outputs.items()}


def _report(choice: Choice, source: Source) -> dict[str, Any]:
    return {
        "asked": source.option("activation_scales"),
        "used": choice.used,
        "ranges": "training" if source.texts is None else source.option("range_method"),
        "texts": 0 if source.texts is None else len(source.texts),
        "measured": {name: figures.to_dict() for name, figures in choice.measured.items()},
    }


# === The products ===


def with_integer_products(model: bytes, network: Network, ranges: Ranges, activations: str, per_row: bool) -> bytes:
    """The float32 flatbuffer `model` of `network` with every product in integers.

    `ranges`: of every activation point; `activations`: `int8` or `int16`; `per_row`: each row of a matrix has a scale
    of its own, else each matrix has one. Raises `ConfigError` if a point has no range, `CheckFailedError` if a product
    isn't found or is still a float one.
    """
    tables = read_tables(model)
    found = find_products(tables, network)
    calibration = _name_tensors(tables, found, ranges)
    made = _by_quantizer(write_tables(tables), calibration, BITS[activations], per_row)
    tables = read_tables(made)
    check_integer(tables, activations, sum(each.is_product for each in found))
    if per_row:
        for code in tables.operatorCodes:
            if code.builtinCode == schema.BuiltinOperator.FULLY_CONNECTED:
                code.version = PER_ROW_VERSION
    with_int32_sums(tables)
    return write_tables(tables)


def _name_tensors(tables: Any, found: Sequence[Found], ranges: Ranges) -> dict[str, dict[str, Any]]:
    """Name the tensors of the points after these, by which the quantizer is told what to do; its calibration result."""
    calibration = {}
    numbers = {id(graph): number for number, graph in enumerate(tables.subgraphs)}
    results = {(id(each.graph), int(index)) for each in found for index in each.operator.outputs}
    for each in found:
        for index, place in each.places.items():
            try:
                limits = ranges.of(place.point, place.depth)
            except KeyError as reason:
                raise ConfigError(f"every activation point needs a range; received none of {place.point}") from reason
            kind = _INTEGER if (id(each.graph), index) in results else _FLOAT
            name = f"{kind}/{place.point}/{numbers[id(each.graph)]}.{index}"
            each.graph.tensors[index].name = name.encode()
            calibration[name] = {"min": np.array([limits.low], np.float32), "max": np.array([limits.high], np.float32)}
    return calibration


def _by_quantizer(model: bytes, calibration: dict[str, dict[str, Any]], bits: int, per_row: bool) -> bytes:
    # Takes seconds to start.
    from ai_edge_quantizer import qtyping, quantizer

    granularity = qtyping.QuantGranularity.CHANNELWISE if per_row else qtyping.QuantGranularity.TENSORWISE
    config = qtyping.OpQuantizationConfig(
        activation_tensor_config=qtyping.TensorQuantizationConfig(num_bits=bits, symmetric=bits == 16),
        weight_tensor_config=qtyping.TensorQuantizationConfig(num_bits=8, symmetric=True, granularity=granularity),
        compute_precision=qtyping.ComputePrecision.INTEGER,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "float32.tflite"
        path.write_bytes(model)
        tool = quantizer.Quantizer(str(path))
        for operation in _OPERATIONS:
            tool.update_quantization_recipe(f"^{_INTEGER}/", qtyping.TFLOperationName(operation), config)
        # Its bars are shown whatever is asked for.
        with contextlib.redirect_stderr(io.StringIO()):
            made = tool.quantize(calibration, enable_progress_bar=False, enable_progress_report=False)
        return bytes(made.quantized_model)


def check_integer(tables: Any, activations: str, products: int) -> None:
    """Raise `CheckFailedError` unless `products` products of `tables` take and give only `activations`."""
    wanted = {"int8": schema.TensorType.INT8, "int16": schema.TensorType.INT16}[activations]
    integer = 0
    for graph in tables.subgraphs:
        for operator in graph.operators:
            if tables.operatorCodes[operator.opcodeIndex].builtinCode in _PRODUCTS:
                taken, given = (graph.tensors[indices[0]].type for indices in (operator.inputs, operator.outputs))
                integer += taken == given == wanted
    if integer != products:
        raise CheckFailedError(f"all {products} products must be of {activations}; received {integer} that are")

"""Where a file's error starts: every activation point of a quantized file against the float32 network, layer by layer.

For looking, the file is built anew in the unrolled layout, where each layer has tensors of its own, and the tensors of
the points become further outputs of its graph; the looped file computes the same. The float32 network is the graph's
own, run on the same texts. Products are recognized by their weights. Leaves out what lies between the points, and
which part to change: a point's error includes those of all points before it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.files import PathLike
from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.session import Session
from albert_edge.tasks import MASKED_POSITIONS
from albert_edge.text.packing import Packed
from converters.built import BuildRequest
from converters.calibration import calibration_texts
from converters.calibration.choice import powers, sqnr_db
from converters.combination import read_heads
from converters.flatbuffer import read_tables, schema, write_tables
from converters.layout import Layout
from converters.schemes import plan_of
from converters.stored import STORED_TYPES, Stored, matrix_of, recognized
from converters.targets import DEFAULT_TARGET, parse_targets
from converters.worker import build_apart

if TYPE_CHECKING:
    from albert_edge.model.folder import Checkpoint
    from albert_edge.text.tables import Columns
    from converters.graph.network import Network

TRACED_TEXTS = 32
"""Spread over the data file; every one's activations are compared value by value."""

FloatArray = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Traced:
    """A point in a layer."""

    point: str
    depth: int
    """The layer, from 0; -1 outside the layers."""
    relative_error: float
    """Root-mean-square of the error over the root-mean-square of the float32 values."""
    sqnr_db: Optional[float]
    """The same in dB: signal power over noise power; None where either is 0."""


def trace(
    model: PathLike,
    data: PathLike,
    *,
    scheme: str = "int8",
    task: Optional[str] = None,
    calibrate: Optional[PathLike] = None,
    columns: Optional[Columns] = None,
    limit: int = TRACED_TEXTS,
) -> dict[str, Any]:
    """Compare the activations of the folder `model`'s file in `scheme` with the float32 network's, on texts of `data`.

    Args:
      data, calibrate: data files of the task, answers not needed; `calibrate` as in `convert`.
      columns: where their texts lie.
      limit: texts to compare on.

    Returns `scheme`, `texts`, `length` (tokens of the file that was looked at) and `rows`, in the order of the
    computation, with the fields of `Traced`. Raises what `convert` raises for bad input.
    """
    checkpoint = read_heads(model, task, (), {})[0]
    texts = calibration_texts(checkpoint, data, columns, count=limit)
    length = max(len(packed.input_ids) for packed in texts)
    request = BuildRequest(
        (checkpoint,),
        Layout("unrolled", length),
        (plan_of(scheme),),
        parse_targets([DEFAULT_TARGET]),
        calibrate,
        columns,
        # Else LayerNorm's shift is in the next product's bias, and the tensor in front of that isn't the point.
        {"sums_apart": True},
    )
    (built,), _ = build_apart(request)
    rows = compare_points(built.model, checkpoint, texts, length)
    return {
        "scheme": scheme,
        "texts": len(texts),
        "length": length,
        "rows": [dataclasses.asdict(row) for row in rows],
    }


def compare_points(model: bytes, checkpoint: Checkpoint, texts: Sequence[Packed], length: int) -> list[Traced]:
    """Every point of the unrolled flatbuffer `model` of `length` tokens against `checkpoint`'s float32 network."""
    from converters.calibration.running import PointNetwork
    from converters.graph.heads import graph_heads

    heads = graph_heads({checkpoint.task: checkpoint.config})
    network = PointNetwork(checkpoint.config, checkpoint.tensors, heads)
    shown, places = with_points_as_outputs(model, network)
    sums: dict[tuple[str, int], NDArray[np.float64]] = {}
    with open_session(shown) as session:
        for packed in texts:
            received = _points(session, places, packed, length)
            for point, depth, exact in network.run(packed)[1]:
                if (point, depth) not in received:
                    continue  # RELU inside its product
                shown_values = _without_padding(received[point, depth], exact.shape)
                sums[point, depth] = sums.get((point, depth), np.zeros(2)) + powers(exact, shown_values)
    return [_traced(*place, *map(float, each)) for place, each in sums.items()]


def _traced(point: str, depth: int, signal: float, noise: float) -> Traced:
    if not signal or not noise:
        return Traced(point, depth, float(noise > 0), None)
    return Traced(point, depth, float(np.sqrt(noise / signal)), sqnr_db(signal, noise))


@dataclasses.dataclass(frozen=True)
class Output:
    """How a point leaves the graph."""

    name: str
    scale: float
    """1 for a float tensor."""
    zero_point: int


def with_points_as_outputs(model: bytes, network: Network) -> tuple[bytes, dict[tuple[str, int], Output]]:
    """`model`, unrolled, with the tensors of its activation points as outputs; point and layer -> its output.

    Raises `CheckFailedError` if a product of `network` isn't in the file.
    """
    from converters.places import find_products

    tables = read_tables(model)
    signature = tables.signatureDefs[0]
    graph = tables.subgraphs[signature.subgraphIndex]
    tensors: dict[tuple[str, int], int] = {}
    for found in find_products(tables, network, recognized_weights(network)):
        for index, place in found.places.items():
            if found.is_product and place.depth is not None:
                tensors.setdefault((place.point, place.depth), index)
    shown = {int(entry.tensorIndex): entry.name.decode() for entry in signature.outputs}
    for index in sorted(set(tensors.values()) - set(shown)):
        shown[index] = f"point_{index}"
        signature.outputs.append(schema.TensorMapT(name=shown[index].encode(), tensorIndex=index))
    graph.outputs = list(shown)
    places = {place: _output(graph.tensors[index], shown[index]) for place, index in tensors.items()}
    return write_tables(tables), places


def recognized_weights(network: Network) -> Callable[[Any, Any], Optional[str]]:
    """What tells a product's name by its weights, rounded or not: the network's matrix that is nearest."""
    matrices = {name: values for name, values in network.matrices.items() if name.endswith(".weight")}

    def name_of(tensor: Any, data: NDArray[np.uint8]) -> Optional[str]:
        if tensor.type not in STORED_TYPES:
            return None
        weights = recognized(Stored("", matrix_of(tensor, data)), matrices)
        return None if weights is None else weights.rpartition(".")[0]

    return name_of


def _output(tensor: Any, name: str) -> Output:
    if tensor.type == schema.TensorType.FLOAT32:
        return Output(name, 1.0, 0)
    return Output(name, float(tensor.quantization.scale[0]), int(tensor.quantization.zeroPoint[0]))


def _points(
    session: Session, places: Mapping[tuple[str, int], Output], packed: Packed, length: int
) -> dict[tuple[str, int], FloatArray]:
    """What is at each point for one text, as float32, with the padding's rows."""
    padding = (0, length - len(packed.input_ids))
    rows = {
        "input_ids": packed.input_ids,
        "token_type_ids": packed.token_type_ids,
        "attention_mask": np.ones_like(packed.input_ids),
    }
    arrays = {name: np.pad(values, padding)[np.newaxis] for name, values in rows.items()}
    if MASKED_POSITIONS in session.inputs:
        arrays[MASKED_POSITIONS] = np.zeros((1, 1), np.int32)
    outputs = session.run(arrays)
    return {
        place: (outputs[each.name].astype(np.float32) - each.zero_point) * np.float32(each.scale)
        for place, each in places.items()
    }


def _without_padding(values: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    return values[tuple(slice(size) for size in shape)]

"""Where a model's matrix products stand in its flatbuffer, and which activation point each of their tensors is.

Names of tensors come and go with the converter's version, so none is read. A product with a matrix is known by its
values, which are the network's own; a product of two activations by the products that its sides come from. The body of
the loop is a subgraph like any other. What merely moves values on the way from one product to the next (RESHAPE,
TRANSPOSE) is found too: it may stay in integers.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any, Callable, Optional

import numpy as np

from albert_edge.config import AlbertConfig
from albert_edge.errors import CheckFailedError
from converters.calibration.points import group_of_point, points_of_attention, points_of_product
from converters.flatbuffer import schema
from converters.graph.network import Network

_MOVES = (
    schema.BuiltinOperator.RESHAPE,
    schema.BuiltinOperator.TRANSPOSE,
    schema.BuiltinOperator.QUANTIZE,
    schema.BuiltinOperator.DEQUANTIZE,
)
"""The last two only in a quantized file."""


@dataclasses.dataclass(frozen=True)
class Place:
    """An activation point in one layer."""

    point: str
    depth: Optional[int]
    """The layer, from 0; -1 outside the layers; None where one operator serves several layers, in a loop."""


@dataclasses.dataclass(frozen=True, eq=False)
class Found:
    """A product in the graph, or an operator that moves a product's values to the next."""

    graph: Any
    operator: Any
    is_product: bool
    places: dict[int, Place]
    """Index of an activation's tensor in `graph` -> its point."""
    given: Place
    """The point of its result."""


NameOf = Callable[[Any, Any], Optional[str]]
"""Tensor and data of a product's weights -> the product's name."""


def find_products(tables: Any, network: Network, name_of: Optional[NameOf] = None) -> list[Found]:
    """Every product of `network` in the model `tables`, and the moves between them, in the graph's order.

    `name_of`: how weights are recognized; None: by their float32 values, exactly.

    Raises `CheckFailedError` if a product of the network isn't there, or so often that its layer can't be told.
    """
    names = _names_by_value(network)
    found: list[Found] = []
    for graph in tables.subgraphs:
        found += _Search(tables, graph, name_of or (lambda _, data: names.get(data.tobytes())), network.config).found
    _check(found, names, network.config)
    return found


def _names_by_value(network: Network) -> dict[bytes, str]:
    """The bytes of each matrix that a product takes -> the product's name; of equal ones the first."""
    names: dict[bytes, str] = {}
    for weights, values in network.matrices.items():
        name = weights.rpartition(".")[0]
        try:
            points_of_product(name)
        except KeyError:
            continue  # a table
        names.setdefault(values.astype(np.float32).tobytes(), name)
    return names


class _Search:
    """One pass over the operators of a subgraph, in their order: what a product takes has been found before it."""

    def __init__(self, tables: Any, graph: Any, name_of: NameOf, config: AlbertConfig) -> None:
        self.found: list[Found] = []
        self._tables, self._graph, self._name_of, self._config = tables, graph, name_of, config
        self._producers: dict[int, Any] = {}
        self._results: dict[int, Found] = {}
        """By the tensor of the result."""
        self._seen: Counter[str] = Counter()
        self._is_main = graph is tables.subgraphs[tables.signatureDefs[0].subgraphIndex]
        for operator in graph.operators:
            self._producers.update(dict.fromkeys(map(int, operator.outputs), operator))
            code = self._code(operator)
            if code == schema.BuiltinOperator.FULLY_CONNECTED:
                self._dense(operator)
            elif code == schema.BuiltinOperator.BATCH_MATMUL:
                self._attention(operator)

    def _code(self, operator: Any) -> int:
        return int(self._tables.operatorCodes[operator.opcodeIndex].builtinCode)

    def _dense(self, operator: Any) -> None:
        index = int(operator.inputs[1])
        if index in self._producers:
            index = int(self._producers[index].inputs[0])  # float16, widened
        weights = self._graph.tensors[index]
        data = self._tables.buffers[weights.buffer].data
        name = None if data is None else self._name_of(weights, data)
        if name is None:
            return
        points = points_of_product(name)
        depth = self._depth(points.given, self._seen[name])
        self._seen[name] += 1
        given = points.given
        if operator.builtinOptions.fusedActivationFunction != schema.ActivationFunctionType.NONE:
            given = given.replace("ffn_inner", "ffn_activated")  # RELU is part of the product
        self._add(operator, [(int(operator.inputs[0]), Place(points.taken, depth))], Place(given, depth))

    def _attention(self, operator: Any) -> None:
        left, right = (self._source(int(index)) for index in operator.inputs)
        side = right.given.point if right is not None else ""
        prefix, _, part = side.rpartition(".")
        parts = {"key": "scores", "value": "context"}
        if right is None or part not in parts:
            raise CheckFailedError(
                "a product of two activations must be one of attention's, of keys or values; "
                f"received one of {side or 'something else'}"
            )
        depth = right.given.depth
        given = Place(f"{prefix}.{parts[part]}", depth)
        first = Place(f"{prefix}.{'query' if part == 'key' else 'probabilities'}", depth)
        if left is not None and left.given != first:
            raise CheckFailedError(f"the left side of {given.point} must be {first.point}; received {left.given.point}")
        sides = zip(map(int, operator.inputs), (first, right.given))
        self._add(operator, list(sides), given)

    def _add(self, operator: Any, taken: list[tuple[int, Place]], given: Place) -> None:
        for index, place in taken:
            self._add_moves(index, place)
        result = int(operator.outputs[0])
        product = Found(self._graph, operator, True, {**dict(taken), result: given}, given)
        self.found.append(product)
        self._results[result] = product

    def _add_moves(self, index: int, place: Place) -> None:
        """The operators that bring a product's result to the tensor `index`; its point is that result's."""
        if self._source(index) is None:
            return
        while index not in self._results:
            operator = self._producers[index]
            taken = int(operator.inputs[0])
            move = Found(self._graph, operator, False, {taken: place, index: place}, place)
            if all(each.operator is not operator for each in self.found):
                self.found.append(move)
            index = taken

    def _source(self, index: int) -> Optional[Found]:
        """The product whose result reaches the tensor `index` by moves alone."""
        while index not in self._results:
            operator = self._producers.get(index)
            if operator is None or self._code(operator) not in _MOVES:
                return None
            index = int(operator.inputs[0])
        return self._results[index]

    def _depth(self, point: str, seen: int) -> Optional[int]:
        if not self._is_main:
            return None
        group = group_of_point(point)
        if group is None:
            return -1
        layers = [
            layer for layer in range(self._config.num_hidden_layers) if self._config.group_of_layer(layer) == group
        ]
        if seen >= len(layers):
            raise CheckFailedError(f"{point} must be computed {len(layers)} times; received another one")
        return layers[seen]


def _check(found: list[Found], names: dict[bytes, str], config: AlbertConfig) -> None:
    """Every product, in the layers that it serves, and two of attention for each block."""
    products = [each for each in found if each.is_product]
    given = {each.given.point.replace("ffn_activated", "ffn_inner") for each in products}
    for name in names.values():
        if points_of_product(name).given not in given:
            raise CheckFailedError(f"every product of the model must be in the file; received none of {name}")
        if name.endswith("attention.query"):
            block = name.removesuffix(".query")
            for kind in ("scores", "context"):
                if points_of_attention(f"{block}.{kind}").given not in given:
                    raise CheckFailedError(f"every product of attention must be in the file; received no {kind}")
    for point, count in Counter(each.given.point for each in products if each.given.depth not in (None, -1)).items():
        group = group_of_point(point)
        wanted = sum(config.group_of_layer(layer) == group for layer in range(config.num_hidden_layers))
        if count != wanted:
            raise CheckFailedError(f"{point} must be computed in {wanted} layers; received {count}")

"""Where a graph reads its stored weights: how many bytes there are, and how often each matrix is multiplied.

ALBERT applies one block again and again. On disk the layers share its weights in either layout; in memory an
interpreter's delegate packs a matrix once for each operator that multiplies by it. So `weight_copies` counts those
operators: 1 in the looped layout, the number of layers in the unrolled one. Tables that are only looked up (GATHER,
EMBEDDING_LOOKUP) don't count.
"""

from __future__ import annotations

import math
from collections import Counter

from albert_edge.artifact.facts import ModelFacts, OperatorFacts

MIN_WEIGHT_BYTES = 1024
"""Smaller constants are shapes, axes and scales rather than weights."""

# Operator -> positions of the inputs that a runtime packs if they are constant.
MATRIX_OPERANDS = {"FULLY_CONNECTED": (1,), "CONV_2D": (1,), "BATCH_MATMUL": (0, 1)}

# The value of the first input, stored or arranged in another way.
PASSING_ON = ("DEQUANTIZE", "QUANTIZE", "CAST", "RESHAPE", "TRANSPOSE", "SQUEEZE", "EXPAND_DIMS")

# Operator -> positions of its table and of the row numbers.
LOOKUPS = {"GATHER": (0, 1), "EMBEDDING_LOOKUP": (1, 0)}

Place = tuple[int, int]
"""Subgraph and tensor."""


def unique_weight_bytes(model: ModelFacts) -> int:
    """Bytes of the distinct constants of at least `MIN_WEIGHT_BYTES` that operators read."""
    spans = {
        model.buffers[graph.tensors[index].buffer]
        for graph in model.subgraphs
        for operator in graph.operators
        for index in operator.inputs
        if index >= 0
    }
    return sum(size_bytes for _, size_bytes in spans if size_bytes >= MIN_WEIGHT_BYTES)


def weight_copies(model: ModelFacts) -> int:
    """The largest number of matrix products that read one stored matrix; 0 without any."""
    tracer = _Tracer(model)
    products: Counter[tuple[int, int]] = Counter()
    for number, graph in enumerate(model.subgraphs):
        for operator in graph.operators:
            for position in MATRIX_OPERANDS.get(operator.name, ()):
                for source in tracer.sources((number, _input(operator, position))):
                    tensor = model.subgraphs[source[0]].tensors[source[1]]
                    if model.buffers[tensor.buffer][1] >= MIN_WEIGHT_BYTES:
                        products[model.buffers[tensor.buffer]] += 1
    return max(products.values(), default=0)


def product_types(model: ModelFacts, fewest: int) -> set[str]:
    """Types that matrices of at least `fewest` weights are stored in, of those that FULLY_CONNECTED multiplies by."""
    tracer = _Tracer(model)
    return {
        model.subgraphs[source[0]].tensors[source[1]].dtype
        for number, graph in enumerate(model.subgraphs)
        for operator in graph.operators
        if operator.name == "FULLY_CONNECTED"
        for source in tracer.sources((number, _input(operator, 1)))
        if _is_matrix(model, source, fewest)
    }


def table_types(model: ModelFacts, ids: Place) -> set[str]:
    """Types of the tables that are looked up by the values of the tensor `ids`, a column of scales left out."""
    tracer = _Tracer(model)
    return {
        model.subgraphs[source[0]].tensors[source[1]].dtype
        for operator in model.subgraphs[ids[0]].operators
        if operator.name in LOOKUPS and ids in tracer.sources((ids[0], _input(operator, LOOKUPS[operator.name][1])))
        for source in tracer.sources((ids[0], _input(operator, LOOKUPS[operator.name][0])))
        if _is_matrix(model, source, 0)
    }


def _is_matrix(model: ModelFacts, place: Place, fewest: int) -> bool:
    """Whether a constant with more than one column, and at least `fewest` numbers, lies there."""
    tensor = model.subgraphs[place[0]].tensors[place[1]]
    is_matrix = len(tensor.shape) == 2 and tensor.shape[1] > 1
    return is_matrix and model.is_constant(tensor) and math.prod(tensor.shape) >= fewest


def table_rows(model: ModelFacts, ids: Place) -> list[int]:
    """Rows of each table that is looked up by the values of the tensor `ids`."""
    tracer = _Tracer(model)
    graph = model.subgraphs[ids[0]]
    rows = []
    for operator in graph.operators:
        if operator.name in LOOKUPS:
            table, numbers = (_input(operator, position) for position in LOOKUPS[operator.name])
            if ids in tracer.sources((ids[0], numbers)) and graph.tensors[table].shape:
                rows.append(graph.tensors[table].shape[0])
    return rows


def _input(operator: OperatorFacts, position: int) -> int:
    return operator.inputs[position] if position < len(operator.inputs) else -1


class _Tracer:
    """Finds the tensors that a tensor's value comes from, unchanged but for its type and shape."""

    def __init__(self, model: ModelFacts) -> None:
        self.model = model
        self.producers: dict[Place, OperatorFacts] = {}
        self.loops: dict[int, list[tuple[int, OperatorFacts]]] = {}
        for number, graph in enumerate(model.subgraphs):
            for operator in graph.operators:
                self.producers.update({(number, output): operator for output in operator.outputs})
                if operator.name == "WHILE":
                    self.loops.setdefault(operator.calls[1], []).append((number, operator))

    def sources(self, place: Place) -> set[Place]:
        """Where the value at `place` starts: constants, the model's inputs, results of other operators."""
        # A list of what is left to follow, not recursion: a damaged graph may have circles or chains of any length.
        ends, seen, left = set(), set(), [place]
        while left:
            current = left.pop()
            if current in seen or current[1] < 0:
                continue
            seen.add(current)
            origins = self._origins(current)
            left.extend(origins)
            if not origins:
                ends.add(current)
        return ends

    def _origins(self, place: Place) -> list[Place]:
        """One step back from `place`; nothing where its value starts."""
        number, index = place
        producer = self.producers.get(place)
        if producer is not None and producer.name in PASSING_ON:
            return [(number, _input(producer, 0))]
        if producer is not None and producer.name == "WHILE":
            position = producer.outputs.index(index)
            return [(number, _input(producer, position))] if self._is_kept(producer.calls[1], position) else []
        if producer is None and index in self.model.subgraphs[number].inputs:
            position = self.model.subgraphs[number].inputs.index(index)
            if self._is_kept(number, position):
                return [(caller, _input(loop, position)) for caller, loop in self.loops.get(number, [])]
        return []

    def _is_kept(self, body: int, position: int) -> bool:
        """Whether a loop's body hands the value at `position` on as it was."""
        graph = self.model.subgraphs[body]
        inside = position < min(len(graph.inputs), len(graph.outputs))
        return inside and graph.inputs[position] == graph.outputs[position]

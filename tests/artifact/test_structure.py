"""What `check_structure` refuses, each in a model that is otherwise sound."""

import numpy as np
import pytest
from small_models import FILES, GraphBuilder, loop_model, model_bytes

from albert_edge.artifact.flatbuffer import read_model
from albert_edge.artifact.permitted import OPERATORS
from albert_edge.artifact.structure import check_structure
from albert_edge.errors import ArtifactError


@pytest.mark.parametrize("name", FILES)
def test_takes_converted_models(name):
    check_structure(read_model(model_bytes(name)))


def add_model() -> GraphBuilder:
    """x + constant."""
    builder = GraphBuilder()
    graph = builder.subgraph()
    graph.inputs = [builder.tensor(graph, [2, 3])]
    constant = builder.tensor(graph, [2, 3], np.ones((2, 3), np.float32))
    graph.outputs = [builder.tensor(graph, [2, 3])]
    builder.operator(graph, "ADD", [0, constant], graph.outputs)
    return builder


def quantize(builder: GraphBuilder, scales: int, zero_points: int, dimension: int) -> None:
    parameters = builder.schema.QuantizationParametersT()
    parameters.scale, parameters.zeroPoint = [1.0] * scales, [0] * zero_points
    parameters.quantizedDimension = dimension
    builder.model.subgraphs[0].tensors[1].quantization = parameters


def graph_of(builder: GraphBuilder):
    return builder.model.subgraphs[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: setattr(graph_of(b).tensors[1], "shape", [2, 2]), "must have 16 bytes; received 24"),
        (lambda b: setattr(graph_of(b).tensors[1], "type", 9), "type int8 and shape .* must have 6 bytes; received 24"),
        (lambda b: setattr(graph_of(b).tensors[0], "type", 5), "must be dense.* received string"),
        (lambda b: setattr(graph_of(b).tensors[0], "isVariable", True), "must be dense, without state"),
        (lambda b: setattr(graph_of(b).tensors[0], "shape", [1] * 7), "at most 6 dimensions"),
        (lambda b: quantize(b, 3, 3, 0), "one scale and one zero point"),
        (lambda b: quantize(b, 3, 1, 1), "one scale and one zero point"),
        (lambda b: quantize(b, 1, 1, 2), "one scale and one zero point"),
        (
            lambda b: setattr(graph_of(b).operators[0], "inputs", [0]),
            "ADD must have 2 inputs and 1 outputs; received 1",
        ),
        (lambda b: setattr(graph_of(b).operators[0], "inputs", [0, -1]), "ADD must have its inputs"),
        (lambda b: setattr(graph_of(b).operators[0], "inputs", [0, 2]), "written before ADD reads it; received 2"),
        (lambda b: setattr(graph_of(b).operators[0], "outputs", [1]), "no value yet"),
        (lambda b: setattr(graph_of(b).operators[0], "outputs", [0]), "no value yet"),
        (lambda b: setattr(graph_of(b), "inputs", [0, 1]), "must not be constants"),
        (lambda b: graph_of(b).operators.clear(), "outputs of subgraph .* must be written"),
        (
            lambda b: setattr(b.model.operatorCodes[0], "builtinCode", 32),
            "among those of a text model; received CUSTOM:",
        ),
        (lambda b: setattr(b.model.operatorCodes[0], "builtinCode", 142), "received VAR_HANDLE"),
    ],
)
def test_refuses_one_change(change, message):
    builder = add_model()
    check_structure(read_model(builder.to_bytes()))
    change(builder)
    with pytest.raises(ArtifactError, match=message):
        check_structure(read_model(builder.to_bytes()))


@pytest.mark.parametrize(("scales", "dimension"), [(1, 0), (2, 0), (3, 1)])
def test_takes_scales_by_tensor_and_by_index(scales, dimension):
    builder = add_model()
    quantize(builder, scales, scales, dimension)
    check_structure(read_model(builder.to_bytes()))


def test_loops():
    check_structure(read_model(loop_model().to_bytes()))
    with pytest.raises(ArtifactError, match="nest at most 8 deep; received deeper or endless ones"):
        check_structure(read_model(loop_model(with_self_call=True).to_bytes()))
    builder = loop_model()
    builder.model.subgraphs[2].outputs.pop()
    with pytest.raises(ArtifactError, match="as many values as it takes"):
        check_structure(read_model(builder.to_bytes()))


def test_every_permitted_operator_has_a_name_of_the_schema():
    from albert_edge.artifact.operators import BUILTIN_OPERATORS

    assert set(OPERATORS) <= set(BUILTIN_OPERATORS)

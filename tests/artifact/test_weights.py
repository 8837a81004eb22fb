"""How often a stored matrix is multiplied, on converted models and on graphs worked by hand."""

import numpy as np
import pytest
from small_models import GraphBuilder, loop_model, model_bytes

from albert_edge.artifact.flatbuffer import read_model
from albert_edge.artifact.weights import table_rows, unique_weight_bytes, weight_copies

WEIGHT = np.ones((16, 16), np.float32)


def copies(builder: GraphBuilder) -> int:
    return weight_copies(read_model(builder.to_bytes()))


def main_graph() -> tuple:
    builder = GraphBuilder()
    graph = builder.subgraph()
    graph.inputs = [builder.tensor(graph, [16, 16])]
    return builder, graph


@pytest.mark.parametrize(
    ("name", "expected"),
    [("looped_float32", 1), ("looped_float16", 1), ("looped_dynamic_range", 1), ("unrolled_float32", 3)],
)
def test_of_converted_models(name, expected):
    """Three layers: multiplied once each in a row, once in all in a loop."""
    assert weight_copies(read_model(model_bytes(name))) == expected


def test_weight_bytes_of_converted_models(golden):
    """The golden checkpoint's matrices and tables of at least 1,024 bytes, counted from its own file."""
    safetensors = pytest.importorskip("safetensors.numpy")
    tensors = safetensors.load_file(golden / "base_like" / "sequence_classification" / "model.safetensors")
    large = sum(tensor.nbytes for tensor in tensors.values() if tensor.nbytes >= 1024)
    # classifier.weight has 960 bytes, the table of the 2 token types 128.
    assert unique_weight_bytes(read_model(model_bytes("looped_float32"))) == large
    # The unrolled graph holds only the 24 rows of the position table that it reads: 24 * 16 * 4 instead of 64 * 16 * 4.
    assert unique_weight_bytes(read_model(model_bytes("unrolled_float32"))) == large - 40 * 16 * 4


def test_traces_dequantized_reshaped_and_transposed_weights():
    builder, graph = main_graph()
    weight = builder.tensor(graph, [16, 16], WEIGHT)
    steps = [builder.tensor(graph, [16, 16]) for _ in range(3)]
    for name, source, result in zip(("DEQUANTIZE", "RESHAPE", "TRANSPOSE"), (weight, *steps), steps):
        builder.operator(graph, name, [source], [result])
    graph.outputs = [builder.tensor(graph, [16, 16]) for _ in range(3)]
    builder.operator(graph, "FULLY_CONNECTED", [0, weight, -1], graph.outputs[:1])
    builder.operator(graph, "FULLY_CONNECTED", [0, steps[1], -1], graph.outputs[1:2])
    assert copies(builder) == 2
    builder.operator(graph, "BATCH_MATMUL", [0, steps[2]], graph.outputs[2:])
    assert copies(builder) == 3


def test_counts_two_tensors_of_one_buffer_and_not_two_buffers():
    builder, graph = main_graph()
    first = builder.tensor(graph, [16, 16], WEIGHT)
    same = builder.tensor(graph, [16, 16], buffer=graph.tensors[first].buffer)
    other = builder.tensor(graph, [16, 16], 2 * WEIGHT)
    graph.outputs = [builder.tensor(graph, [16, 16]) for _ in range(2)]
    builder.operator(graph, "FULLY_CONNECTED", [0, first, -1], graph.outputs[:1])
    builder.operator(graph, "FULLY_CONNECTED", [0, other, -1], graph.outputs[1:])
    assert copies(builder) == 1
    assert unique_weight_bytes(read_model(builder.to_bytes())) == 2048
    graph.operators[1].inputs = [0, same, -1]
    assert copies(builder) == 2
    assert unique_weight_bytes(read_model(builder.to_bytes())) == 1024


def test_looked_up_tables_and_small_matrices_do_not_count():
    builder, graph = main_graph()
    table = builder.tensor(graph, [16, 16], WEIGHT)
    small = builder.tensor(graph, [4, 16], np.ones((4, 16), np.float32))
    graph.outputs = [builder.tensor(graph, [16, 16]) for _ in range(2)]
    builder.operator(graph, "GATHER", [table, 0], graph.outputs[:1])
    builder.operator(graph, "FULLY_CONNECTED", [0, small, -1], graph.outputs[1:])
    assert copies(builder) == 0


def test_traces_into_loops():
    """A weight handed to the loop counts where its body multiplies it, also with two loops over one body."""
    builder = loop_model()
    assert copies(builder) == 1
    main = builder.model.subgraphs[0]
    weight = main.operators[0].inputs[1]
    results = [builder.tensor(main, [16, 16]) for _ in range(2)]
    # The second loop gets the weight as the first one handed it on.
    builder.operator(main, "WHILE", [main.operators[0].outputs[0], main.operators[0].outputs[1]], results, calls=(1, 2))
    assert copies(builder) == 1
    main.outputs = [builder.tensor(main, [16, 16])]
    builder.operator(main, "FULLY_CONNECTED", [0, results[1], -1], main.outputs)
    assert copies(builder) == 2
    builder.operator(main, "FULLY_CONNECTED", [0, weight, -1], [builder.tensor(main, [16, 16])])
    assert copies(builder) == 3


def test_what_a_loop_changes_is_no_stored_matrix():
    builder = loop_model()
    builder.model.subgraphs[2].outputs = builder.model.subgraphs[2].outputs[::-1]
    assert copies(builder) == 0


def test_circles_end():
    builder, graph = main_graph()
    first, second = (builder.tensor(graph, [16, 16]) for _ in range(2))
    builder.operator(graph, "RESHAPE", [second], [first])
    builder.operator(graph, "RESHAPE", [first], [second])
    builder.operator(graph, "FULLY_CONNECTED", [0, first, -1], [builder.tensor(graph, [16, 16])])
    assert copies(builder) == 0


def test_table_rows():
    for name in ("looped_float32", "looped_float16", "looped_dynamic_range", "unrolled_float32"):
        facts = read_model(model_bytes(name))
        inputs = facts.signatures[0].inputs
        assert table_rows(facts, (0, inputs["input_ids"])) == [1000]
        assert table_rows(facts, (0, inputs["token_type_ids"])) == [2]

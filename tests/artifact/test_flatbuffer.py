"""`read_model` against the schema's generated code, and on damaged files."""

import random
import struct
import time

import pytest
from small_models import FILES, GraphBuilder, loop_model, model_bytes

from albert_edge.artifact import tables
from albert_edge.artifact.flatbuffer import read_model
from albert_edge.artifact.operators import BUILTIN_OPERATORS, TENSOR_TYPES
from albert_edge.artifact.structure import check_structure
from albert_edge.artifact.weights import unique_weight_bytes, weight_copies
from albert_edge.errors import ArtifactError


@pytest.fixture(scope="module")
def schema():
    return pytest.importorskip("ai_edge_litert.schema_py_generated")


@pytest.mark.parametrize("name", FILES)
def test_equals_the_generated_reader(name, schema):
    data = model_bytes(name)
    expected, facts = schema.ModelT.InitFromPackedBuf(data, 0), read_model(data)
    operators = {number: text for text, number in vars(schema.BuiltinOperator).items() if text[0] != "_"}

    assert (facts.version, facts.description) == (expected.version, expected.description.decode())
    assert facts.metadata == {entry.name.decode(): entry.buffer for entry in expected.metadata}
    stored = [b"" if buffer.data is None else bytes(bytearray(buffer.data)) for buffer in expected.buffers]
    assert [data[start : start + size] for start, size in facts.buffers] == stored
    for graph, other in zip(facts.subgraphs, expected.subgraphs):
        assert (graph.name, list(graph.inputs)) == (other.name.decode(), list(other.inputs))
        assert list(graph.outputs) == list(other.outputs)
        for tensor, same in zip(graph.tensors, other.tensors):
            shape = same.shape if same.shapeSignature is None else same.shapeSignature
            assert (tensor.name, tensor.buffer) == (same.name.decode(), same.buffer)
            assert list(tensor.shape) == ([] if shape is None else list(shape))
            assert getattr(schema.TensorType, tensor.dtype.upper()) == same.type
            scales = None if same.quantization is None else same.quantization.scale
            assert (tensor.quantization.scales if tensor.quantization else 0) == (0 if scales is None else len(scales))
        for operator, same in zip(graph.operators, other.operators):
            code = expected.operatorCodes[same.opcodeIndex]
            assert operator.name == operators[max(code.builtinCode, code.deprecatedBuiltinCode)]
            assert (operator.version, list(operator.inputs)) == (code.version, list(same.inputs))
            assert list(operator.outputs) == list(same.outputs)
    assert len(facts.subgraphs) == len(expected.subgraphs)


def test_signatures_and_calls():
    facts = read_model(model_bytes("looped_float32"))
    (signature,) = facts.signatures
    assert (signature.name, signature.subgraph) == ("serving_default", 0)
    assert sorted(signature.inputs) == ["input_ids", "max_depth", "token_type_ids"]
    assert list(signature.outputs) == ["logits"]
    loops = [operator for operator in facts.subgraphs[0].operators if operator.calls]
    assert [(loop.name, [facts.subgraphs[call].name for call in loop.calls]) for loop in loops] == [
        ("WHILE", ["while_cond", "while_body"])
    ]


def test_the_tables_of_names_are_the_schemas(schema):
    for table, names in (
        (schema.BuiltinOperator, BUILTIN_OPERATORS),
        (schema.TensorType, tuple(name.upper() for name, _ in TENSOR_TYPES)),
    ):
        numbers = {name: number for name, number in vars(table).items() if not name.startswith("_")}
        # An older package knows fewer of them.
        assert numbers.items() <= {name: number for number, name in enumerate(names)}.items()


def test_takes_a_memoryview_and_is_quick():
    data = memoryview(model_bytes("unrolled_float32"))
    durations_ms = []
    for _ in range(5):
        start = time.perf_counter()
        read_model(data)
        durations_ms.append(1000 * (time.perf_counter() - start))
    assert min(durations_ms) < 60, durations_ms


# === Damage: an ArtifactError or facts, never anything else ===


def check_all(data: bytes) -> None:
    facts = read_model(data)
    unique_weight_bytes(facts)
    weight_copies(facts)
    check_structure(facts)


def is_refused(data: bytes) -> bool:
    try:
        check_all(data)
    except ArtifactError as error:
        return "\n" not in str(error)
    return False


def test_truncated_files():
    data = model_bytes("looped_dynamic_range")
    lengths = [*range(20), *random.Random(1).sample(range(len(data)), 180)]
    assert all(is_refused(data[:length]) for length in lengths)


def test_random_bytes():
    generator = random.Random(2)
    for _ in range(500):
        noise = generator.randbytes(generator.randrange(400))
        assert is_refused(noise)
        assert is_refused(noise[:4] + b"TFL3" + noise[4:])
        assert is_refused(struct.pack("<I", generator.randrange(8, 60)) + b"TFL3" + noise)


@pytest.mark.parametrize("name", ["looped_dynamic_range", "looped_float16"])
def test_changed_bytes_never_raise_another_error(name):
    data, generator = model_bytes(name), random.Random(3)
    refused = 0
    for _ in range(400):
        changed = bytearray(data)
        for _ in range(generator.choice((1, 1, 4))):
            position = 4 * generator.randrange(len(data) // 4)
            value = generator.choice((0, 1, 2, 5, 1000, 2**31 - 1, 2**31, 2**32 - 1, generator.randrange(2**32)))
            changed[position : position + 4] = struct.pack("<I", value)
        refused += is_refused(bytes(changed))
    assert refused > 20


def test_limits_what_a_few_bytes_can_point_to(monkeypatch):
    monkeypatch.setattr(tables, "MAX_ITEMS", 1000)
    with pytest.raises(ArtifactError, match="at most 1,000 tables and elements"):
        read_model(model_bytes("unrolled_float32"))


def test_refuses_other_files():
    with pytest.raises(ArtifactError, match="the file identifier b'TFL3'; received b'efgh' in 9 bytes"):
        read_model(b"abcdefghi")
    with pytest.raises(ArtifactError, match="the file identifier b'TFL3'; received b'' in 0 bytes"):
        read_model(b"")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda model: setattr(model, "version", 4), "schema version must be 3; received 4"),
        (lambda model: setattr(model, "subgraphs", []), "one subgraph or more; received none"),
        (lambda model: setattr(model.buffers[1], "offset", 4096), "buffers inside; received a buffer stored behind"),
        (lambda model: setattr(model.subgraphs[0].tensors[0], "buffer", 99), "buffer indices below 3; received 99"),
        (lambda model: setattr(model.subgraphs[0].tensors[0], "type", 99), "types from 0 to 22; received 99"),
        (lambda model: setattr(model.subgraphs[0].tensors[0], "shape", [1, -2]), "shapes of 0 and more"),
        (lambda model: setattr(model.subgraphs[0].tensors[0], "shapeSignature", [16]), "fit their signatures"),
        (lambda model: setattr(model.subgraphs[0], "inputs", [5]), "tensor indices below 5; received"),
        (lambda model: setattr(model.subgraphs[0], "outputs", [-1]), "tensor indices below 5; received"),
        (lambda model: setattr(model.subgraphs[0].operators[0], "inputs", [0, -2]), "tensor indices below 5"),
        (
            lambda model: setattr(model.subgraphs[0].operators[0], "opcodeIndex", 7),
            "operator codes below 4; received 7",
        ),
        (lambda model: setattr(model.signatureDefs[0], "subgraphIndex", 3), "subgraph indices below 3; received 3"),
        (lambda model: setattr(model.signatureDefs[0].inputs[0], "tensorIndex", 9), "tensor indices below 5"),
        (lambda model: model.signatureDefs[0].inputs.append(model.signatureDefs[0].inputs[0]), "named once"),
        (
            lambda model: setattr(model.subgraphs[0].operators[0].builtinOptions, "bodySubgraphIndex", 3),
            r"subgraph indices below 3; received \[1, 3\]",
        ),
    ],
)
def test_refuses_indices_that_point_nowhere(change, message):
    builder = loop_model()
    change(builder.model)
    with pytest.raises(ArtifactError, match=message):
        read_model(builder.to_bytes())


def test_operator_numbers_in_either_field():
    builder = GraphBuilder()
    graph = builder.subgraph()
    graph.inputs = [builder.tensor(graph, [1])]
    graph.outputs = [builder.tensor(graph, [1]), builder.tensor(graph, [1]), builder.tensor(graph, [1])]
    for output, (deprecated, builtin, custom) in zip(
        graph.outputs, ((8, 0, None), (127, 150, None), (32, 32, b"Flex"))
    ):
        builder.operator(graph, "ABS", [0], [output])
        code = builder.model.operatorCodes[-1]
        code.deprecatedBuiltinCode, code.builtinCode, code.customCode = deprecated, builtin, custom
    names = [operator.name for operator in read_model(builder.to_bytes()).subgraphs[0].operators]
    assert names == ["FLOOR", "GELU", "CUSTOM:Flex"]

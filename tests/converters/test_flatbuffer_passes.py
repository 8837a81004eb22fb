"""The passes over the flatbuffer: nothing of the model changes but what each pass is for."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from albert_edge.artifact import read_artifact
from albert_edge.artifact.flatbuffer import read_model
from converters.flatbuffer import main_tensor_names, read_tables, with_metadata, write_tables
from converters.metadata import METADATA_NAME, TensorText, metadata_bytes


@pytest.fixture(scope="module")
def model(artifact_path: Path) -> bytes:
    return read_artifact(artifact_path).model


def weight_digests(model: bytes) -> list[str]:
    facts = read_model(model)
    used = {tensor.buffer for graph in facts.subgraphs for tensor in graph.tensors}
    spans = [facts.buffers[index] for index in sorted(used)]
    return [hashlib.sha256(model[start : start + size]).hexdigest() for start, size in spans]


@pytest.mark.slow
def test_with_metadata_keeps_the_graph_and_every_weight(model: bytes):
    changed = with_metadata(model, "NOTE", b"anything")
    before, after = read_model(model), read_model(changed)
    assert after.subgraphs == before.subgraphs
    assert after.signatures == before.signatures
    assert weight_digests(changed) == weight_digests(model)
    start, size = after.buffers[after.metadata["NOTE"]]
    assert changed[start : start + size] == b"anything"


@pytest.mark.slow
def test_with_metadata_replaces_an_entry_of_the_same_name(model: bytes):
    twice = with_metadata(with_metadata(model, "NOTE", b"\xf1rst\xff"), "NOTE", b"second")
    assert len(read_tables(twice).metadata) == len(read_tables(model).metadata) + 1
    assert b"\xf1rst\xff" not in twice


@pytest.mark.slow
def test_weights_start_at_multiples_of_16_bytes(model: bytes):
    """The schema asks for it (`force_align`), the generated Python writer forgets it."""
    starts = [start for start, size in read_model(model).buffers if size]
    assert starts
    assert all(start % 16 == 0 for start in starts)


def test_the_alignment_is_ours_and_not_the_librarys():
    tables = schema.ModelT()
    tables.version = 3
    tables.buffers = [schema.BufferT(data=np.full(size, size, np.uint8)) for size in (1, 3, 18, 1000)]
    facts_of_spans = read_spans(write_tables(tables))
    assert [size for _, size in facts_of_spans] == [1, 3, 18, 1000]
    assert all(start % 16 == 0 for start, _ in facts_of_spans)


def read_spans(model: bytes) -> list[tuple[int, int]]:
    root = schema.Model.GetRootAs(model, 0)
    spans = []
    for index in range(root.BuffersLength()):
        data = root.Buffers(index).DataAsNumpy()
        start = data.__array_interface__["data"][0] - np.frombuffer(model, np.uint8).__array_interface__["data"][0]
        spans.append((start, data.size))
    return spans


@pytest.mark.slow
def test_metadata_names_tensors_in_the_order_of_the_graph(model: bytes):
    inputs, outputs = main_tensor_names(model)
    facts = read_model(model)
    by_name = facts.signatures[0].inputs
    assert [by_name[name] for name in inputs] == list(facts.subgraphs[0].inputs)
    assert outputs == ["logits"]


def test_metadata_bytes_name_the_files_and_the_tensors():
    outputs = [TensorText("logits", "scores", "labels.txt"), TensorText("embedding", "a vector")]
    arguments = ("a model", "what it does", ["input_ids", "max_depth"], outputs, "spiece.model")
    data = metadata_bytes(*arguments)
    assert data[4:8] == b"M001"
    for text in (b"a model", b"what it does", b"input_ids", b"max_depth", b"logits", b"labels.txt", b"spiece.model"):
        assert text in data
    assert data == metadata_bytes(*arguments)


@pytest.mark.slow
def test_the_model_holds_the_metadata(model: bytes):
    facts = read_model(model)
    start, _ = facts.buffers[facts.metadata[METADATA_NAME]]
    assert model[start + 4 : start + 8] == b"M001"
    assert "CONVERSION_METADATA" not in facts.metadata

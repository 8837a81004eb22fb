"""The metadata as a reader of TFLite Metadata walks them, by the slots of `metadata_schema.fbs` 1.1.0."""

import pytest

from albert_edge.artifact.tables import UINT8, Reader
from converters.metadata import TensorText, metadata_bytes

# Slots: ModelMetadata, SubGraphMetadata, TensorMetadata, AssociatedFile, ProcessUnit.
SUBGRAPHS, PARSER_VERSION = 3, 7
INPUTS, OUTPUTS, FILES_OF_GRAPH, PROCESS_UNITS = 2, 3, 4, 5
NAME, FILES_OF_TENSOR = 0, 6
FILE_TYPE = 2
OPTIONS_TYPE = 0
AXIS_LABELS, VOCABULARY = 2, 5


def subgraph(tokenizer_file: str):
    data = metadata_bytes(
        name="ALBERT for text-classification",
        description="a test",
        inputs=["input_ids", "token_type_ids", "max_depth"],
        outputs=[TensorText("classify_logits", "scores", "labels.txt"), TensorText("tag_logits", "scores")],
        tokenizer_file=tokenizer_file,
    )
    root = Reader(data).root(b"M001")
    assert root.string(PARSER_VERSION) == "1.1.0"
    (graph,) = root.tables(SUBGRAPHS)
    return graph


def test_names_inputs_outputs_and_labels():
    graph = subgraph("spiece.model")
    assert [each.string(NAME) for each in graph.tables(INPUTS)] == ["input_ids", "token_type_ids", "max_depth"]
    classify, tag = graph.tables(OUTPUTS)
    assert (classify.string(NAME), tag.string(NAME)) == ("classify_logits", "tag_logits")
    (labels,) = classify.tables(FILES_OF_TENSOR)
    assert (labels.string(NAME), labels.number(FILE_TYPE, UINT8)) == ("labels.txt", AXIS_LABELS)
    assert tag.tables(FILES_OF_TENSOR) == []


@pytest.mark.parametrize("file", ["spiece.model", "vocab.txt"])
def test_no_reader_finds_a_tokenizer_that_it_could_take_for_the_whole(file):
    """One process unit, of the union's value 0: the Task Library and MediaPipe refuse it by that number."""
    graph = subgraph(file)
    (unit,) = graph.tables(PROCESS_UNITS)
    assert unit.number(OPTIONS_TYPE, UINT8) == 0
    (vocabulary,) = graph.tables(FILES_OF_GRAPH)
    assert (vocabulary.string(NAME), vocabulary.number(FILE_TYPE, UINT8)) == (file, VOCABULARY)

"""The standard TFLite Metadata of an artifact: a flatbuffer of its own, which other tools read from the model.

It names the inputs and outputs, the label file and the vocabulary, so that a generic TFLite tool shows what the file
is. Over the inputs it declares one process unit of no kind. A SentencePiece or WordPiece unit would promise that the
tokenizer alone makes the ids, without this project's clean-up, and the Task Library 0.4.4 would take it at its word: it
fills any three int32 inputs by position, not by name. Without a unit its embedder takes a file with two outputs for one
that tokenizes itself. Finding a unit that it has no name for, it refuses the file, and so does MediaPipe. Follows
tflite-support's `metadata_schema.fbs`, version 1.1.0; the numbers below are the slots of its tables.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple, Optional, Sequence, Union

import flatbuffers

METADATA_NAME = "TFLITE_METADATA"
"""Under this name the model's flatbuffer holds the metadata's bytes."""

_IDENTIFIER = b"M001"
_MIN_PARSER_VERSION = "1.1.0"

# AssociatedFileType
_AXIS_LABELS = 2
_VOCABULARY = 5
# ContentProperties, a union: its number, then the table
_FEATURE = 1

INPUT_DESCRIPTIONS = {
    "input_ids": "Token ids of one text: [CLS] text [SEP], or [CLS] text [SEP] second text [SEP].",
    "token_type_ids": "0 up to the first [SEP], 1 behind it.",
    "attention_mask": "1 for a token, 0 for padding.",
    "max_depth": "Number of layers to apply; below 1 or above the model's number: all of them.",
    "masked_positions": "Positions in input_ids that are to be filled.",
    "exit_threshold": "Confidence at which no further layer is applied; above 1: never.",
}
"""What each input of the signature means."""

OUTPUT_DESCRIPTIONS = {
    "text-classification": {"logits": "One unnormalized score a label of the text."},
    "token-classification": {"logits": "One unnormalized score a label, for each token."},
    "question-answering": {
        "start_logits": "One unnormalized score a token: whether the answer starts there.",
        "end_logits": "One unnormalized score a token: whether the answer ends with it.",
    },
    "feature-extraction": {"embedding": "The vector of the text."},
    "fill-mask": {"logits": "One unnormalized score a piece of the vocabulary, for each masked position."},
    "sentence-order": {"logits": "Unnormalized scores: the texts are in order, and they are not."},
}
"""Task -> what each of its outputs means."""

DEPTH_DESCRIPTION = "Number of layers that were applied."
"""What `depth_used` means, of a graph that may stop early."""


@dataclasses.dataclass(frozen=True)
class _Byte:
    """An enum's value or a union's number, which is stored in place; any other field is an offset."""

    value: int


class _Tables:
    """Writes tables given as {slot: value}."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1024)

    def table(self, fields: dict[int, Union[int, _Byte, None]]) -> int:
        self.builder.StartObject(max(fields, default=-1) + 1)
        for slot, value in fields.items():
            if isinstance(value, _Byte):
                self.builder.PrependUint8Slot(slot, value.value, 0)
            elif value is not None:
                self.builder.PrependUOffsetTRelativeSlot(slot, value, 0)
        return int(self.builder.EndObject())

    def text(self, text: str) -> int:
        return int(self.builder.CreateString(text))

    def vector(self, offsets: Sequence[int]) -> int:
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return int(self.builder.EndVector())


class TensorText(NamedTuple):
    """What the metadata says of an input or output."""

    name: str
    description: str
    labels_file: Optional[str] = None
    """The associated file with one label a line, of an output with an axis of labels."""


def metadata_bytes(
    name: str,
    description: str,
    inputs: Sequence[str],
    outputs: Sequence[TensorText],
    tokenizer_file: str,
    licence: str = "",
) -> bytes:
    """The metadata of a model.

    Args:
      name: the model's name.
      description: what the model does, a sentence or a model card in Markdown.
      inputs: names of the signature's inputs in the order of the main subgraph's input tensors.
      outputs: likewise its outputs.
      tokenizer_file: the associated vocabulary: a SentencePiece model, or a WordPiece `.txt`.
      licence: of the model; empty: not stated.
    """
    tables = _Tables()
    input_tensors = [_tensor(tables, TensorText(tensor, INPUT_DESCRIPTIONS[tensor])) for tensor in inputs]
    output_tensors = [_tensor(tables, tensor) for tensor in outputs]
    is_word_piece = tokenizer_file.endswith(".txt")
    vocabulary = "WordPiece vocabulary, one piece a line." if is_word_piece else "SentencePiece model."
    subgraph = tables.table(
        {
            2: tables.vector(input_tensors),
            3: tables.vector(output_tensors),
            4: tables.vector([_associated_file(tables, tokenizer_file, vocabulary, _VOCABULARY)]),
            5: tables.vector([tables.table({})]),
        }
    )
    model = tables.table(
        {
            0: tables.text(name),
            1: tables.text(description),
            3: tables.vector([subgraph]),
            5: tables.text(licence) if licence else None,
            7: tables.text(_MIN_PARSER_VERSION),
        }
    )
    tables.builder.Finish(model, file_identifier=_IDENTIFIER)
    return bytes(tables.builder.Output())


def _associated_file(tables: _Tables, name: str, description: str, kind: int) -> int:
    return tables.table({0: tables.text(name), 1: tables.text(description), 2: _Byte(kind)})


def _tensor(tables: _Tables, tensor: TensorText) -> int:
    files = None
    if tensor.labels_file is not None:
        files = tables.vector([_associated_file(tables, tensor.labels_file, "One label a line.", _AXIS_LABELS)])
    content = tables.table({0: _Byte(_FEATURE), 1: tables.table({})})
    return tables.table({0: tables.text(tensor.name), 1: tables.text(tensor.description), 3: content, 6: files})

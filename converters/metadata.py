"""The standard TFLite Metadata of an artifact: a flatbuffer of its own, which other tools read from the model.

It names the inputs and outputs, the label file and the SentencePiece model, so that a generic TFLite tool shows what
the file is. The tokenizer is declared as a SentencePiece process unit over the inputs: readers that only know BERT's
tokenizers refuse such a model instead of feeding it wrong ids. Follows tflite-support's `metadata_schema.fbs`,
version 1.1.0; the numbers below are the slots of its tables.
"""

from __future__ import annotations

import dataclasses
from typing import Optional, Sequence, Union

import flatbuffers

METADATA_NAME = "TFLITE_METADATA"
"""Under this name the model's flatbuffer holds the metadata's bytes."""

_IDENTIFIER = b"M001"
_MIN_PARSER_VERSION = "1.1.0"

# AssociatedFileType
_AXIS_LABELS = 2
_VOCABULARY = 5
# ProcessUnitOptions, a union: its number, then the table
_SENTENCE_PIECE = 5
# ContentProperties, likewise
_FEATURE = 1

TENSOR_DESCRIPTIONS = {
    "input_ids": "Token ids of one text: [CLS] text [SEP], or [CLS] text [SEP] second text [SEP].",
    "token_type_ids": "0 up to the first [SEP], 1 behind it.",
    "attention_mask": "1 for a token, 0 for padding.",
    "max_depth": "Number of layers to apply; below 1 or above the model's number: all of them.",
    "logits": "One unnormalized score a label, in the order of labels.txt.",
}
"""What each input and output of the signature means."""


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


def metadata_bytes(
    name: str,
    description: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    labels_file: Optional[str],
    tokenizer_file: str,
) -> bytes:
    """The metadata of a model.

    Args:
      name: the model's name.
      description: one sentence on what the model does.
      inputs: names of the signature's inputs in the order of the main subgraph's input tensors.
      outputs: likewise of its outputs; the first is the one that `labels_file` labels.
      labels_file: the associated file with one label a line, or None.
      tokenizer_file: the associated SentencePiece model.
    """
    tables = _Tables()
    vocabulary = _associated_file(tables, tokenizer_file, "SentencePiece model", _VOCABULARY)
    input_tensors = [_tensor(tables, tensor, None) for tensor in inputs]
    output_tensors = [
        _tensor(tables, tensor, labels_file if index == 0 else None) for index, tensor in enumerate(outputs)
    ]
    sentence_piece = tables.table({0: tables.vector([vocabulary])})
    process_unit = tables.table({0: _Byte(_SENTENCE_PIECE), 1: sentence_piece})
    subgraph = tables.table(
        {
            2: tables.vector(input_tensors),
            3: tables.vector(output_tensors),
            5: tables.vector([process_unit]),
        }
    )
    model = tables.table(
        {
            0: tables.text(name),
            1: tables.text(description),
            3: tables.vector([subgraph]),
            7: tables.text(_MIN_PARSER_VERSION),
        }
    )
    tables.builder.Finish(model, file_identifier=_IDENTIFIER)
    return bytes(tables.builder.Output())


def _associated_file(tables: _Tables, name: str, description: str, kind: int) -> int:
    return tables.table({0: tables.text(name), 1: tables.text(description), 2: _Byte(kind)})


def _tensor(tables: _Tables, name: str, labels_file: Optional[str]) -> int:
    files = None
    if labels_file is not None:
        files = tables.vector([_associated_file(tables, labels_file, "One label a line.", _AXIS_LABELS)])
    content = tables.table({0: _Byte(_FEATURE), 1: tables.table({})})
    return tables.table({0: tables.text(name), 1: tables.text(TENSOR_DESCRIPTIONS[name]), 3: content, 6: files})

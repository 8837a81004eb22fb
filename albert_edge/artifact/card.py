"""The model card in an artifact: Markdown in the TFLite Metadata's `description`, the licence in its `license`.

It lies there, and not as a further file of the zip, because readers of earlier versions demand the zip's files one by
one and would refuse the whole; the flatbuffer's hash covers it all the same, and other TFLite programs show it. Files
of before have one sentence there. Slots are those of tflite-support's `metadata_schema.fbs` 1.1.0.
"""

from __future__ import annotations

from typing import NamedTuple

from albert_edge.artifact.facts import ModelFacts
from albert_edge.artifact.tables import Data, Reader

METADATA_ENTRY = "TFLITE_METADATA"
METADATA_IDENTIFIER = b"M001"
_DESCRIPTION, _LICENCE = 1, 5


class Card(NamedTuple):
    """Both empty where the file says nothing."""

    text: str
    """Markdown."""
    licence: str


def read_card(model: Data, facts: ModelFacts) -> Card:
    """The card of the flatbuffer `model`, of which `facts` are; empty for one without metadata.

    Raises `ArtifactError` if the metadata is damaged.
    """
    if METADATA_ENTRY not in facts.metadata:
        return Card("", "")
    start, size = facts.buffers[facts.metadata[METADATA_ENTRY]]
    table = Reader(model[start : start + size]).root(METADATA_IDENTIFIER)
    return Card(table.string(_DESCRIPTION), table.string(_LICENCE))

"""The parts of an ALBERT that may be stored in precisions of their own, and which weights belong to which part.

A part is a table or the matrices of products that do one job, over all groups and inner blocks: a device gains bytes or
time by the part, and an error starts in one. Left out, and always float32: LayerNorm, biases, and the tables of
positions and segments, which are small and cheap.
"""

from __future__ import annotations

import json
from typing import Any, Iterable, Mapping, Optional

from albert_edge.artifact.quantization import PARTS, PRECISIONS
from albert_edge.errors import ConfigError
from albert_edge.files import PathLike, read_bytes

__all__ = ["BITS", "PARTS", "PRECISIONS", "checked_parts", "parse_parts", "parts_of", "read_parts"]

BITS = {"float32": 32, "float16": 16, "int8": 8, "int4": 4}
"""Of a stored weight."""

_ENDINGS = {
    "embeddings.word_embeddings.weight": "embedding",
    "encoder.embedding_hidden_mapping_in.weight": "projection",
    "attention.query.weight": "query",
    "attention.key.weight": "key",
    "attention.value.weight": "value",
    "attention.dense.weight": "attention_output",
    "ffn.weight": "ffn_in",
    "ffn_output.weight": "ffn_out",
    "albert.pooler.weight": "pooler",
    "classifier.weight": "head",
    "qa_outputs.weight": "head",
    "predictions.dense.weight": "head",
}
"""Ending of Hugging Face's name, whole steps of it -> part."""


def parts_of(name: str) -> Optional[str]:
    """The part that the tensor of that Hugging Face name belongs to, a head's prefix before it or not; None for none.

    >>> parts_of("classify.albert.pooler.weight")
    'pooler'
    """
    for ending, part in _ENDINGS.items():
        if name == ending or name.endswith(f".{ending}"):
            return part
    return None


def checked_parts(values: Mapping[str, Any]) -> dict[str, str]:
    """`values` as a map from part to precision, in the parts' order; raises `ConfigError` for what is neither."""
    for part, precision in values.items():
        if part not in PARTS:
            raise ConfigError(f"a part must be one of {', '.join(PARTS)}; received {part!r}")
        if precision not in PRECISIONS:
            raise ConfigError(f"the precision of {part} must be one of {', '.join(PRECISIONS)}; received {precision!r}")
    return {part: values[part] for part in PARTS if part in values}


def parse_parts(texts: Iterable[str]) -> dict[str, str]:
    """Each text, `PART=PRECISION`, as an entry of the map; raises `ConfigError` for another form and for repeats."""
    found: dict[str, str] = {}
    for text in texts:
        part, equals, precision = text.partition("=")
        if not equals:
            raise ConfigError(f"a part's precision must be written PART=PRECISION; received {text!r}")
        if part in found:
            raise ConfigError(f"a part must be given once; received {part} again as {text!r}")
        found[part] = precision
    return checked_parts(found)


def read_parts(path: PathLike) -> dict[str, str]:
    """The map in the JSON file `path`: the object under `parts`, as `sensitivity` writes it.

    Raises `ConfigError`, its message starting with the path, for a file of another form.
    """
    try:
        values = json.loads(read_bytes(path, ConfigError))
    except ValueError as reason:
        raise ConfigError(f"{path}: a file of parts must be JSON; received {reason}") from reason
    if not isinstance(values, dict) or not isinstance(values.get("parts"), dict):
        raise ConfigError(f'{path}: a file of parts must hold an object with an object "parts"; received another form')
    try:
        return checked_parts(values["parts"])
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error

"""SentencePiece's model file, a protocol buffer `ModelProto`, read and written as far as the rest needs it.

Follows `sentencepiece_model.proto` of google/sentencepiece 0.2. The SentencePiece library reads these files but shows
neither the types of pieces nor the table of characters, and writes none; protobuf is not needed for that little.
Leaves out every other field, which a reduced file keeps as it is.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import Any, Iterator, Mapping, Sequence, Union

from albert_edge.errors import TokenizerError

NORMAL, UNKNOWN, CONTROL, USER_DEFINED = 1, 2, 3, 4
"""`SentencePiece.Type`."""

_VARINT, _BYTES, _FOUR_BYTES = 0, 2, 5
"""Wire types; all four bytes here are floats."""
_FLOAT = struct.Struct("<f")

Value = Union[int, float, bytes]


@dataclasses.dataclass(frozen=True)
class ModelPieces:
    """A unigram model: its pieces in order of their ids, and how it normalizes characters."""

    texts: Sequence[str]
    scores: Sequence[float]
    """Logarithms of probabilities; float32 values."""
    types: Sequence[int]
    charsmap: bytes
    """The compiled table of `text.charsmap`; empty: characters stay as they are."""


def parse_model(data: bytes, processor: Any) -> ModelPieces:
    """Read a model file's bytes, which `processor`, the library's, has opened: it gives texts and scores faster.

    Raises `TokenizerError` if the bytes are cut off or no such file.
    """
    types: list[int] = []
    charsmap = b""
    place = 0
    try:
        while place < len(data):
            # As the library writes nearly all of 30,000 pieces: a short text, a score and no type.
            if data[place] == 0x0A and data[place + 1] == data[place + 3] + 7 and data[place + 2] == 0x0A:
                types.append(NORMAL)
                place += data[place + 1] + 2
                continue
            number, value, place = _field_at(data, place)
            if number == 1:
                types.append(int(_fields(value).get(3, NORMAL)))
            elif number == 3:
                charsmap = _bytes(_fields(value).get(2, b""))
    except (IndexError, ValueError, struct.error) as reason:
        raise TokenizerError(
            f"a vocabulary must be a SentencePiece model; received {len(data)} bytes that are not one"
        ) from reason
    ids = list(range(len(types)))
    return ModelPieces(processor.id_to_piece(ids), processor.get_score(ids), types, charsmap)


def serialize_model(model: ModelPieces, unk_id: int, pad_id: int) -> bytes:
    """A model file's bytes, for an ALBERT: unigram, words marked at their start, white space collapsed.

    `unk_id` and `pad_id` are the ids of `<unk>` and `<pad>`; beginning and end of a sentence are none, as in ALBERT's
    own model.
    """
    rows = []
    for text, score, kind in zip(model.texts, model.scores, model.types):
        piece = _message({1: text.encode(), 2: float(score)})
        rows.append(_field(1, piece if kind == NORMAL else piece + _field(3, kind)))
    names = [
        [text for text, kind in zip(model.texts, model.types) if kind == wanted] for wanted in (CONTROL, USER_DEFINED)
    ]
    trainer = _message({3: 1, 4: len(model.texts)})
    trainer += b"".join(_field(30, name.encode()) for name in names[0] if name != model.texts[pad_id])
    trainer += b"".join(_field(31, name.encode()) for name in names[1])
    trainer += _message({40: unk_id, 41: -1, 42: -1, 43: pad_id})
    trainer += _message({45: model.texts[unk_id].encode(), 48: model.texts[pad_id].encode()})
    normalizer = _message({1: b"nmt_nfkc" if model.charsmap else b"identity", 2: model.charsmap, 3: 1, 4: 1, 5: 1})
    return b"".join(rows) + _field(2, trainer) + _field(3, normalizer)


def reduced_model(data: bytes, kept: Sequence[int]) -> bytes:
    """The model file `data` with the pieces of the ids `kept` (increasing) alone; all else stays byte for byte.

    But where a special piece gets another id, the ids that the trainer's settings name follow: transformers reads the
    unknown piece's there. `data` is a file that `parse_model` reads.
    """
    new_id = {old: new for new, old in enumerate(kept)}
    rest = []
    count = 0
    for number, value, raw in _slices(data):
        if number == 1:
            count += 1
            if count - 1 not in new_id:
                continue
        rest.append(_field(2, _with_ids(_bytes(value), new_id)) if number == 2 else raw)
    return b"".join(rest)


def self_test_pieces(data: bytes) -> set[str]:
    """The pieces of the samples in a model file: the library cuts them when it opens the file.

    Release 0.2.0 refuses a file that cuts them otherwise than it says, 0.2.3 complains. Fields of `SelfTestData`:
    `samples` (1), of each its pieces, spaces between them, in `expected` (2).
    """
    samples = [_bytes(value) for number, value, _ in _slices(data) if number == 4]
    rows = [_fields(_bytes(row)) for sample in samples for number, row, _ in _slices(sample) if number == 1]
    return {piece for row in rows for piece in _bytes(row.get(2, b"")).decode().split(" ")}


_TRAINER_IDS = (40, 41, 42, 43)
"""`unk_id`, `bos_id`, `eos_id` and `pad_id` of `TrainerSpec`."""


def _with_ids(trainer: bytes, new_id: Mapping[int, int]) -> bytes:
    fields = []
    for number, value, raw in _slices(trainer):
        moved = new_id.get(int(value), value) if number in _TRAINER_IDS and isinstance(value, int) else value
        fields.append(raw if moved == value else _field(number, moved))
    return b"".join(fields)


def _slices(message: bytes) -> Iterator[tuple[int, Value, bytes]]:
    """Number and value of each field, and its bytes as they stand."""
    place = 0
    while place < len(message):
        start = place
        number, value, place = _field_at(message, place)
        yield number, value, message[start:place]


def _fields(message: Value) -> dict[int, Value]:
    """The last value of each field of a message, a number for a varint and for four bytes, else the bytes."""
    return {number: value for number, value, _ in _slices(_bytes(message))}


def _field_at(data: bytes, place: int) -> tuple[int, Value, int]:
    """A field's number and value, and where the next one starts."""
    key, place = _varint(data, place)
    wire = key & 7
    if wire == _VARINT:
        value, place = _varint(data, place)
        return key >> 3, value, place
    if wire == _FOUR_BYTES:
        return key >> 3, _FLOAT.unpack_from(data, place)[0], place + 4
    if wire != _BYTES:
        raise ValueError("a field of an unknown form")
    length, place = _varint(data, place)
    if place + length > len(data):
        raise ValueError("a field goes on behind the end")
    return key >> 3, data[place : place + length], place + length


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("a number of more than 64 bits")


def _bytes(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a number in place of bytes")
    return value


def _message(values: Mapping[int, Value]) -> bytes:
    return b"".join([_field(number, value) for number, value in values.items()])


def _field(number: int, value: Value) -> bytes:
    if isinstance(value, int):
        return _encoded(number << 3 | _VARINT) + _encoded(value)
    if isinstance(value, float):
        return _encoded(number << 3 | _FOUR_BYTES) + _FLOAT.pack(value)
    return _encoded(number << 3 | _BYTES) + _encoded(len(value)) + value


def _encoded(value: int) -> bytes:
    """A varint; negative numbers as 64 bits of two's complement."""
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)

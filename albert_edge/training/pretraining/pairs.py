"""Passages for a step: two neighbouring runs of segments, packed into an input of exactly as many tokens as asked for.

    sop    in half of the inputs the two are swapped (Lan et al. 2019, section 3.1)
    nsp    in half of the inputs the second comes from another document (Devlin et al. 2018, section 3.1, task 2)

Segments are joined until they fill an input; a boundary between two of them, any one, parts the passages. What is too
much goes from an end of the longer passage, its start or its end by chance, so that cut sentences don't tell the order.
The tail of a record takes segments again that stand before it: only records shorter than an input are padded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, NamedTuple, Optional, Sequence

import numpy as np

from albert_edge.text.packing import kept_lengths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.training.pretraining.records import Record

SPECIALS = 3
"""`[CLS]`, and `[SEP]` behind each passage."""


class Pair(NamedTuple):
    """Two passages of at most as many pieces as fit, each at least one."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    label: int
    """0 if the second follows the first, 1 if they are swapped or strangers: the order of `ORDER_LABELS`."""


def pairs(records: Sequence[Record], room: int, objective: str, generator: np.random.Generator) -> Iterator[Pair]:
    """The pairs of all `records`, `room` pieces each where the record has so many; other ones for each generator.

    `objective` is `sop` or `nsp`. A record of one piece makes none; `nsp` needs records of two documents.
    """
    for number, record in enumerate(records):
        ends = np.cumsum(record.lengths, dtype=np.int64)
        for first, last in _chunks(ends, room, generator):
            begin = int(ends[first - 1]) if first else 0
            stop = int(ends[last - 1])
            if stop - begin < 2:
                continue
            inner = ends[first : last - 1]
            # One long segment has no boundary inside: any place will do.
            cut = int(generator.choice(inner) if len(inner) else generator.integers(begin + 1, stop))
            label = int(generator.random() < 0.5)
            second = record.ids[cut:stop]
            if label and objective == "nsp":
                second = _stranger(records, number, len(second), generator)
            halves = _fitted(record.ids[begin:cut], second, room, generator)
            swapped = label and objective == "sop"
            yield Pair(*(halves[::-1] if swapped else halves), label)


def _chunks(ends: NDArray[np.int64], room: int, generator: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Runs of segments [first, last) of at least `room` pieces, or everything if that is less."""
    before = np.concatenate([[0], ends[:-1]])
    # Another start every time: else the same sentences would stand at the cuts in every epoch.
    start = int(generator.integers(np.searchsorted(ends, room) + 1)) if ends[-1] >= 2 * room else 0
    while start < len(ends):
        last = int(np.searchsorted(ends, before[start] + room)) + 1
        if last > len(ends):
            last = len(ends)
            start = max(0, int(np.searchsorted(before, ends[-1] - room, side="right")) - 1)
        yield start, last
        start = last


def _fitted(
    first: NDArray[np.int32], second: NDArray[np.int32], room: int, generator: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Both passages, `room` pieces together at most."""
    kept = kept_lengths(len(first), len(second), room)
    halves = []
    for ids, length in zip((first, second), kept):
        start = int(generator.integers(2)) * (len(ids) - length)
        halves.append(ids[start : start + length])
    return halves[0], halves[1]


def _stranger(records: Sequence[Record], number: int, length: int, generator: np.random.Generator) -> NDArray[np.int32]:
    """Pieces from the start of any segment of another document, or its last ones: `length` if it has so many."""
    others = [each for each in records if each.document != records[number].document]
    record = others[int(generator.integers(len(others)))]
    segment = int(generator.integers(len(record.lengths)))
    # So near the end that too few would follow it begins earlier: padding would give the stranger away.
    start = min(int(record.lengths[:segment].sum()), max(0, len(record.ids) - length))
    return record.ids[start : start + length]


class Packing(NamedTuple):
    """What turns pairs into inputs of one length."""

    length: int
    """Tokens, special pieces included."""
    cls_id: int
    sep_id: int
    pad_id: int

    def pack(self, pair: Pair) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """`[CLS] first [SEP] second [SEP]` and padding: ids, attention mask and segments, int32 [length] each."""
        first, second = len(pair.first), len(pair.second)
        used = first + second + SPECIALS
        ids = np.full(self.length, self.pad_id, np.int32)
        ids[:used] = [self.cls_id, *pair.first, self.sep_id, *pair.second, self.sep_id]
        place = np.arange(self.length)
        segments = (place >= first + 2) & (place < used)
        return ids, (place < used).astype(np.int32), segments.astype(np.int32)


def check_strangers(records: Sequence[Record]) -> Optional[str]:
    """What is wrong with `records` for `nsp`, in words; None if they are of two documents at least."""
    found = len({record.document for record in records})
    return None if found > 1 else f"a shard must have two documents for nsp; received {found}"

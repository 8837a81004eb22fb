"""Which documents are copies: MinHash signatures, and the search for equal bands of them (datasketch).

Of two near copies the one with the larger SHA-256 goes, whatever the order of the inputs and whether or not the other
stays: no two that stay were found near each other. Of a chain of copies the smallest hash stays, and another one only
if all that are near it have larger hashes. What travels between processes are `ENTRY`s of 20 bytes; signatures stay on
disk, and are read where two entries meet, to check what the bands have found.
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Callable, Iterable, Iterator, NamedTuple, Sequence

import numpy as np

from albert_edge.model.packages import host_package

if TYPE_CHECKING:
    from numpy.typing import NDArray

PERMUTATIONS = 128
SHINGLE_WORDS = 5
BUCKETS = 256
"""Groups that entries are sent to by the last bits of their keys."""

EXACT, NEAR = 1, 2
"""Why a document goes."""

ENTRY = np.dtype([("key", "<u8"), ("input", "<u4"), ("piece", "<u4"), ("document", "<u4")])
"""A hash of a document's text or of a band of its signature, and the place of the document."""

DOCUMENT = np.dtype(
    [
        ("name", "V32"),  # SHA-256 of the text as it came
        ("digest", "V32"),  # SHA-256 of the text as it stays
        ("start", "<u8"),  # its bytes in the piece's file
        ("length", "<u8"),
        ("signature", "<u4", (PERMUTATIONS,)),  # zeros if near copies stay
    ]
)
"""A document of a piece, in a file that is read where needed."""

Place = tuple[int, int, int]
"""Input, piece and document by their numbers."""

_AT_ONCE = 1024
"""Shingles: a book's together would take hundreds of megabytes."""


def signature(text: str) -> NDArray[np.uint32]:
    """uint32 [PERMUTATIONS]: the MinHash of the text's runs of five words, which case doesn't change."""
    words = text.lower().split()
    runs = {" ".join(words[start : start + SHINGLE_WORDS]) for start in range(max(1, len(words) - SHINGLE_WORDS + 1))}
    encoded = [run.encode() for run in runs]
    found = host_package("datasketch").MinHash(num_perm=PERMUTATIONS, seed=1)
    for start in range(0, len(encoded), _AT_ONCE):
        found.update_batch(encoded[start : start + _AT_ONCE])
    return np.asarray(found.hashvalues, np.uint32)


@functools.lru_cache(maxsize=4)
def bands(threshold: float) -> tuple[tuple[int, int], ...]:
    """The parts of a signature that datasketch's search at this similarity compares."""
    index = host_package("datasketch").MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
    return tuple(index.hashranges)


def entries(documents: NDArray[np.void], place: tuple[int, int], threshold: float) -> Iterator[tuple[int, bytes]]:
    """Bucket and entries of the documents of the piece at `place`, in no order that matters."""
    kinds = [(0, documents["digest"])]
    if threshold > 0:
        kinds += [(start + 1, documents["signature"][:, start:end]) for start, end in bands(threshold)]
    found = np.zeros((len(kinds), len(documents)), ENTRY)
    for row, (salt, values) in zip(found, kinds):
        row["key"] = [_key(salt, value.tobytes()) for value in values]
        row["input"], row["piece"] = place
        row["document"] = np.arange(len(documents))
    flat = found.reshape(-1)
    # The last bits choose: the whole key is compared in the bucket.
    buckets = flat["key"] % BUCKETS
    for bucket in np.unique(buckets):
        yield int(bucket), flat[buckets == bucket].tobytes()


def _key(salt: int, value: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(value, digest_size=8, salt=salt.to_bytes(2, "little")).digest(), "little")


class Row(NamedTuple):
    """A document where entries meet."""

    name: bytes
    place: Place
    digest: bytes
    signature: NDArray[np.uint32]


def copies(
    bucket: Iterable[bytes], read: Callable[[int, int], NDArray[np.void]], threshold: float
) -> Iterator[tuple[Place, int]]:
    """The documents of a bucket that go, and why; a document may come more than once.

    `read` gives the documents of a piece by the numbers of input and piece.
    """
    found = np.frombuffer(b"".join(bucket), ENTRY)
    found = found[np.argsort(found["key"], kind="stable")]
    edges = np.flatnonzero(np.diff(found["key"])) + 1
    for run in np.split(found, edges):
        if len(run) > 1:
            yield from _copies(_rows(run, read), threshold)


def _rows(run: NDArray[np.void], read: Callable[[int, int], NDArray[np.void]]) -> list[Row]:
    rows = []
    for entry in run:
        place = (int(entry["input"]), int(entry["piece"]), int(entry["document"]))
        document = read(*place[:2])[place[2]]
        rows.append(Row(document["name"].tobytes(), place, document["digest"].tobytes(), document["signature"]))
    return sorted(rows, key=lambda row: row[:2])


def _copies(rows: Sequence[Row], threshold: float) -> Iterator[tuple[Place, int]]:
    digests: set[bytes] = set()
    signatures = np.stack([row.signature for row in rows])
    stay: list[int] = []
    for number, row in enumerate(rows):
        if row.digest in digests:
            yield row.place, EXACT
            continue
        digests.add(row.digest)
        if threshold > 0:
            # Nearly every copy is near one that stays; comparing with all is for chains.
            earlier = (signatures[stay], signatures[:number])
            if any(len(each) and _similarity(each, row.signature).max() >= threshold for each in earlier):
                yield row.place, NEAR
            else:
                stay.append(number)


def _similarity(many: NDArray[np.uint32], one: NDArray[np.uint32]) -> NDArray[np.float64]:
    """float64 [N]: the Jaccard similarities that signatures [N, PERMUTATIONS] stand for."""
    similarity: NDArray[np.float64] = (many == one).mean(axis=1)
    return similarity

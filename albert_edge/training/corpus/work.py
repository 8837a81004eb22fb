"""The folder `OUT.corpus`: what each step leaves for the next, and from which the same call goes on after a kill.

A file in it is whole, because it got its name last; a step whose last file is there isn't done again. All workers must
see the folder: on several machines it lies on a disk that they share.
"""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple, TypeVar

import albert_edge.errors
from albert_edge.errors import AlbertEdgeError
from albert_edge.files import atomic_write, read_json_object, reported_as
from albert_edge.text.tokenizer import Tokenizer, make_tokenizer
from albert_edge.training.corpus.inputs import Piece
from albert_edge.training.corpus.settings import CorpusSettings

TRAIN, HELD_OUT = "train", "held-out"
"""The folders of the two parts."""

REQUEST_FILE, VOCABULARY_FILE = "request.json", "vocabulary"
FOLDERS = ("text", "documents", "records", "errors", "out")

_Result = TypeVar("_Result")


class Work(NamedTuple):
    """All that a worker needs to know: small, and travels to it by pickle."""

    folder: str
    inputs: tuple[str, ...]
    settings: CorpusSettings
    tokenizer_kind: str
    tokenizer_options: dict[str, Any]
    piece_bytes: int

    def path(self, kind: str, name: str) -> Path:
        """A file of one of the `FOLDERS`."""
        return Path(self.folder) / kind / name

    def tokenizer(self) -> Tokenizer:
        """That of the vocabulary in the folder."""
        return _tokenizer(self.folder, self.tokenizer_kind, json.dumps(self.tokenizer_options))

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the corpora to write."""
        return (TRAIN, HELD_OUT) if self.settings.held_out else (TRAIN,)

    def pieces(self, index: int) -> list[Piece]:
        """Of the input `index`, which must have been cut."""
        values = read_json_object(self.path("text", f"{index:05d}.json"), AlbertEdgeError)
        return [Piece(*each) for each in values["pieces"]]

    def all_pieces(self) -> Iterator[Piece]:
        """Of all inputs, in their order."""
        for index in range(len(self.inputs)):
            yield from self.pieces(index)

    def input_of(self, piece: Piece) -> str:
        """The file that it comes from."""
        return self.inputs[int(piece.name.split("-")[0])]

    def checked(self, name: str, step: Callable[[], _Result]) -> _Result:
        """What `step` returns; its error is left in the folder, since a worker's exception reaches the caller torn."""
        try:
            return step()
        except AlbertEdgeError as error:
            values = {"kind": type(error).__name__, "message": str(error)}
            atomic_write(self.path("errors", f"{name}.json"), json.dumps(values).encode())
            raise

    def left_error(self) -> AlbertEdgeError | None:
        """The first one in the order of the text."""
        for path in sorted(self.path("errors", "").glob("*.json")):
            values = read_json_object(path, AlbertEdgeError)
            error: AlbertEdgeError = getattr(albert_edge.errors, values["kind"])(values["message"])
            return error
        return None

    def prepare(self, vocabulary: bytes) -> None:
        """Make the folder, keeping what is in it of an earlier run but its errors."""
        with reported_as(Path(self.folder)):
            shutil.rmtree(self.path("errors", ""), ignore_errors=True)
            for kind in FOLDERS:
                self.path(kind, "").mkdir(parents=True, exist_ok=True)
        atomic_write(Path(self.folder) / VOCABULARY_FILE, vocabulary)


@functools.lru_cache(maxsize=1)
def _tokenizer(folder: str, kind: str, options: str) -> Tokenizer:
    return make_tokenizer(kind, (Path(folder) / VOCABULARY_FILE).read_bytes(), json.loads(options))

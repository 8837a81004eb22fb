"""Public `prune_vocab`: a model folder without the vocabulary pieces that a domain never uses.

Tokenizer, table of words and the outputs of masked words shrink together, and ids move up. Each text whose pieces all
survive is cut into the same pieces and meets the same rows: the model answers it bit for bit as before, but for
fill-mask, whose probabilities are shares among fewer pieces. Why the pieces stay the same is told in
`albert_edge.text.reduction`; that they do is checked on every kept text. Leaves out learning: a text with other pieces
is cut into shorter ones or unknown ones, which `albert-edge train --from` can teach.
"""

from __future__ import annotations

import collections
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional, Sequence, Union

from albert_edge.config import AlbertConfig
from albert_edge.errors import CheckFailedError, ConfigError, DataError, FolderError
from albert_edge.files import PathLike, read_json_object
from albert_edge.model.folder import TRAINING_FILE, Checkpoint, check_output_folder, read_checkpoint, write_folder
from albert_edge.model.hub import resolve_folder
from albert_edge.model.tensors import WORD_EMBEDDINGS
from albert_edge.text.corpora import iterate_texts
from albert_edge.text.reduction import always_kept, needed_ids, reduced, ways
from albert_edge.text.tables import Columns
from albert_edge.text.tokenizer import Tokenizer
from converters.checkpoints.huggingface import task_of_class

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCHEMA_VERSION = 1

_ROWS = (WORD_EMBEDDINGS, "predictions.bias")
"""The tensors with a row a piece; the weights behind the second are the first."""
_ID_SUFFIX = "_token_id"
"""Of the keys in config.json that hold a piece's id."""


def prune_vocab(
    model: PathLike,
    out: PathLike,
    keep_from: Union[PathLike, Sequence[PathLike]],
    columns: Optional[Columns] = None,
    min_count: int = 1,
    data: Optional[PathLike] = None,
    data_columns: Optional[Columns] = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write the folder `model` to the folder `out` with the pieces that the texts of `keep_from` need, and no others.

    Arguments:
        keep_from: one or several files as `iterate_texts` reads them for the model's task.
        columns: of those that are tables.
        min_count: keep a piece that at least so many texts need; with 1 every text keeps its pieces.
        data: a further file, of whose texts the report says how many have all pieces surviving.
        data_columns: of `data`; None: `columns`.

    Special pieces, those that a setting of `config.json` names, and those that the tokenizer's scores depend on stay.
    Returns `schema_version`, `out`, `texts` and `texts_kept` (whose pieces all survive), `pieces` and `bytes` (of
    the table's float32 rows and of all weights) `before` and `after`, `table_share`, `min_count`, and `data` (`texts`,
    `within`; None if not asked for). Raises `CheckFailedError` if a kept text is cut otherwise than before, and what
    reading the folder or the files raises.
    """
    if min_count < 1:
        raise ConfigError(f"min_count must be at least 1; received {min_count}")
    paths = [keep_from] if isinstance(keep_from, (str, os.PathLike)) else list(keep_from)
    if not paths:
        raise ConfigError("pieces must be kept from at least one file; received none")
    folder = resolve_folder(model)
    check_output_folder(out, overwrite)
    found = read_checkpoint(folder, task_of_class(AlbertConfig.load(folder)))
    kept = _kept_ids(found, paths, columns, min_count)
    tokenizer = reduced(found.tokenizer, kept)
    counts = _checked(found, tokenizer, set(kept), paths, columns)
    tensors = _gathered(found.tensors, kept)
    figures = {
        **counts,
        "min_count": min_count,
        "pieces": {"before": found.tokenizer.vocab_size, "after": tokenizer.vocab_size},
        "table_share": tokenizer.vocab_size / found.tokenizer.vocab_size,
        "table_bytes": _bytes(found, tensors, WORD_EMBEDDINGS),
        "weights_bytes": _bytes(found, tensors, *tensors),
    }
    within = None if data is None else _within(found, set(kept), data, data_columns or columns)
    record = _training_record(folder, figures)
    config = _renumbered(found.config, kept)
    write_folder(out, config, tensors, tokenizer, task=found.task, training=record, overwrite=overwrite)
    return {"schema_version": SCHEMA_VERSION, "out": str(out), **figures, "data": within}


def _texts(path: PathLike, columns: Optional[Columns], task: str) -> Iterator[str]:
    """`iterate_texts`; raises `DataError` for a file without any, which would leave a vocabulary of special pieces."""
    texts = iterate_texts(path, columns, task)
    first = next(texts, None)
    if first is None:
        raise DataError(f"{path}: a data file must have texts; received none")
    yield first
    yield from texts


def _kept_ids(found: Checkpoint, paths: Sequence[PathLike], columns: Optional[Columns], min_count: int) -> list[int]:
    """In increasing order."""
    texts_of_id: collections.Counter[int] = collections.Counter()
    for path in paths:
        for text in _texts(path, columns, found.task):
            texts_of_id.update(needed_ids(found.tokenizer, text))
    wanted = {number for number, texts in texts_of_id.items() if texts >= min_count}
    return sorted(wanted | always_kept(found.tokenizer) | set(_ids_in(found.config).values()))


def _checked(
    found: Checkpoint, after: Tokenizer, kept: set[int], paths: Sequence[PathLike], columns: Optional[Columns]
) -> dict[str, int]:
    """Cut every text anew, and count them; raises `CheckFailedError` at one with other pieces in spite of all kept."""
    texts = texts_kept = 0
    for path in paths:
        for text in _texts(path, columns, found.task):
            texts += 1
            if needed_ids(found.tokenizer, text) <= kept:
                texts_kept += 1
                for way in ways(text):
                    _check_pieces(found.tokenizer, after, way)
    return {"texts": texts, "texts_kept": texts_kept}


def _check_pieces(before: Tokenizer, after: Tokenizer, text: str) -> None:
    expected, received = before.encode(text), after.encode(text)
    if received.pieces != expected.pieces or [after.id_to_piece(number) for number in received.ids] != [
        before.id_to_piece(number) for number in expected.ids
    ]:
        raise CheckFailedError(
            f"a text whose pieces are kept must be cut as before, {' '.join(expected.pieces)!r}; "
            f"received {' '.join(received.pieces)!r}"
        )


def _within(found: Checkpoint, kept: set[int], data: PathLike, columns: Optional[Columns]) -> dict[str, Any]:
    texts = [needed_ids(found.tokenizer, text) <= kept for text in _texts(data, columns, found.task)]
    return {"path": str(data), "texts": len(texts), "within": sum(texts)}


# === The folder ===


def _ids_in(config: AlbertConfig) -> dict[str, int]:
    """The settings of `config.json` that name a piece by its id, transformers' further ones (mask, unknown) too."""
    values = config.to_dict()
    names = [name for name in values if name.endswith(_ID_SUFFIX)]
    return {name: values[name] for name in names if values[name] in range(config.vocab_size)}


def _renumbered(config: AlbertConfig, kept: Sequence[int]) -> AlbertConfig:
    new_id = {old: new for new, old in enumerate(kept)}
    moved = {name: new_id[number] for name, number in _ids_in(config).items()}
    return AlbertConfig.from_dict({**config.to_dict(), **moved, "vocab_size": len(kept)})


def _gathered(tensors: Mapping[str, NDArray[np.float32]], kept: Sequence[int]) -> dict[str, NDArray[np.float32]]:
    return {name: values[list(kept)] if name in _ROWS else values for name, values in tensors.items()}


def _bytes(found: Checkpoint, tensors: Mapping[str, NDArray[np.float32]], *names: str) -> dict[str, int]:
    both = {"before": found.tensors, "after": tensors}
    return {when: sum(values[name].nbytes for name in names) for when, values in both.items()}


def _training_record(folder: Path, figures: Mapping[str, Any]) -> Optional[dict[str, Any]]:
    """The record of the model's training, which goes on to tell how the weights came about."""
    path = folder / TRAINING_FILE
    if not path.is_file():
        return None
    return {**read_json_object(path, FolderError), "vocabulary_pruning": dict(figures)}

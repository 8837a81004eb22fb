"""Pieces that a set's training texts never use, gone: what the table keeps, and whether the answers stay.

A text whose pieces all survive has the same pieces afterwards, since the best of all ways to cut it is still there; its
answer must be the same, by Keras and by the file. What the other texts lose is reported.
"""

from functools import partial
from pathlib import Path
from typing import Any, Sequence

import albert_edge
from albert_edge.text.reduction import needed_ids
from albert_edge.text.tables import read_examples
from albert_edge.text.tokenizer import open_tokenizer
from benchmarks.compression.scores import Score, scored, weight
from benchmarks.compression.tables import megabytes, percent, table
from benchmarks.compression.work import DataSet, Work

HEADER = ("set", "answers by", "pieces", "share of them", "model MB", "before", "texts whose pieces survive", "equal")
REST = ("other texts", "accuracy before", "accuracy after")


def measure(work: Work) -> str:
    """The part's table."""
    rows, lines = work.rows("vocabulary"), []
    for data in work.sets.values():
        row = rows.once(data.name, partial(_pruned, work, data))
        lines += [_cells(data, row, by) for by in ("Keras", "file")]
    return table("Vocabulary pruning to the training texts", (*HEADER, *REST), lines)


def _pruned(work: Work, data: DataSet) -> dict[str, Any]:
    """Both models' answers, and which rows of dev have no piece that is gone."""
    model = work.model(data)
    smaller = work.path(data.name, "models", "smaller-vocabulary")
    work.made(smaller, partial(albert_edge.prune_vocab, model, smaller, keep_from=data.train))
    # Rounded for the same texts, both files store the same weights; for random ids each would have its own.
    files = {
        "before": work.file(model, work.path(data.name, "files", "all-pieces.tflite"), calibrate=data.train),
        "after": work.file(smaller, work.path(data.name, "files", "smaller-vocabulary.tflite"), calibrate=data.train),
    }
    pieces = {"before": open_tokenizer(model).vocab_size, "after": open_tokenizer(smaller).vocab_size}
    return {
        "pieces": pieces,
        "survive": surviving(model, smaller, [example.text for example in read_examples(data.dev)]),
        "weight": {when: weight(file) for when, file in files.items()},
        "labels": [example.label for example in read_examples(data.dev)],
        "Keras": {"before": scored(model, data), "after": scored(smaller, data)},
        "file": {when: scored(file, data) for when, file in files.items()},
    }


def surviving(model: Path, smaller: Path, texts: Sequence[str]) -> list[bool]:
    """For each text whether every piece that `model` needs for it (see `needed_ids`) is in `smaller`'s vocabulary."""
    before, after = open_tokenizer(model), open_tokenizer(smaller)
    known = {after.id_to_piece(number) for number in range(after.vocab_size)}
    return [known.issuperset(map(before.id_to_piece, needed_ids(before, text))) for text in texts]


def _cells(data: DataSet, row: dict[str, Any], by: str) -> dict[str, Any]:
    before, after = row[by]["before"], row[by]["after"]
    kept = [index for index, survives in enumerate(row["survive"]) if survives]
    others = [index for index, survives in enumerate(row["survive"]) if not survives]
    return {
        "set": data.name,
        "answers by": by,
        "pieces": f"{row['pieces']['after']:,}",
        "share of them": percent(row["pieces"]["after"] / row["pieces"]["before"]),
        "model MB": megabytes(row["weight"]["after"]["model_bytes"]),
        "before": megabytes(row["weight"]["before"]["model_bytes"]),
        "texts whose pieces survive": len(kept),
        "equal": sum(before["labels"][index] == after["labels"][index] for index in kept),
        "other texts": len(others),
        "accuracy before": _accuracy(before, row["labels"], others),
        "accuracy after": _accuracy(after, row["labels"], others),
    }


def _accuracy(score: Score, labels: Sequence[str], rows: Sequence[int]) -> str:
    if not rows:
        return ""
    return percent(sum(score["labels"][index] == labels[index] for index in rows) / len(rows))

"""What all engines are asked: random ids of given lengths, and a data file's texts cut by the model's own tokenizer."""

import json
from pathlib import Path
from typing import Any, Optional, Sequence

import numpy as np

from albert_edge.text.packing import pack
from albert_edge.text.tables import Columns, read_examples
from albert_edge.text.tokenizer import read_tokenizer


def longest(model: Path) -> int:
    """Tokens that the model has positions for."""
    return int(config_of(model)["max_position_embeddings"])


def config_of(model: Path) -> dict[str, Any]:
    """The folder's `config.json`."""
    values: dict[str, Any] = json.loads((model / "config.json").read_text(encoding="utf-8"))
    return values


def random_ids(tokens: int, vocab_size: int) -> np.ndarray:
    """int64 [1, tokens], the same ones each time; below 5 lie the special pieces."""
    return np.random.default_rng(tokens).integers(5, vocab_size, (1, tokens), np.int64)


def ids_of_texts(model: Path, data: Path, columns: Optional[Columns], count: int) -> list[np.ndarray]:
    """`count` texts of `data` at even distances in the order of their lengths, all if they are fewer: int64 [1, T]."""
    tokenizer = read_tokenizer(model)
    packed = [
        pack(tokenizer, each.text, each.text_pair, max_length=longest(model)).input_ids
        for each in read_examples(data, columns, need_labels=False)
    ]
    return [np.asarray(ids, np.int64)[np.newaxis] for ids in at_even_distances(sorted(packed, key=len), count)]


def at_even_distances(ordered: Sequence[np.ndarray], count: int) -> list[np.ndarray]:
    """`count` of them, each the middle of its share; all if there aren't more."""
    if count >= len(ordered):
        return list(ordered)
    return [ordered[(2 * place + 1) * len(ordered) // (2 * count)] for place in range(count)]

"""Masks in texts: the windows they are judged in, a piece put in for one, and pieces hidden to score a model.

Follows the masked language model of Devlin et al. 2018 (arXiv:1810.04805) for a model that is asked: the piece to guess
is always `[MASK]`. Leaves out what only training does, to keep some hidden pieces and replace others at random, and the
hiding of several neighbouring pieces together (ALBERT's n-grams).
"""

from __future__ import annotations

import dataclasses
import re
from typing import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import ConfigError, DataError
from albert_edge.text.encoding import CONTINUES, MASK, Tokenizer
from albert_edge.text.packing import Packed
from albert_edge.text.pieces import WORD_START
from albert_edge.text.windows import window_room

MASKED_SHARE = 0.15
"""Of the pieces: as in BERT's and ALBERT's pretraining."""


@dataclasses.dataclass(frozen=True, eq=False)
class MaskedExample:
    """Pieces of a text with some of them hidden."""

    packed: Packed
    """The input, with its `masked_positions`."""
    targets: NDArray[np.int32]
    """int32 [K]: the ids that stood at the `masked_positions`."""


def masked_examples(
    texts: Iterable[str], tokenizer: Tokenizer, longest: int, seed: int, share: float = MASKED_SHARE
) -> Iterator[MaskedExample]:
    """Hide a `share` of each text's pieces, at least one, behind `[MASK]`: always the same for the same `seed`.

    A text of more than `longest` tokens, special pieces included, comes in parts, one after another. Unknown pieces are
    never hidden, since no model should guess them; a part without others, as of a blank line, is left out. Raises
    `DataError` if nothing is left, `ConfigError` if `share` isn't in (0, 1) or the vocabulary has no mask piece.
    """
    mask_id = mask_id_of(tokenizer)
    if not 0 < share < 1:
        raise ConfigError(f"the share of masked pieces must be in (0, 1); received {share}")
    room = window_room(longest)
    is_empty = True
    for index, text in enumerate(texts):
        ids = tokenizer.encode(text).ids
        generator = np.random.default_rng([seed, index])
        for start in range(0, len(ids), room):
            part = ids[start : start + room]
            hidden = _chosen([place for place, each in enumerate(part) if each != tokenizer.unk_id], share, generator)
            if hidden:
                is_empty = False
                masked = [mask_id if place in hidden else each for place, each in enumerate(part)]
                yield MaskedExample(
                    _packed(tokenizer, masked, hidden), np.array([part[place] for place in hidden], np.int32)
                )
    if is_empty:
        raise DataError("the texts must hold a piece to hide; received none that does")


def mask_windows(tokenizer: Tokenizer, ids: Sequence[int], longest: int) -> list[Packed]:
    """`[CLS] window [SEP]` of at most `longest` tokens, as many as it takes for each mask in `ids` to be asked once.

    A mask lies in the middle of its window, or as near to it as the text's ends allow, and masks within half of a
    window, which then is as wide on both sides of them, share one; together the windows' `masked_positions` are the
    masks in their order. None without a mask. Raises `ConfigError` if `longest` has no room for a piece.
    """
    room = window_room(longest)
    masks = [place for place, piece_id in enumerate(ids) if piece_id == mask_id_of(tokenizer)]
    windows = []
    for group in [masks] if len(ids) <= room and masks else _groups(masks, room // 2):
        middle = (group[0] + group[-1] + 1) // 2
        start = max(0, min(middle - room // 2, len(ids) - room))
        windows.append(_packed(tokenizer, ids[start : start + room], [place - start for place in group]))
    return windows


def mask_places(text: str) -> list[int]:
    """The characters of `text` at which a `[MASK]` starts."""
    return [match.start() for match in re.finditer(re.escape(MASK), text)]


def mask_id_of(tokenizer: Tokenizer) -> int:
    """The id of the mask piece; raises `ConfigError` if the vocabulary has none."""
    if tokenizer.mask_id is None:
        raise ConfigError(f"a vocabulary must have the piece {MASK} to fill masks; received one without it")
    return tokenizer.mask_id


def special_ids(tokenizer: Tokenizer) -> list[int]:
    """The ids that stand for no text."""
    return [tokenizer.pad_id, tokenizer.unk_id, tokenizer.cls_id, tokenizer.sep_id, mask_id_of(tokenizer)]


def filled_text(tokenizer: Tokenizer, text: str, place: int, piece: str) -> str:
    """`text` with `piece` put in for the `[MASK]` that starts at the character `place`.

    A piece that starts a word has white space before it, unless the text starts there; a piece that continues one
    stands right behind the text before, whatever white space the mask had there. A WordPiece starts a word also where
    there is no white space, at punctuation and Chinese characters, and gets none there. What follows stays as it is.
    """
    before, after = text[:place], text[place + len(MASK) :]
    if tokenizer.kind == "sentencepiece":
        continues = not piece.startswith(WORD_START)
        shown = piece.replace(WORD_START, " ").lstrip(" ")
        is_apart = continues
    else:
        continues = piece.startswith(CONTINUES)
        shown = piece[len(CONTINUES) :] if continues else piece
        is_apart = continues or _is_word_start(tokenizer, before[-1:], shown[:1])
    if continues:
        before = before.rstrip()
    elif before and not before[-1].isspace() and not is_apart:
        before += " "
    return before + shown + after


def _is_word_start(tokenizer: Tokenizer, left: str, right: str) -> bool:
    """Whether a WordPiece tokenizer starts a word between two characters that touch."""
    encoding = tokenizer.encode(left + right)
    return any(
        start == len(left) and not piece.startswith(CONTINUES)
        for piece, (start, _) in zip(encoding.pieces, encoding.offsets)
    )


def _groups(masks: Sequence[int], widest: int) -> list[list[int]]:
    """Neighbours of which the first and the last are less than `widest` apart."""
    groups: list[list[int]] = []
    for mask in masks:
        if groups and mask - groups[-1][0] < widest:
            groups[-1].append(mask)
        else:
            groups.append([mask])
    return groups


def _chosen(places: Sequence[int], share: float, generator: np.random.Generator) -> list[int]:
    """A `share` of `places`, at least one of any, in their order."""
    count = max(1, round(share * len(places)))
    drawn = generator.random(len(places)).argsort(kind="stable")[:count]
    return sorted(places[each] for each in drawn)


def _packed(tokenizer: Tokenizer, ids: Sequence[int], masked: Sequence[int]) -> Packed:
    """One text's ids between `[CLS]` and `[SEP]`, with the places `masked` of `ids` to be filled."""
    tokens = np.array([tokenizer.cls_id, *ids, tokenizer.sep_id], np.int32)
    return Packed(tokens, np.zeros(len(tokens), np.int32), np.array(masked, np.int32) + 1)

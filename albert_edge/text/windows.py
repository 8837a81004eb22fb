"""A long text as windows that the model can take, each with its neighbours' pieces around it.

`[CLS] window [SEP]`, with a first text `[CLS] before [SEP] window [SEP]`, with a second one
`[CLS] window [SEP] after [SEP]`. Follows `convert_examples_to_features` of google-research/albert (`squad_utils.py`),
whose windows start a stride apart, and its rule of the widest context; there the last window is short, here it is
shifted back so that it is full. Leaves out what becomes of the windows' outputs: that is each pipeline's.
"""

from __future__ import annotations

import dataclasses
from typing import Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.errors import ConfigError
from albert_edge.text.packing import Packed, pack_ids
from albert_edge.text.tokenizer import Encoding, Tokenizer


@dataclasses.dataclass(frozen=True, eq=False)
class Window:
    """The pieces [start, stop) of a text as one input."""

    packed: Packed
    first: int
    """Where in `packed.input_ids` the piece `start` stands."""
    start: int
    stop: int


def windows(
    tokenizer: Tokenizer,
    encoding: Encoding,
    longest: int,
    stride: Optional[int] = None,
    before: Sequence[int] = (),
    after: Sequence[int] = (),
) -> list[Window]:
    """Windows of `encoding` of at most `longest` tokens, special pieces and `before` or `after` included.

    `stride` pieces lie between the starts of two windows, None: half of the room that the window has. A text that
    fits gives one window, an empty one a window without pieces. Every piece is in a window, and of several windows
    each is full. `before` are the ids of a first text, `after` of a second one. Raises `ConfigError` if there is no
    room for a piece, on a stride below 1 or above the room (pieces would be lost), and if both texts are given.
    """
    if len(before) and len(after):
        raise ConfigError(
            f"a window must have one other text; received {len(before)} ids before and {len(after)} after"
        )
    room = window_room(longest, len(before) or len(after))
    step = max(1, room // 2) if stride is None else stride
    if not 1 <= step <= room:
        raise ConfigError(f"stride must be from 1 to a window's room of {room} pieces; received {stride}")
    last = max(0, len(encoding.ids) - room)
    starts = [*range(0, last, step), last]
    return [_window(tokenizer, encoding.ids[start : start + room], start, before, after) for start in starts]


def window_room(longest: int, others: int = 0) -> int:
    """Pieces that a window of `longest` tokens holds beside a text of `others` ids; `ConfigError` if there is none."""
    specials = 3 if others else 2
    if longest <= specials + others:
        beside = f" and the {others} of the other text" if others else ""
        raise ConfigError(
            f"a window must have room for a piece beside {specials} special ones{beside}; received {longest} tokens"
        )
    return longest - specials - others


def widest_context(spans: Sequence[Window]) -> NDArray[np.int32]:
    """The window that judges each piece, int32 [pieces], for the windows of one text in their order.

    It is the one in which the piece's left or right context, whichever is shorter, is longest; of equals the first
    (`_check_is_max_context` of google-research/albert).
    """
    pieces = spans[-1].stop
    widest = np.full(pieces, -1, np.int64)
    judges = np.zeros(pieces, np.int32)
    for index, span in enumerate(spans):
        left = np.arange(span.stop - span.start)
        context = np.minimum(left, left[::-1])
        better = context > widest[span.start : span.stop]
        widest[span.start : span.stop][better] = context[better]
        judges[span.start : span.stop][better] = index
    return judges


def _window(
    tokenizer: Tokenizer, ids: Sequence[int], start: int, before: Sequence[int], after: Sequence[int]
) -> Window:
    stop = start + len(ids)
    if len(before):
        return Window(pack_ids(tokenizer, before, ids), len(before) + 2, start, stop)
    return Window(pack_ids(tokenizer, ids, after if len(after) else None), 1, start, stop)

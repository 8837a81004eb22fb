"""A vocabulary without the pieces that some texts never need; those texts keep their pieces, every one of them.

Why taking pieces away changes nothing, which is not plain, since all pieces compete for a text:

- SentencePiece takes the best path through a text (Viterbi; Kudo 2018, "Subword Regularization", section 3.1), going
  from left to right. Every piece of the old best path is kept, and so is the score of each place on it: by induction
  from the left the path to such a place is the old one. Whatever competed with it has lost pieces or become an unknown
  character, so its sum is the same or smaller (adding rounds monotonically), and of equal sums the first that is found
  wins. Pieces keep their order, and the order in which they are found depends on their places and lengths alone.
- An unknown character scores 10 less than the lowest score of all pieces, and a user-defined piece what the highest
  makes of it (`unigram_model.cc` of google/sentencepiece 0.2): those two pieces stay.
- WordPiece takes the longest piece that fits. The longest is kept, and shorter ones are never looked at, except in a
  word that comes out unknown: the pieces before the place where it fails are kept too (`needed_ids`).

Special, unknown, control and user-defined pieces stay with all others that are no plain pieces. Leaves out adding
pieces, and joining vocabularies.
"""

from __future__ import annotations

import unicodedata
from typing import Iterable, Iterator, Literal

from albert_edge.text.encoding import MASK, Tokenizer
from albert_edge.text.model_proto import NORMAL, parse_model, reduced_model, self_test_pieces
from albert_edge.text.pieces import open_processor
from albert_edge.text.tokenizer import make_tokenizer

_FORMS: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = ("NFC", "NFD", "NFKC", "NFKD")


def needed_ids(tokenizer: Tokenizer, text: str) -> set[int]:
    """The ids of all pieces that a vocabulary must keep for `text` to keep its pieces, in each way it may be asked.

    As plain text, in Unicode's four normal forms (one text to a reader, and other characters where accents are kept),
    and parted at each `[MASK]`. Raises `DataError` on a lone surrogate.
    """
    return {number for way in ways(text) for number in tokenizer.needed_ids(way)}


def ways(text: str) -> list[str]:
    """`text` and what else may be cut in its place, each once: its normal forms, their parts between masks."""
    others = () if text.isascii() else (unicodedata.normalize(form, text) for form in _FORMS)
    found = [part for form in (text, *others) for part in (form, *(form.split(MASK) if MASK in form else ()))]
    return list(dict.fromkeys(found))


def always_kept(tokenizer: Tokenizer) -> set[int]:
    """The ids of the pieces that stay whatever the texts are."""
    kept = {tokenizer.pad_id, tokenizer.unk_id, tokenizer.cls_id, tokenizer.sep_id}
    kept |= set() if tokenizer.mask_id is None else {tokenizer.mask_id}
    if tokenizer.kind == "sentencepiece":
        kept.update(_of_the_library(tokenizer.model))
    return kept


def reduced(tokenizer: Tokenizer, kept: Iterable[int]) -> Tokenizer:
    """The tokenizer whose vocabulary has the pieces of the ids `kept` alone, in their old order: the new ids.

    The same options. Raises `TokenizerError` if a piece is gone without which the vocabulary is none.
    """
    ids = sorted(kept)
    if tokenizer.kind == "sentencepiece":
        model = reduced_model(tokenizer.model, ids)
    else:
        model = _reduced_lines(tokenizer.model, set(ids))
    return make_tokenizer(tokenizer.kind, model, tokenizer.options.to_dict())


def _of_the_library(model: bytes) -> Iterator[int]:
    pieces = parse_model(model, open_processor(model))
    tested = self_test_pieces(model)
    for number, (text, kind) in enumerate(zip(pieces.texts, pieces.types)):
        if kind != NORMAL or text in tested:
            yield number
    # The library looks at plain pieces for the lowest and the highest score, the rules `huggingface` at all.
    plain = [number for number, kind in enumerate(pieces.types) if kind == NORMAL]
    for numbers in (plain, range(len(pieces.scores))):
        yield from (find(numbers, key=pieces.scores.__getitem__, default=0) for find in (min, max))


def _reduced_lines(model: bytes, kept: set[int]) -> bytes:
    """The lines of a `vocab.txt` whose number is kept."""
    return b"".join(line + b"\n" for number, line in enumerate(model.split(b"\n")) if number in kept)

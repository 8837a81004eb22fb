"""Training a SentencePiece vocabulary as ALBERT's authors trained theirs.

Follows the flags that google-research/albert gives for `spm_train` in its README: a unigram model, `<pad>` 0,
`<unk>` 1, `[CLS]`, `[SEP]` and `[MASK]` next, some punctuation always pieces of its own. The text gets the tokenizer's
clean-up first, so that no piece is learnt from characters that the tokenizer never lets through.

The same texts give the same bytes, whatever the machine's number of cores; another release of SentencePiece may give
others. Leaves out BPE, byte fallback and sampling by weight.
"""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import Any, Iterable, Iterator, Optional, Sequence, Union

from albert_edge.errors import AlbertEdgeError, ConfigError, DataError
from albert_edge.files import PathLike, atomic_write, check_writable, read_json_object
from albert_edge.text.corpora import iterate_texts
from albert_edge.text.normalization import clean
from albert_edge.text.options import TokenizerOptions
from albert_edge.text.tables import Columns
from albert_edge.text.tokenizer import CONFIG_FILE, SentencePieceTokenizer, read_options

CHARACTER_COVERAGE = 0.99995
"""ALBERT's own, for English."""

_ALBERT_FLAGS: dict[str, Any] = {
    "model_type": "unigram",
    "pad_id": 0,
    "unk_id": 1,
    "bos_id": -1,
    "eos_id": -1,
    "control_symbols": ["[CLS]", "[SEP]", "[MASK]"],
    "user_defined_symbols": ["(", ")", '"', "-", ".", "–", "£", "€"],
    "shuffle_input_sentence": True,
    "input_sentence_size": 10_000_000,
}
_OUR_FLAGS: dict[str, Any] = {
    # Texts longer than 4192 bytes are silently left out by default; this is the largest limit that it takes.
    "max_sentence_length": 1 << 30,
    # Partial sums are kept by thread: another number of threads gives other scores in the last digits.
    "num_threads": 16,
    "minloglevel": 2,
}
_RESERVED = "\u2585"
"""SentencePiece's own stand-in for unknown characters while training; it would leave out a text that holds it."""


def train_vocabulary(
    texts: Iterable[str],
    size: int,
    options: Optional[TokenizerOptions] = None,
    at_most: bool = False,
    character_coverage: float = CHARACTER_COVERAGE,
) -> bytes:
    """Train on `texts` and return the bytes of a SentencePiece model of `size` pieces, special pieces included.

    With `at_most`, texts that can't fill `size` give a smaller vocabulary; without, they raise `DataError` that says
    the largest possible size. `character_coverage` is the share of the texts' characters that get a piece, the rarest
    left out first: where a script has thousands of characters, less of it leaves room for words. Also raises
    `DataError` if no text holds a character, `ConfigError` if `size` is too small for the texts' characters or
    `character_coverage` is not from 0.98 to 1. All texts are kept in memory, up to 10 million of them.
    """
    import sentencepiece

    if not 0.98 <= character_coverage <= 1:
        raise ConfigError(f"character_coverage must be from 0.98 to 1; received {character_coverage}")
    source = _Sentences(texts, options or TokenizerOptions())
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(source),
            model_writer=model,
            vocab_size=size,
            hard_vocab_limit=not at_most,
            character_coverage=character_coverage,
            **_ALBERT_FLAGS,
            **_OUR_FLAGS,
        )
    except (RuntimeError, SystemError) as reason:
        if not source.count and source.failure is None:
            raise DataError("the texts must hold something other than white space; received none that does") from None
        raise source.failure or _explain(str(reason), size) or reason from None
    return model.getvalue()


class _Sentences:
    """The cleaned texts, for the trainer; keeps the reading's failure, which comes back from C++ as another one."""

    def __init__(self, texts: Iterable[str], options: TokenizerOptions) -> None:
        self.failure: Optional[BaseException] = None
        self.count = 0
        self._texts = texts
        self._options = options

    def __iter__(self) -> Iterator[str]:
        try:
            for text in self._texts:
                sentence = clean(text, self._options).text.replace(_RESERVED, " ")
                self.count += 1 if sentence.strip() else 0
                yield sentence
        except (Exception, KeyboardInterrupt) as reason:
            self.failure = reason
            raise


def _explain(message: str, size: int) -> Optional[AlbertEdgeError]:
    """The trainer's message, if it is about the size, as one that states the rule."""
    largest = re.search(r"Vocabulary size too high .* value <= (\d+)", message)
    if largest:
        return DataError(f"the texts must fill the vocabulary's size, at most {largest[1]} for these; received {size}")
    smallest = re.search(r"smaller than required_chars\. \d+ vs (\d+)", message)
    if smallest:
        return ConfigError(
            f"a vocabulary must hold each character of the texts, at least {smallest[1]} pieces for these; "
            f"received the size {size}"
        )
    return None


def vocab(
    inputs: Union[PathLike, Sequence[PathLike]],
    out: PathLike,
    size: int = 30000,
    lower_case: bool = True,
    keep_accents: bool = False,
    at_most: bool = False,
    character_coverage: float = CHARACTER_COVERAGE,
    columns: Optional[Columns] = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Train a vocabulary on files and write it to `out`; returns what was made, sizes in pieces and bytes.

    `inputs` are `.txt` files with a text a line (blank lines are fine), or tables, of which `columns` gives the text
    and its pair. Where `out`'s folder would not already say `lower_case` and `keep_accents` to a reader, a
    `tokenizer_config.json` is written beside it. Raises what `train_vocabulary` and `iterate_examples` do, and
    `AlbertEdgeError` if an output exists (without `overwrite`) or can't be written.
    """
    options = TokenizerOptions(lower_case, keep_accents)
    target = Path(out)
    check_writable(target, overwrite)
    config = _config_beside(target, options, overwrite)
    paths = [inputs] if isinstance(inputs, (str, os.PathLike)) else inputs
    texts = (text for path in paths for text in iterate_texts(path, columns))
    model = train_vocabulary(texts, size, options, at_most, character_coverage)
    tokenizer = SentencePieceTokenizer(model, options)
    if config is not None:
        atomic_write(target.parent / CONFIG_FILE, config)
    atomic_write(target, model)
    return {
        "out": str(out),
        "size": tokenizer.vocab_size,
        "bytes": len(model),
        "lower_case": lower_case,
        "keep_accents": keep_accents,
    }


def _config_beside(target: Path, options: TokenizerOptions, overwrite: bool) -> Optional[bytes]:
    """The `tokenizer_config.json` to write, other keys kept; None if readers would find `options` without it."""
    if read_options(target.parent) == options:
        return None
    path = target.parent / CONFIG_FILE
    check_writable(path, overwrite)
    values = {**(read_json_object(path, ConfigError) if path.exists() else {}), **options.to_dict()}
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()

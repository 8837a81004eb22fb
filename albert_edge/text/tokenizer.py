"""Opening a tokenizer: from bytes, a model folder, a `.tflite`, or a vocabulary's file.

A folder holds one of

    spiece.model     a SentencePiece model (ALBERT's English models, and every one trained here)
    vocab.txt        a WordPiece vocabulary (Chinese ALBERT)
    tokenizer.json   transformers 5's form of either, alone: the first two are made from it

and a `tokenizer_config.json` with the options. Which `tokenizer_rules` a folder means, if it doesn't say, is told by
what made its ids: with a `tokenizer.json` transformers' fast tokenizer did (`huggingface`), without one Google's
program (`google`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Optional

from albert_edge.errors import ConfigError, TokenizerError
from albert_edge.files import PathLike, read_bytes, read_json_object
from albert_edge.text.encoding import Encoding, Tokenizer
from albert_edge.text.options import RULES_KEY, VOCABULARY_FILES, TokenizerOptions, WordPieceOptions
from albert_edge.text.unigram import SentencePieceTokenizer

__all__ = [
    "CONFIG_FILE",
    "MODEL_FILE",
    "TOKENIZER_FILES",
    "Encoding",
    "SentencePieceTokenizer",
    "Tokenizer",
    "make_tokenizer",
    "open_tokenizer",
    "read_options",
    "read_tokenizer",
    "tokenize",
    "tokenizer_files",
]

CONFIG_FILE = "tokenizer_config.json"
JSON_FILE = "tokenizer.json"

MODEL_FILE, VOCAB_FILE = VOCABULARY_FILES["sentencepiece"], VOCABULARY_FILES["wordpiece"]
TOKENIZER_FILES = (MODEL_FILE, VOCAB_FILE, JSON_FILE, CONFIG_FILE)
"""Every file of a folder that says what the tokenizer is."""


def make_tokenizer(kind: str, data: bytes, options: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer of a vocabulary file's bytes with `options` as their `to_dict` gives them.

    Raises `TokenizerError` if `data` is no vocabulary of `kind`, `ConfigError` for another kind or a wrong option.
    """
    if kind == "sentencepiece":
        return SentencePieceTokenizer(data, TokenizerOptions.from_dict(options))
    if kind == "wordpiece":
        from albert_edge.text.wordpiece import WordPieceTokenizer

        return WordPieceTokenizer(data, WordPieceOptions.from_dict(options))
    raise ConfigError(f"a tokenizer's kind must be one of {', '.join(VOCABULARY_FILES)}; received {kind!r}")


def read_tokenizer(folder: PathLike) -> Tokenizer:
    """The tokenizer of a model folder; raises `TokenizerError` naming the file that is missing or can't be used."""
    # Where there are both, transformers reads tokenizer.json, and what that says of special pieces makes its ids.
    of_transformers = _config_values(Path(folder))[RULES_KEY] == "huggingface"
    for name in (JSON_FILE, MODEL_FILE, VOCAB_FILE) if of_transformers else (MODEL_FILE, VOCAB_FILE, JSON_FILE):
        if (Path(folder) / name).is_file():
            return _read_file(Path(folder) / name)
    raise TokenizerError(
        f"a model folder must hold {MODEL_FILE}, {VOCAB_FILE} or {JSON_FILE}; received {str(folder)!r} without them"
    )


def open_tokenizer(path: PathLike) -> Tokenizer:
    """The tokenizer of a model folder, a `.tflite`, a SentencePiece model, a `vocab.txt` or a `tokenizer.json`.

    A vocabulary's file gets the options of the `tokenizer_config.json` beside it, as its folder would. Raises
    `TokenizerError`, `ConfigError` or `ArtifactError` naming what can't be used.
    """
    path = Path(path)
    if path.is_dir():
        return read_tokenizer(path)
    if path.suffix == ".tflite":
        from albert_edge.artifact import read_artifact

        return read_artifact(path).tokenizer()
    return _read_file(path)


def tokenizer_files(tokenizer: Tokenizer) -> dict[str, bytes]:
    """Name -> contents of the vocabulary's file in a model folder."""
    return {tokenizer.file_name: tokenizer.model}


def read_options(folder: PathLike) -> TokenizerOptions:
    """A SentencePiece model's options in `folder`'s `tokenizer_config.json`; without one ALBERT's own."""
    return TokenizerOptions.from_config(_config_values(Path(folder)))


def tokenize(path: PathLike, texts: Iterable[str], rules: Optional[str] = None) -> Iterator[dict[str, Any]]:
    """Tokenize `texts` with the tokenizer at `path` (see `open_tokenizer`), one after another.

    `rules` (`google` or `huggingface`) replaces the tokenizer's own. Yields `text` as it came, `ids` and `pieces`
    without special pieces around them, and `offsets`, pairs [start, end) of characters of `text` (see `Encoding`).
    Under `huggingface` the ids are all transformers' own: there `[MASK]` is the mask piece, as `fill-mask` reads it,
    while models of other tasks read it as text.
    """
    tokenizer = open_tokenizer(path)
    if rules is not None:
        tokenizer = tokenizer.with_options(rules=rules)
    shows_masks = tokenizer.options.rules == "huggingface" and tokenizer.mask_id is not None
    for text in texts:
        encoding = tokenizer.encode_masked(text) if shows_masks else tokenizer.encode(text)
        yield {"text": text, "ids": encoding.ids, "pieces": encoding.pieces, "offsets": encoding.offsets}


def _read_file(path: Path) -> Tokenizer:
    values = _config_values(path.parent, of_transformers=path.suffix == ".json")
    data = read_bytes(path, TokenizerError)
    kind = "wordpiece" if path.suffix == ".txt" else "sentencepiece"
    try:
        if path.suffix == ".json":
            from albert_edge.text.tokenizer_json import vocabulary_of

            kind, data, values = vocabulary_of(data, values)
        if kind == "sentencepiece":
            return SentencePieceTokenizer(data, TokenizerOptions.from_config(values))
        from albert_edge.text.wordpiece import WordPieceTokenizer

        return WordPieceTokenizer(data, WordPieceOptions.from_config(values))
    except TokenizerError as reason:
        raise TokenizerError(f"{path}: {reason}") from reason


def _config_values(folder: Path, of_transformers: bool = False) -> dict[str, Any]:
    """`folder`'s `tokenizer_config.json`, with the `tokenizer_rules` that the folder means if it doesn't say."""
    path = folder / CONFIG_FILE
    values = read_json_object(path, ConfigError) if path.exists() else {}
    of_transformers = of_transformers or (folder / JSON_FILE).is_file()
    return {RULES_KEY: "huggingface" if of_transformers else "google", **values}

"""A `tokenizer.json` turned back into the vocabulary's file that it was made from: `spiece.model` or `vocab.txt`.

transformers 5 writes `tokenizer.json` (the `tokenizers` library's format, version 1.0) in place of the vocabulary. Of
a Unigram model the SentencePiece model is made again: pieces and scores stand there, their types follow from
`added_tokens`, the table of characters from the normalizer. It gives the ids of the original one under both rules.
Leaves out what only transformers uses (post-processing, padding, truncation) and every other kind of model.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any, Mapping, Sequence

from albert_edge.errors import TokenizerError
from albert_edge.text.model_proto import CONTROL, NORMAL, UNKNOWN, USER_DEFINED, ModelPieces, serialize_model

_PAD = "<pad>"
_BERT_NAMES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_SHOWN_CHARACTERS = 100


def vocabulary_of(data: bytes, options: Mapping[str, Any]) -> tuple[str, bytes, dict[str, Any]]:
    """The kind of tokenizer, its vocabulary file's bytes, and its options, from the bytes of a `tokenizer.json`.

    `options`: those of `tokenizer_config.json`, which come before what the file's normalizer shows. Raises
    `TokenizerError` if the file is damaged or no ALBERT's.
    """
    values = _parsed(data)
    model = _object(values.get("model"), "model")
    steps = {str(step.get("type")): step for step in _normalizers(values.get("normalizer"))}
    pieces_added = _added(values.get("added_tokens"))
    if model.get("type") == "Unigram":
        shown = {"do_lower_case": "Lowercase" in steps, "keep_accents": "StripAccents" not in steps}
        return "sentencepiece", _sentencepiece_model(model, pieces_added, steps), {**shown, **options}
    if model.get("type") == "WordPiece":
        _check_bert(model, steps)
        shown = _bert_options(_object(steps["BertNormalizer"], "BertNormalizer"))
        return "wordpiece", _wordpiece_lines(model.get("vocab"), pieces_added), {**shown, **options}
    raise TokenizerError(
        f"the model of an ALBERT's tokenizer.json must be Unigram or WordPiece; received {model.get('type')!r}"
    )


def _parsed(data: bytes) -> Mapping[str, Any]:
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as reason:
        raise TokenizerError(f"tokenizer.json must be JSON; received something else ({reason})") from reason
    return _object(values, "tokenizer.json")


def _object(value: Any, where: str) -> Mapping[str, Any]:
    _require(isinstance(value, dict), f"{where} must be an object", value)
    found: Mapping[str, Any] = value
    return found


def _normalizers(normalizer: Any) -> Sequence[Mapping[str, Any]]:
    """The steps of a normalizer, nested sequences laid out flat."""
    if normalizer is None:
        return []
    values = _object(normalizer, "normalizer")
    if values.get("type") != "Sequence":
        return [values]
    _require(isinstance(values.get("normalizers"), list), "normalizers must be a list", values.get("normalizers"))
    return [step for inner in values["normalizers"] for step in _normalizers(inner)]


def _added(tokens: Any) -> dict[int, tuple[str, bool]]:
    """Id -> content of each added token and whether it is a special one."""
    _require(tokens is None or isinstance(tokens, list), "added_tokens must be a list", tokens)
    found: dict[int, tuple[str, bool]] = {}
    for token in tokens or []:
        values = _object(token, "an added token")
        content = values.get("content")
        _require(isinstance(content, str), "an added token must have its content", content)
        number = _id(values.get("id"), "the id of an added token")
        _require(number not in found, "an added token must have an id of its own", number)
        found[number] = (str(content), values.get("special") is True)
    return found


# === Unigram ===


def _sentencepiece_model(
    model: Mapping[str, Any], added: Mapping[int, tuple[str, bool]], steps: Mapping[str, Mapping[str, Any]]
) -> bytes:
    texts, scores = _pieces(model.get("vocab"))
    unk_id = _id(model.get("unk_id"), "unk_id")
    _require(unk_id < len(texts), f"unk_id must be the id of one of {len(texts)} pieces", unk_id)
    _require(not model.get("byte_fallback"), "an ALBERT's vocabulary must not use byte fallback", True)
    _require(_PAD in texts, f"an ALBERT vocabulary must have the piece {_PAD}", f"{len(texts)} pieces without it")
    _check_in_vocabulary(added, dict(enumerate(texts)))
    types = [NORMAL] * len(texts)
    for number, (_, is_special) in added.items():
        types[number] = CONTROL if is_special else USER_DEFINED
    types[unk_id] = UNKNOWN
    return serialize_model(ModelPieces(texts, scores, types, _charsmap(steps)), unk_id, texts.index(_PAD))


def _pieces(vocab: Any) -> tuple[list[str], list[float]]:
    _require(isinstance(vocab, list) and vocab, "vocab of a Unigram model must be a list of pieces", vocab)
    seen: set[str] = set()
    for row in vocab:
        _require(
            isinstance(row, list)
            and len(row) == 2
            and isinstance(row[0], str)
            and isinstance(row[1], (int, float))
            and math.isfinite(row[1]),
            "a piece must be its text and its score",
            row,
        )
        _require(row[0] and row[0] not in seen, "a piece must have a text of its own", row[0])
        seen.add(row[0])
    return [row[0] for row in vocab], [float(row[1]) for row in vocab]


def _charsmap(steps: Mapping[str, Mapping[str, Any]]) -> bytes:
    if "Precompiled" not in steps:
        return b""
    text = steps["Precompiled"].get("precompiled_charsmap")
    try:
        return base64.b64decode(text, validate=True)  # type: ignore[arg-type]  # whatever the file holds
    except (TypeError, ValueError, binascii.Error) as reason:
        raise TokenizerError(
            f"precompiled_charsmap must be Base64; received {repr(text)[:_SHOWN_CHARACTERS]}"
        ) from reason


# === WordPiece ===


def _check_bert(model: Mapping[str, Any], steps: Mapping[str, Any]) -> None:
    """Only BERT's way of cutting words is known here."""
    _require(
        set(steps) == {"BertNormalizer"}, "the normalizer of a WordPiece model must be BertNormalizer", list(steps)
    )
    for key, wanted in (("unk_token", "[UNK]"), ("continuing_subword_prefix", "##"), ("max_input_chars_per_word", 100)):
        value = model.get(key)
        _require(value == wanted, f"{key} of a WordPiece model must be {wanted!r}", value)


def _bert_options(normalizer: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "lowercase": "do_lower_case",
        "strip_accents": "strip_accents",
        "handle_chinese_chars": "tokenize_chinese_chars",
    }
    return {name: normalizer[key] for key, name in names.items() if key in normalizer}


def _wordpiece_lines(vocab: Any, added: Mapping[int, tuple[str, bool]]) -> bytes:
    id_of = _object(vocab, "vocab of a WordPiece model")
    text_of = {_id(number, "a piece's id"): text for text, number in id_of.items()}
    for content, _ in added.values():
        _require(content in _BERT_NAMES, f"an added token must be one of {', '.join(_BERT_NAMES)}", content)
    in_order = [text_of.get(number) for number in range(len(id_of))]
    if None in in_order:
        missing = in_order.index(None)
        raise TokenizerError(
            f"the ids of {len(id_of)} pieces must be 0 to {len(id_of) - 1}; received none with id {missing}"
        )
    _check_in_vocabulary(added, text_of)
    return "".join([f"{text}\n" for text in in_order]).encode()


# === Rules ===


def _check_in_vocabulary(added: Mapping[int, tuple[str, bool]], text_of: Mapping[int, str]) -> None:
    for number, (content, _) in added.items():
        if text_of.get(number) != content:
            raise TokenizerError(
                f"an added token must be the model's piece of its id; received {content!r} with id {number}, "
                f"where the model has {text_of.get(number)!r}"
            )


def _id(value: Any, what: str) -> int:
    is_id = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    _require(is_id, f"{what} must be an integer of at least 0", value)
    return int(value)


def _require(condition: object, rule: str, received: object) -> None:
    if not condition:
        raise TokenizerError(f"{rule}; received {repr(received)[:_SHOWN_CHARACTERS]}")

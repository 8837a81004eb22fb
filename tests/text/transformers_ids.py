"""What record_transformers.py recorded, and tokenizers to hold against it."""

import json

from text_samples import golden_rows

from albert_edge.text.options import TokenizerOptions, WordPieceOptions
from albert_edge.text.unigram import SentencePieceTokenizer
from albert_edge.text.wordpiece import WordPieceTokenizer


def golden_texts(golden):
    return [row["text"] for row in golden_rows(golden)]


def albert_runs(golden):
    """Each recorded run's tokenizer under the rules `huggingface` and its ids."""
    recorded = json.loads((golden / "tokenizer_huggingface.json").read_text(encoding="utf-8"))
    for run in recorded["runs"]:
        options = TokenizerOptions(run["do_lower_case"], run["keep_accents"], "huggingface")
        yield SentencePieceTokenizer((golden / run["vocabulary"]).read_bytes(), options), run["ids"]


def bert_recorded(golden):
    return json.loads((golden / "wordpiece" / "ids.json").read_text(encoding="utf-8"))


def bert_runs(golden):
    """As `albert_runs`, for WordPiece."""
    vocabulary = (golden / "wordpiece" / "vocab.txt").read_bytes()
    for run in bert_recorded(golden)["runs"]:
        values = {key: run[key] for key in ("do_lower_case", "strip_accents")}
        options = WordPieceOptions.from_config({**values, "tokenizer_rules": "huggingface"})
        yield WordPieceTokenizer(vocabulary, options), run["ids"]


def unequal(tokenizer, texts, ids):
    """The texts whose ids differ; transformers always cuts the mask piece out."""
    assert len(texts) == len(ids)
    return [text for text, wanted in zip(texts, ids) if tokenizer.encode_masked(text).ids != wanted]

"""Kotlin's tokens of 5,000 lines of real texts and 5,000 random ones: ids, offsets and words are Python's."""

import gzip
import json
import unicodedata
from pathlib import Path

import pytest
from text_samples import random_texts

from albert_edge.text.tokenizer import make_tokenizer
from albert_edge.text.words import words_of

LINES = 5000
# Files of the public data sets that hold a text a line, or a text a cell.
SOURCES = (
    "ag_news/train.tsv",
    "sst2/train.tsv",
    "stsb/train.tsv",
    "thucnews/train.txt",
    "huffpost_news/news.jsonl",
    "multi30k/train.de.gz",
    "multi30k/train.en.gz",
)
OPTIONS = {
    "sentencepiece": ({"tokenizer_rules": "google"}, {"tokenizer_rules": "huggingface"}),
    "wordpiece": ({"tokenizer_rules": "google"}, {"tokenizer_rules": "huggingface"}),
}


def lines_of(path: Path) -> list:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [line for line in data.decode("utf-8").split("\n") if line.strip()]


def passages(folder: Path) -> list:
    """Of XQuAD, which has every script."""
    texts = []
    for path in sorted(folder.glob("*.json")):
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
            texts += [paragraph["context"] for paragraph in article["paragraphs"]]
    return texts


def real_texts(shared_data: Path) -> list:
    sources = [lines_of(shared_data / name) for name in SOURCES] + [passages(shared_data / "xquad")]
    share = -(-LINES // len(sources))
    chosen = [lines[:: max(1, len(lines) // share)][:share] for lines in sources]
    missing = LINES - sum(map(len, chosen))
    return [text for texts in chosen for text in texts][:LINES] + sources[0][1 : 1 + max(0, missing)]


def differences(kotlin, folder: Path, kind: str, vocabulary: Path, options: dict, texts: list) -> list:
    """The texts of which Kotlin says otherwise."""
    (folder / "texts.json").write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
    kotlin("tokenize", kind, vocabulary, options, folder / "texts.json", folder / "answers.txt")
    answers = (folder / "answers.txt").read_text(encoding="utf-8").split("\n")
    assert len(answers) == len(texts)
    tokenizer = make_tokenizer(kind, vocabulary.read_bytes(), options)
    found = []
    for text, answer in zip(texts, answers):
        encoding = tokenizer.encode(text)
        starts, ends = ([span[edge] for span in encoding.offsets] for edge in (0, 1))
        edges = [edge for span in words_of(text) for edge in span]
        if answer != "|".join(" ".join(map(str, numbers)) for numbers in (encoding.ids, starts, ends, edges)):
            found.append(text)
    return found


@pytest.fixture(scope="module")
def tables_fit():
    """Whether this Python's Unicode is that of the Kotlin tables."""
    source = Path(__file__).parents[2] / "android_demo/core/src/main/kotlin/albertedge/text/UnicodeTables.kt"
    if f'"{unicodedata.unidata_version}"' not in source.read_text(encoding="utf-8"):
        pytest.skip("needs a Python whose Unicode is that of the Kotlin tables (3.11)")


@pytest.mark.slow
@pytest.mark.parametrize("rules", [0, 1], ids=["google", "huggingface"])
@pytest.mark.parametrize("kind", OPTIONS)
def test_real_lines(kotlin, kind, rules, golden, spm_30k, shared_data, tmp_path):
    vocabulary = spm_30k if kind == "sentencepiece" else golden / "wordpiece" / "vocab.txt"
    texts = real_texts(shared_data)
    assert len(texts) == LINES
    assert differences(kotlin, tmp_path, kind, vocabulary, OPTIONS[kind][rules], texts) == []


@pytest.mark.slow
@pytest.mark.parametrize("rules", [0, 1], ids=["google", "huggingface"])
@pytest.mark.parametrize("kind", OPTIONS)
def test_random_unicode(kotlin, tables_fit, kind, rules, golden, spm_30k, tmp_path):
    vocabulary = spm_30k if kind == "sentencepiece" else golden / "wordpiece" / "vocab.txt"
    assert differences(kotlin, tmp_path, kind, vocabulary, OPTIONS[kind][rules], random_texts(LINES, seed=11)) == []


def test_another_tokenizers_ids_would_be_noticed(kotlin, spm_30k, tmp_path):
    texts = ["9, and 10,000", "re-introduce", "plain"]

    def other_rules(command, kind, vocabulary, _, *rest):
        return kotlin(command, kind, vocabulary, {"tokenizer_rules": "huggingface"}, *rest)

    options = {"tokenizer_rules": "google"}
    assert differences(other_rules, tmp_path, "sentencepiece", spm_30k, options, texts) == texts[:2]

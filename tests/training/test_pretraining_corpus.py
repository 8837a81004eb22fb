"""A corpus on disk: its sentences, its manifest; and that damage is found."""

import json

import numpy as np
import pytest
from corpora import made_text, write_made_corpus

from albert_edge.errors import DataError
from albert_edge.text.tokenizer import open_tokenizer
from albert_edge.training.pretraining.records import Corpus, open_corpus
from albert_edge.training.pretraining.sentences import sentences


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ("One came. Two went! Three?", ["One came.", "Two went!", "Three?"]),
        ('"Stop." He did. ("So.") Then', ['"Stop."', "He did.", '("So.")', "Then"]),
        ("Mr. Hyde met Dr. J. Smith. They spoke.", ["Mr. Hyde met Dr. J. Smith.", "They spoke."]),
        ("It cost 3. and no more. then", ["It cost 3. and no more. then"]),
        ("“Ah…” “Élan!” Été.", ["“Ah…” “Élan!”", "Été."]),
        ("", []),
    ],
)
def test_sentences_by_hand(paragraph, expected):
    assert list(sentences(paragraph)) == expected


@pytest.mark.slow
def test_a_corpus_holds_every_sentence_once(corpora, vocab):
    """Its ids, in order of the parts, are those of the documents' sentences."""
    tokenizer = open_tokenizer(vocab)
    found = {}
    for corpus in corpora.values():
        again = open_corpus(corpus.folder)
        assert isinstance(again, Corpus)
        assert again.facts() == corpus.facts()
        records = [record for shard in range(len(again.shards)) for record in again.read(shard)]
        assert sum(len(record.ids) for record in records) == again.tokens
        for record in sorted(records, key=lambda record: record.part):
            found.setdefault(record.document, []).append(record)
    expected = []
    for document in made_text(40).split("\n\n"):
        parts = [tokenizer.encode(each).ids for line in document.split("\n") for each in sentences(line)]
        expected.append(([len(part) for part in parts], [each for part in parts for each in part]))
    joined = [
        tuple(np.concatenate([getattr(part, name) for part in parts]).tolist() for name in ("lengths", "ids"))
        for parts in found.values()
    ]
    assert sorted(map(str, joined)) == sorted(str(tuple(each)) for each in expected)


@pytest.mark.slow
def test_a_damaged_shard_is_found(vocab, tmp_path):
    corpus = write_made_corpus(tmp_path, vocab, held_out=0.0)["train"]
    path = corpus.folder / corpus.shards[1].file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    corpus.read(0)
    with pytest.raises(DataError, match=r"00001-of-00003.tfrecord: a shard must have the manifest's SHA-256"):
        corpus.read(1)


@pytest.mark.slow
def test_a_manifest_of_another_kind_is_refused(vocab, tmp_path):
    corpus = write_made_corpus(tmp_path, vocab, held_out=0.0)["train"]
    with pytest.raises(DataError, match=r"received '.*corpus' without, did you mean .*corpus/train"):
        open_corpus(corpus.folder.parent)
    path = corpus.folder / "manifest.json"
    values = json.loads(path.read_text())
    for change, message in (
        ({"schema_version": 2}, "schema_version must be 1; received 2"),
        ({"shards": []}, "a corpus must have shards; received none"),
        ({"shards": [{"file": "a"}]}, "a manifest must hold what a corpus has"),
    ):
        path.write_text(json.dumps({**values, **change}))
        with pytest.raises(DataError, match=message):
            open_corpus(corpus.folder)


def test_ids_alone_are_those_of_encode(golden, spm_30k):
    """On texts with accents, quotes, numbers with commas, other scripts."""
    rows = json.loads((golden / "tokenizer.json").read_text(encoding="utf-8"))["rows"]
    texts = [row["text"] for row in rows] + ["Σίσυφος ΟΔΟΣ", "İstanbul 10,000, 9,", "``a'' é e\u0301", "½ \u200b x"]
    tokenizer = open_tokenizer(spm_30k)
    for options in ({}, {"lower_case": False}, {"keep_accents": True}, {"rules": "huggingface"}):
        changed = tokenizer.with_options(**options)
        assert [text for text in texts if changed.ids(text) != changed.encode(text).ids] == []

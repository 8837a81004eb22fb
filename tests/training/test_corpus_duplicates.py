"""Copies: against datasketch's own index, and against the exact similarity of sets that it estimates."""

import hashlib
import random

import numpy as np
import pytest
from corpora import WORDS

from albert_edge.training.corpus.duplicates import (
    DOCUMENT,
    ENTRY,
    EXACT,
    NEAR,
    PERMUTATIONS,
    SHINGLE_WORDS,
    copies,
    entries,
    signature,
)

datasketch = pytest.importorskip("datasketch")

THRESHOLD = 0.7


def shingles(text):
    words = text.lower().split()
    return {tuple(words[start : start + SHINGLE_WORDS]) for start in range(len(words) - SHINGLE_WORDS + 1)}


def jaccard(first, second):
    return len(shingles(first) & shingles(second)) / len(shingles(first) | shingles(second))


@pytest.fixture(scope="module")
def texts():
    """60 texts of 200 words; 30 of them are others with words changed: near and not so near copies."""
    generator = random.Random(5)
    found = [generator.choices(WORDS, k=200) for _ in range(30)]
    for number, words in enumerate(found[:30]):
        changed = list(words)
        for place in generator.sample(range(200), number // 2):
            changed[place] = f"other{place}"
        found.append(changed)
    return [" ".join(words) for words in found]


def table(texts):
    documents = np.zeros(len(texts), DOCUMENT)
    for number, (row, text) in enumerate(zip(documents, texts)):
        row["name"] = np.void(number.to_bytes(32, "big"))
        row["digest"] = np.void(hashlib.sha256(text.encode()).digest())
        row["signature"] = signature(text)
    return documents


def found_by_bands(documents, threshold):
    buckets = {}
    for bucket, data in entries(documents, (0, 0), threshold):
        buckets.setdefault(bucket, []).append(data)
    return {
        (place[2], reason)
        for bucket in buckets.values()
        for place, reason in copies(bucket, lambda index, piece: documents, threshold)
    }


def test_signatures_are_datasketchs_own(texts):
    for text in texts[:5]:
        expected = datasketch.MinHash(num_perm=PERMUTATIONS)
        for shingle in shingles(text):
            expected.update(" ".join(shingle).encode())
        np.testing.assert_array_equal(signature(text), expected.hashvalues)


def test_near_copies_are_those_of_datasketchs_index(texts):
    """What goes is what the index finds beside an earlier text and whose estimate reaches the threshold."""
    documents = table(texts)
    index = datasketch.MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    hashes = [datasketch.MinHash(hashvalues=row["signature"], scheme="affine32") for row in documents]
    expected = set()
    for number, each in enumerate(hashes):
        if any(each.jaccard(hashes[other]) >= THRESHOLD for other in index.query(each)):
            expected.add((number, NEAR))
        index.insert(number, each)
    expected = {(number, EXACT if texts[number] in texts[:number] else reason) for number, reason in expected}
    assert len(expected) > 8
    assert {reason for _, reason in expected} == {EXACT, NEAR}
    # Equal texts are near in every band and exact by their digests.
    assert found_by_bands(documents, THRESHOLD) == expected


@pytest.mark.parametrize(
    ("order", "gone"), [("abc", {1, 2}), ("cba", {1, 2}), ("bac", {1, 2}), ("acb", {2}), ("cab", {2})]
)
def test_of_a_chain_what_is_near_a_smaller_hash_goes(order, gone):
    """Whether or not that one stays. `a` and `b` have 108 of 128 values in common, `b` and `c` 103, `a` and `c` 83."""
    chain = {name: np.arange(PERMUTATIONS, dtype=np.uint32) for name in "abc"}
    for names, changed in (("bc", slice(0, 20)), ("c", slice(20, 45))):
        for name in names:
            chain[name][changed] += 1000
    documents = table(order)
    documents["signature"] = [chain[name] for name in order]
    met = np.array([(1, 0, 0, number) for number in range(3)], ENTRY)  # in one band
    assert set(copies([met.tobytes()], lambda *_: documents, THRESHOLD)) == {((0, 0, each), NEAR) for each in gone}


def test_what_goes_is_as_similar_as_it_should_be(texts):
    """0.12 is over three standard errors of an estimate by 128 permutations (0.04 at 0.7)."""
    gone = {number for number, _ in found_by_bands(table(texts), THRESHOLD)}
    similarity = {number: jaccard(texts[number - 30], texts[number]) for number in range(30, 60)}
    assert all(similarity[number] > THRESHOLD - 0.12 for number in gone)
    assert all(number in gone for number, value in similarity.items() if value > THRESHOLD + 0.12)
    assert min(similarity.values()) < THRESHOLD - 0.12 < THRESHOLD + 0.12 < max(similarity.values())


def test_only_equal_texts_go_without_a_threshold(texts):
    documents = table([texts[0], texts[1], texts[0], texts[33]])
    assert found_by_bands(documents, 0.0) == {(2, EXACT)}


def test_which_of_several_copies_stays_is_told_by_the_hash_alone(texts):
    words = texts[36].split()
    documents = table([texts[6], texts[5], texts[36], " ".join([*words[:100], "another", *words[101:]])])
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        shuffled = documents[order]
        gone = {int.from_bytes(shuffled[place]["name"].tobytes(), "big") for place, _ in found_by_bands(shuffled, 0.6)}
        assert gone == {2, 3}


def test_a_texts_case_and_blanks_make_no_difference():
    np.testing.assert_array_equal(signature("One two three\nfour five six"), signature("one TWO three four  five six"))
    assert signature("short").any()
    assert signature("").any()

"""What holds for every tokenizer on any text: both rules of both kinds, on random Unicode."""

import threading
import time
import unicodedata

import pytest
from span_faults import span_faults
from text_samples import golden_rows, random_texts

from albert_edge.text.options import RULES, TokenizerOptions, WordPieceOptions
from albert_edge.text.tokenizer import SentencePieceTokenizer, make_tokenizer
from albert_edge.text.wordpiece import WordPieceTokenizer


def make(kind, rules, cased, golden, spm_30k):
    if kind == "wordpiece":
        vocabulary = (golden / "wordpiece" / "vocab.txt").read_bytes()
        return WordPieceTokenizer(vocabulary, WordPieceOptions(not cased, cased, True, rules))
    return SentencePieceTokenizer(spm_30k.read_bytes(), TokenizerOptions(not cased, cased, rules))


@pytest.fixture(scope="module", params=["sentencepiece", "wordpiece"])
def kind(request):
    return request.param


@pytest.fixture(scope="module", params=RULES)
def rules(request):
    return request.param


@pytest.fixture(scope="module", params=[False, True], ids=["uncased", "cased"])
def tokenizer(request, kind, rules, golden, spm_30k):
    return make(kind, rules, request.param, golden, spm_30k)


def shows(character):
    """Whether it is a letter or digit; some Arabic ones become a space and a mark, of which nothing stays."""
    return character.isalnum() and not unicodedata.normalize("NFKD", character).startswith(" ")


def faults(tokenizer, text, encoding):
    """What is wrong with an encoding of `text`, in words."""
    spans = encoding.offsets
    found = span_faults(text, encoding)
    if not all(0 <= number < tokenizer.vocab_size for number in encoding.ids):
        found.append("an id outside the vocabulary")
    for piece, number in zip(encoding.pieces, encoding.ids):
        if number != tokenizer.unk_id and tokenizer.id_to_piece(number) != piece:
            found.append(f"{piece!r} is not the piece of {number}")
    covered = {place for start, end in spans for place in range(start, end)}
    missed = [place for place, character in enumerate(text) if shows(character) and place not in covered]
    return found + [f"characters {missed} not covered"] * bool(missed)


def test_spans_and_ids_of_random_texts(tokenizer):
    texts = random_texts(1000, seed=7)
    assert [(text, found) for text in texts if (found := faults(tokenizer, text, tokenizer.encode(text)))] == []


def test_masked_spans_and_ids_of_random_texts(tokenizer):
    texts = [f"[MASK]{text}[MASK]" for text in random_texts(200, seed=8)]
    for text in texts:
        encoding = tokenizer.encode_masked(text)
        assert faults(tokenizer, text, encoding) == []
        assert encoding.ids.count(tokenizer.mask_id) == text.count("[MASK]")
        assert tokenizer.mask_id not in tokenizer.encode(text).ids


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda e: e.offsets.pop(), "not one span a piece"),
        (lambda e: e.offsets.append((0, 99)), "a span outside the text"),
        (lambda e: e.offsets.reverse(), "spans that decrease"),
        (lambda e: e.ids.__setitem__(0, 10**6), "an id outside the vocabulary"),
        (lambda e: e.pieces.__setitem__(0, "x"), "'x' is not the piece of"),
        (lambda e: e.offsets.__setitem__(0, (0, 0)), "not covered"),
    ],
)
def test_damaged_encodings_would_be_noticed(kind, golden, spm_30k, damage, fault):
    tokenizer = make(kind, "google", False, golden, spm_30k)
    text = "the other the"
    encoding = tokenizer.encode(text)
    assert faults(tokenizer, text, encoding) == []
    damage(encoding)
    if fault.startswith("an id outside"):
        tokenizer.id_to_piece = lambda number: encoding.pieces[0]
    assert any(fault in found for found in faults(tokenizer, text, encoding))


def test_pieces_alone_give_their_text_again(tokenizer):
    text = "the price of oil"
    joined = "".join(tokenizer.encode(text).pieces).replace("▁", "").replace("##", "")
    assert joined == text.replace(" ", "")


def test_threads_share_a_tokenizer(tokenizer, golden):
    texts = [row["text"] for row in golden_rows(golden)][:200]
    alone = [tokenizer.encode(text) for text in texts]
    together = []
    threads = [
        threading.Thread(target=lambda: together.append([tokenizer.encode(text) for text in texts])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone] * 4


def test_it_is_made_again_of_its_file_and_options(tokenizer):
    other = make_tokenizer(tokenizer.kind, tokenizer.model, tokenizer.options.to_dict())
    assert other.options == tokenizer.options
    assert other.encode("Oil prices, 10,000").ids == tokenizer.encode("Oil prices, 10,000").ids


@pytest.mark.parametrize("part", ["the price of oil ", "x", "今天天气很好，", "1,"])
def test_long_texts_take_linear_time(tokenizer, part):
    def seconds(size):
        text = part * (size // len(part))
        start = time.process_time()
        tokenizer.encode(text)
        return time.process_time() - start

    # Quadratic time would be 16 times as much for 4 times the text; other programs on the machine disturb by less.
    quarter = min(seconds(10_000) for _ in range(3))
    assert min(seconds(40_000) for _ in range(2)) < 10 * quarter + 0.05

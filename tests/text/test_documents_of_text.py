"""Documents and the pairs made of them."""

import pytest

from albert_edge.errors import ConfigError, DataError
from albert_edge.text.documents import order_examples, read_documents

TEXT = "one\ntwo\nthree\n\n  \nfour\n five \n\n\nsix\n"


@pytest.fixture
def documents(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text(TEXT, encoding="utf-8")
    return read_documents(path)


def test_blank_lines_separate_documents(documents):
    assert [[tuple(paragraph) for paragraph in document] for document in documents] == [
        [("one", 1), ("two", 2), ("three", 3)],
        [("four", 6), ("five", 7)],
        [("six", 10)],
    ]


def many(count=200, paragraphs=6):
    from albert_edge.text.documents import Paragraph

    return [[Paragraph(f"{d}.{p}", d * 100 + p) for p in range(paragraphs)] for d in range(count)]


def test_half_of_the_pairs_are_swapped():
    examples = order_examples(many(), seed=1)
    assert len(examples) == 200 * 5
    assert 0.45 < sum(example.in_order for example in examples) / len(examples) < 0.55
    for example in examples:
        pair = [tuple(map(int, text.split("."))) for text in (example.text, example.text_pair)]
        first, second = pair if example.in_order else pair[::-1]
        assert first[0] == second[0]
        assert first[1] + 1 == second[1]
        assert example.line == first[0] * 100 + first[1]


def test_the_other_passage_is_of_another_document():
    examples = order_examples(many(), seed=1, objective="nsp")
    numbers = [[int(text.split(".")[0]) for text in (example.text, example.text_pair)] for example in examples]
    assert all((a == b) == example.in_order for (a, b), example in zip(numbers, examples))
    assert len({b for (_, b), example in zip(numbers, examples) if not example.in_order}) > 150


def test_the_seed_decides():
    assert order_examples(many(), 1) == order_examples(many(), 1) != order_examples(many(), 2)
    # Recorded: a pair must stay what it is, whatever numpy and whichever machine.
    assert [example.in_order for example in order_examples(many(2), 1)] == [
        False,
        False,
        True,
        False,
        True,
        True,
        False,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("text", "objective", "error", "message"),
    [
        ("\n \n", "sop", DataError, "must have lines with text; received none"),
        ("one\n\ntwo\n", "sop", DataError, "a document must have two paragraphs"),
        ("one\ntwo\n", "nsp", DataError, "documents must be two at least"),
        ("one\ntwo\n", "mlm", ConfigError, "sentence order must be one of sop, nsp; received 'mlm'"),
    ],
)
def test_what_makes_no_pairs_is_refused(tmp_path, text, objective, error, message):
    path = tmp_path / "texts.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(error) as raised:
        order_examples(read_documents(path), 1, objective)
    assert message in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"missing\.txt"):
        read_documents(tmp_path / "missing.txt")

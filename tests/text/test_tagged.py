"""CoNLL files and JSON Lines with spans: what is read, and what each kind of damage is told."""

import collections
import json
import random

import pytest

from albert_edge.errors import ConfigError, DataError
from albert_edge.text.entities import entities_of_tags
from albert_edge.text.tagged import TaggedExample, labels_of_tagged, read_tagged


@pytest.fixture
def write(tmp_path):
    def write_file(content, name="a.conll"):
        path = tmp_path / name
        path.write_bytes(content.encode())
        return path

    return write_file


@pytest.fixture
def rows(write):
    def write_rows(*values):
        return write("\n".join(map(json.dumps, values)), "a.jsonl")

    return write_rows


def refused(path, message, **arguments):
    with pytest.raises(DataError) as error:
        read_tagged(path, **arguments)
    assert str(error.value).replace(str(path), path.name) == message


def brief(examples):
    return [(example.text, " ".join(example.tags), example.line) for example in examples]


# === CoNLL ===


def test_a_sentence_by_hand(write):
    path = write("John\tB-PER\nSmith\tI-PER\nsings\tO\n\nHi\tO\n")
    assert read_tagged(path) == [
        TaggedExample("John Smith sings", ((0, 4), (5, 10), (11, 16)), ("B-PER", "I-PER", "O"), 1),
        TaggedExample("Hi", ((0, 2),), ("O",), 5),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "a O\nb B-X\n\nc O\n",
        "a O\nb B-X\n\n\n\nc O",
        "a\tO\r\nb\tB-X\r\n\r\nc\tO\r\n",
        "a   O\nb  B-X \n \t \nc O",
        "\ufeffa O\nb B-X\n\nc O",
        "a NN O\nb NN B-X\n\nc NN O",
        "a\tNN\tI-NP\tO\nb\tNN\tI-NP\tB-X\n\t\nc\t\t_\tO",
        "-DOCSTART- -X- O\n\na - O\nb - B-X\n\n-DOCSTART- -X- O\n\nc - O",
        "-DOCSTART-\na O\nb B-X\n-DOCSTART-\nc O",
        "# text = a b\na O\nb B-X\n\n# id 2\n# text = c\nc O",
        "# id\ta\n".replace("\t", " ") + "a O\nb B-X\n\n#\n#a\nc O",
    ],
)
def test_layouts(write, content):
    assert [item[:2] for item in brief(read_tagged(write(content)))] == [("a b", "O B-X"), ("c", "O")]


@pytest.mark.parametrize("separator", [" ", "\t"])
def test_a_token_may_be_a_number_sign(write, separator):
    content = "# O\n#a O\n\na O\n# O\n#b B-X\n# # I-X\n".replace("# #", "##").replace(" ", separator)
    assert brief(read_tagged(write(content))) == [("# #a", "O O", 1), ("a # #b ##", "O O B-X I-X", 4)]


def test_a_comment_inside_a_sentence_is_a_word(write):
    refused(write("a O\n# text = b\n"), "a.conll:2: a word must have 2 columns as the first one has; received 4")


def test_a_token_may_hold_spaces_that_separate_nothing(write):
    (example,) = read_tagged(write("10\u00a0km\tB-X\nNew York\tI-X\n\u00a0\tO\n"))
    assert example.text == "10\u00a0km New York \u00a0"
    assert [example.text[start:end] for start, end in example.words] == ["10\u00a0km", "New York", "\u00a0"]


def test_no_space_between_characters_of_a_script_without_them(write):
    (example,) = read_tagged(write("我 O\n在 O\n北 B-L\n京 I-L\n。 O\nby O\nIBM B-O\n社 I-O\n"))
    assert example.text == "我在北京。 by IBM 社"
    assert [example.text[start:end] for start, end in example.words] == [
        "我",
        "在",
        "北",
        "京",
        "。",
        "by",
        "IBM",
        "社",
    ]


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("iob1", "I-P B-P I-P O I-L"),
        ("iob2", "B-P B-P I-P O B-L"),
        ("bioes", "S-P B-P E-P O S-L"),
        ("bioes", "U-P B-P L-P O U-L"),
    ],
)
@pytest.mark.parametrize("stated", [True, False])
def test_the_scheme_is_stated_or_told_by_the_file(write, scheme, tags, stated):
    # The first sentence would fit every scheme.
    path = write("x O\n\n" + "".join(f"w {tag}\n" for tag in tags.split()))
    examples = read_tagged(path, scheme if stated else None)
    assert examples[1].tags == ("B-P", "B-P", "I-P", "O", "B-L")


def test_the_scheme_is_one_of_the_whole_file(write):
    # Each sentence is right in a scheme; no scheme has both.
    path = write("a B-X\nb I-X\n\nc O\nd I-X\n")
    refused(path, "a.conll:5: tags must follow iob2 as those before do; received I-X after O")
    refused(path, "a.conll:1: tags must follow iob1; received B-X after the start of the sentence", scheme="iob1")
    refused(write("a I-X\n\nb B-X\n"), "a.conll:3: tags must follow iob1 as those before do; "
            "received B-X after the start of the sentence")  # fmt: skip
    refused(write("a S-X\n\nb B-X\n"), "a.conll:3: tags must follow bioes as those before do; "
            "received the end of the sentence after B-X")  # fmt: skip
    refused(
        write("a E-X\n"), "a.conll:1: tags must follow iob1, iob2, bioes; received E-X after the start of the sentence"
    )
    refused(
        write("a S-X\n"), "a.conll:1: tags must follow iob2; received S-X after the start of the sentence", scheme="bio"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a O\nb\n", "a.conll:2: a word must have a token and a tag; received 'b' alone"),
        ("a O\nb NN O\n", "a.conll:2: a word must have 2 columns as the first one has; received 3"),
        (
            "a O\nb X\n",
            "a.conll:2: a tag must be O or one of B, I, E, S (or L, U, M, W), a hyphen and a type; received 'X'",
        ),
        (
            "a\tO\nb\t\n",
            "a.conll:2: a tag must be O or one of B, I, E, S (or L, U, M, W), a hyphen and a type; received ''",
        ),
        (
            "#\tX\n",
            "a.conll:1: a tag must be O or one of B, I, E, S (or L, U, M, W), a hyphen and a type; received 'X'",
        ),
        ("a\tO\n\tO\n", "a.conll:2: a token must not be empty; received ['', 'O']"),
        ("", "a.conll: a data file must have tagged texts; received none"),
        ("# a\n\n-DOCSTART- O\n\n", "a.conll: a data file must have tagged texts; received none"),
    ],
)
def test_damaged_conll(write, content, message):
    refused(write(content), message)


def test_bytes_and_schemes_that_are_none(write, tmp_path):
    path = tmp_path / "a.conll"
    path.write_bytes(b"a O\n\xff O\n")
    with pytest.raises(DataError, match=r"a\.conll:2: text must be UTF-8"):
        read_tagged(path)
    with pytest.raises(ConfigError, match="must be one of iob1, iob2, bioes; received 'xyz'"):
        read_tagged(write("a O\n"), "xyz")
    with pytest.raises(DataError, match="the file must be readable"):
        read_tagged(tmp_path / "none.conll")


@pytest.mark.parametrize(
    ("name", "sentences", "words", "entities"),
    # Counted with awk: lines whose columns aren't empty, runs of them, and tags that start with B.
    [("wnut17train", 3394, 62730, 1975), ("emerging.dev", 1009, 15733, 836)],
)
def test_wnut17(shared_data, name, sentences, words, entities):
    examples = read_tagged(shared_data / "wnut17" / f"{name}.conll")
    assert len(examples) == sentences
    assert sum(len(example.words) for example in examples) == words
    counts = collections.Counter(tag[:1] for example in examples for tag in example.tags)
    assert counts["B"] == entities
    found = [entity for example in examples for entity in entities_of_tags(example.tags, example.words, example.text)]
    assert len(found) == entities
    assert labels_of_tagged(examples)[:3] == ("O", "B-corporation", "I-corporation")
    assert len(labels_of_tagged(examples)) == 13


# === JSON Lines ===


def test_spans_by_hand(rows):
    path = rows(
        {
            "text": "Ann met Bo Li.",
            "entities": [{"start": 8, "end": 13, "label": "P"}, {"start": 0, "end": 3, "label": "P"}],
        },
        {"text": "None", "spans": []},
    )
    assert read_tagged(path) == [
        TaggedExample(
            "Ann met Bo Li.", ((0, 3), (4, 7), (8, 10), (11, 13), (13, 14)), ("B-P", "O", "B-P", "I-P", "O"), 1
        ),
        TaggedExample("None", ((0, 4),), ("O",), 2),
    ]


def test_words_are_cut_where_entities_start_and_end(rows):
    path = rows({"text": "Berlin-based", "entities": [{"start": 0, "end": 6, "label": "L"}]})
    assert read_tagged(path) == [TaggedExample("Berlin-based", ((0, 6), (6, 12)), ("B-L", "O"), 1)]


def test_the_spans_come_back(rows):
    generator = random.Random(5)
    values = []
    for _ in range(400):
        text = "x" + "".join(generator.choices("ab .,京'", k=generator.randint(1, 20)))
        inner = range(1, len(text))
        edges = sorted(generator.sample(inner, min(len(inner) // 2 * 2, 4)))
        spans = [
            {"start": start, "end": end, "label": generator.choice("PQ")}
            for start, end in zip(edges[::2], edges[1::2])
            if not text[start].isspace() and not text[end - 1].isspace()
        ]
        values.append({"text": text, "entities": spans})
    for value, example in zip(values, read_tagged(rows(*values))):
        found = entities_of_tags(example.tags, example.words, example.text)
        assert [{"start": entity.start, "end": entity.end, "label": entity.label} for entity in found] == value[
            "entities"
        ]


def test_what_predicting_writes_can_be_read(rows):
    entity = {"text": "Ann", "label": "P", "start": 0, "end": 3, "score": 0.5}
    assert brief(read_tagged(rows({"text": "Ann.", "entities": [entity]}))) == [("Ann.", "B-P O", 1)]
    refused(
        rows({"text": "Ann.", "entities": [{**entity, "text": "Bob"}]}),
        "a.jsonl:1: an entity's text must stand at its place; received 'Bob' for 'Ann'",
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"entities": []}, "a row must have a text that is not empty as 'text'; received None"),
        ({"text": " ", "entities": []}, "a row must have a text that is not empty as 'text'; received ' '"),
        ({"text": "a"}, "a row must have a list as 'entities' or 'spans'; received the keys ['text']"),
        (
            {"text": "a", "spans": 1},
            "a row must have a list as 'entities' or 'spans'; received the keys ['text', 'spans']",
        ),
        (
            {"text": "a", "spans": [], "entities": []},
            "a row must have a list as 'entities' or 'spans'; received the keys ['text', 'spans', 'entities']",
        ),
        (
            {"text": "x\ud800", "spans": []},
            "a text must be valid Unicode; received the lone surrogate '\\ud800' at character 1",
        ),
    ],
)
def test_damaged_rows(rows, row, message):
    refused(rows({"text": "fine", "spans": []}, row), f"a.jsonl:2: {message}")


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ([0, 1, "P"], "an entity must be an object with start, end and label; received [0, 1, 'P']"),
        (
            {"start": 0, "end": 1},
            "an entity must be an object with start, end and label; received {'start': 0, 'end': 1}",
        ),
        ((0, 0, "P"), "0 <= start < end <= 5; received 0 and 0"),
        ((2, 1, "P"), "0 <= start < end <= 5; received 2 and 1"),
        ((-1, 1, "P"), "0 <= start < end <= 5; received -1 and 1"),
        ((4, 6, "P"), "0 <= start < end <= 5; received 4 and 6"),
        ((0, True, "P"), "0 <= start < end <= 5; received 0 and True"),
        ((0, 1.0, "P"), "0 <= start < end <= 5; received 0 and 1.0"),
        ((0, 1, ""), "an entity's label must be a string that is not empty; received ''"),
        ((0, 1, 7), "an entity's label must be a string that is not empty; received 7"),
        ((0, 3, "P"), "an entity must not start or end with white space; received 'ab '"),
        ((1, 4, "P"), "entities must not overlap; received one up to 4 and one [3, 5)"),
    ],
)
def test_damaged_spans(rows, span, message):
    if isinstance(span, tuple):
        span = dict(zip(("start", "end", "label"), span))
    with pytest.raises(DataError) as error:
        read_tagged(rows({"text": "ab cd", "entities": [{"start": 3, "end": 5, "label": "P"}, span]}))
    assert "a.jsonl:1: " in str(error.value)
    assert str(error.value).endswith(message)

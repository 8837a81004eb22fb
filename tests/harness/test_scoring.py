"""`score`: each form of predictions, each refusal with its line, and right answers of real files made partly wrong."""

import pytest

import albert_edge
from albert_edge.errors import ConfigError, DataError
from albert_edge.harness.scoring import score
from albert_edge.text.tables import Columns
from albert_edge.text.tagged import read_tagged

TABLE = "text\tlabel\none\ta\ntwo\tb\nthree\ta\n"
CONLL = "Ann B-x\nLee I-x\nin O\nRome B-y\n\nBob B-x\n"


def test_public_function_is_this_one():
    assert albert_edge.score is score


# === classify ===


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("p.tsv", "label\na\na\na\n"),
        ("p.csv", 'text,label\none,a\ntwo,"a"\nthree,a\n'),
        ("p.txt", "a\na\na\n"),
        ("p.jsonl", [{"label": "a"}, {"label": "a", "score": 0.9}, {"text": "three", "label": "a"}]),
    ],
)
def test_forms_of_labels(files, name, contents):
    result = score("classify", files(name, contents), files("d.tsv", TABLE))
    assert result["task"] == "text-classification"
    assert result["accuracy"] == 2 / 3
    assert result["confusion_matrix"] == [[2, 0], [1, 0]]
    assert list(result["per_class"]) == ["a", "b"]


def test_columns_have_names(files):
    data = files("d.tsv", "sentence\tclass\none\t1\ntwo\t0\n")
    predictions = files("p.tsv", "index\tprediction\n0\t1\n1\t1\n")
    result = score("classify", predictions, data, Columns("sentence", None, "class"), "prediction")
    assert result["accuracy"] == 0.5


def test_a_label_that_is_never_true_counts_too(files):
    result = score("classify", files("p.txt", "a\nb\nc\n"), files("d.tsv", TABLE))
    assert list(result["per_class"]) == ["a", "b", "c"]
    assert result["per_class"]["c"]["support"] == 0


def test_kinds_of_labels(files):
    several = files("d.tsv", "text\tlabel\none\ta|b\ntwo\t\n")
    rows = [{"labels": ["b", "a"]}, {"labels": ["a"]}]
    assert score("classify", files("p.jsonl", rows), several)["subset_accuracy"] == 0.5
    table = files("p.tsv", "label\na|b\na\n")
    result = score("classify", table, several, problem_type="multi_label_classification")
    assert result["subset_accuracy"] == 0.5
    slashes = files("s.tsv", "text\tlabel\none\ta/b\ntwo\ta\n"), files("p.txt", "b/a\nb\n")
    columns = Columns(label_separator="/")
    result = score("classify", slashes[1], slashes[0], columns, problem_type="multi_label_classification")
    assert result["subset_accuracy"] == 0.5
    with pytest.raises(ConfigError, match="label_separator may be given for several labels a row only; received '/'"):
        score("classify", slashes[1], slashes[0], columns)
    numbers = files("n.tsv", "text\tlabel\none\t1\ntwo\t2\n")
    assert score("classify", files("v.jsonl", [{"value": 2}, {"value": 4}]), numbers)["pearson"] == pytest.approx(1.0)
    assert score("classify", files("v.txt", "1\n1\n"), numbers, problem_type="regression")["pearson"] is None


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("p.txt", "a\nb\n", ": predictions must be one for each of 3 examples of "),
        ("p.jsonl", [{"label": "a"}] * 4, ": predictions must be one for each of 3 examples of "),
        ("p.jsonl", [{"label": "a"}, {"text": "zwei", "label": "b"}, {"label": "a"}], ":2: 'text' must be that of "),
        ("p.jsonl", [{"label": "a"}, {"label": None}, {"label": "a"}], ":2: 'label' must be a label"),
        ("p.jsonl", [{"label": "a"}, {"score": 1}, {"label": "a"}], ":2: a row must have 'label'; received 'score'"),
        ("p.tsv", "text\none\ntwo\nthree\n", ":2: a row must have 'label'; received 'text'"),
        ("p.jsonl", '{"label": "a"}\nb\n', ":2: a row must be a JSON object"),
        (
            "p.jsonl",
            [{"labels": ["a"]}, {"labels": "a"}, {"labels": [1]}],
            ":3: labels must be texts that aren't empty",
        ),
    ],
)
def test_wrong_rows_are_named(files, name, contents, message):
    path = files(name, contents)
    with pytest.raises(DataError) as error:
        score("classify", path, files("d.tsv", TABLE))
    assert str(error.value).startswith(f"{path}{message}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", ["x", None, True, "1_0", "nan"])
def test_numbers_must_be_numbers(files, value):
    data = files("n.tsv", "text\tlabel\none\t1\ntwo\t2\n")
    path = files("p.jsonl", [{"value": 1}, {"value": value}])
    with pytest.raises(DataError) as error:
        score("classify", path, data)
    assert str(error.value).startswith(f"{path}:2: a prediction must be a finite number; received ")


# === tag ===


def test_conll_with_the_predicted_tag_last(files):
    data = files("d.conll", CONLL)
    result = score("tag", files("p.conll", "Ann B-x B-x\nLee I-x I-x\nin O I-y\nRome B-y B-y\n\nBob B-x O\n"), data)
    assert [result[f"entities_{name}"] for name in ("true", "predicted", "correct")] == [3, 3, 2]
    assert result["accuracy"] == 3 / 5
    assert result["examples"] == 2


def test_predicted_tags_may_break_their_scheme(files):
    """I after O starts an entity, as in the CoNLL script; a B after it shows that this can't be IOB1."""
    result = score("tag", files("p.conll", "Ann I-x\nLee I-x\nin O\nRome B-y\n\nBob S-x\n"), files("d.conll", CONLL))
    assert result["f1"] == 1.0
    assert result["accuracy"] == 3 / 5, "of the tags as they are written"


def test_right_tags_may_not(files):
    data = files("d.conll", "Ann I-x\nLee O\nin B-x\n")
    with pytest.raises(DataError, match=rf"^{data}:3: tags must follow iob1"):
        score("tag", data, data)


@pytest.mark.parametrize("scheme", ["B-x E-x S-x", "I-x I-x B-x", "B-x I-x B-x"])
def test_schemes_of_both_sides(files, scheme):
    """The words' tags in any scheme, against the same in CoNLL and against the same entities as spans."""
    data = files("d.conll", "".join(f"{word} {tag}\n" for word, tag in zip("abc", scheme.split())))
    spans = [{"start": 0, "end": 3, "label": "x"}, {"start": 4, "end": 5, "label": "x"}]
    for path in (data, files("p.jsonl", [{"text": "a b c", "entities": spans}])):
        result = score("tag", path, data)
        assert (result["f1"], result["accuracy"], result["entities_correct"]) == (1.0, 1.0, 2)


def test_entities_as_spans(files):
    data = files("d.conll", CONLL)
    rows = [
        {"text": "Ann Lee in Rome", "entities": [{"start": 0, "end": 7, "label": "x"}]},
        {"text": "Bob", "entities": [{"text": "Bob", "start": 0, "end": 3, "label": "y", "score": 0.5}]},
    ]
    result = score("tag", files("p.jsonl", rows), data)
    assert [result[f"entities_{name}"] for name in ("true", "predicted", "correct")] == [3, 2, 1]
    assert result["tokens"] == 5


def test_an_entity_that_cuts_a_word_is_a_wrong_one(files):
    rows = [
        {"text": "Ann Lee in Rome", "entities": [{"start": 0, "end": 6, "label": "x"}]},
        {"text": "Bob", "entities": [{"start": 0, "end": 3, "label": "x"}]},
    ]
    result = score("tag", files("p.jsonl", rows), files("d.conll", CONLL))
    assert [result[f"entities_{name}"] for name in ("true", "predicted", "correct")] == [3, 2, 1]
    assert result["tokens"] == 6, "Lee is two words on both sides"


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("p.conll", "Ann B-x\nLee I-x\nin O\nRome B-y\n", ": predictions must be of the 2 sentences of "),
        ("p.conll", CONLL.replace("Rome", "Roma"), ":4: the words must be those of "),
        ("p.conll", CONLL.replace("in O\n", ""), ":3: the words must be those of "),
        ("p.conll", CONLL.replace("Bob B-x", "Bob B-x\nto O"), ":7: the words must be those of "),
        ("p.conll", CONLL.replace("B-y", "Q-y"), ":4: a tag must be O or one of B, I, E, S"),
        (
            "p.jsonl",
            [{"text": "Ann Lee in Roma", "entities": []}, {"text": "Bob", "entities": []}],
            ":1: the words must be those of ",
        ),
        (
            "p.jsonl",
            [{"text": "Ann Lee  in Rome", "entities": []}, {"text": "Bob", "entities": []}],
            ":1: the text must be that of ",
        ),
    ],
)
def test_other_words_are_named(files, name, contents, message):
    path = files(name, contents)
    with pytest.raises(DataError) as error:
        score("tag", path, files("d.conll", CONLL))
    assert str(error.value).startswith(f"{path}{message}")


def test_wnut_with_tags_made_wrong(files, shared_data):
    """Every tenth entity is dropped, and every tenth gets another type: precision and recall follow by count."""
    data = shared_data / "wnut17" / "emerging.dev.conll"
    examples = read_tagged(data)
    entities, lines, dropped, changed = 0, [], 0, 0
    for example in examples:
        action = ""
        for (start, end), tag in zip(example.words, example.tags):
            if tag.startswith("B-"):
                action = {3: "drop", 7: "change"}.get(entities % 10, "")
                entities += 1
                dropped, changed = dropped + (action == "drop"), changed + (action == "change")
            if tag != "O" and action:
                tag = "O" if action == "drop" else f"{tag[:2]}other"
            lines.append(f"{example.text[start:end]}\t{tag}\n")
        lines.append("\n")
    result = score("tag", files("p.conll", "".join(lines)), data)
    assert result["entities_true"] == entities > 800
    assert result["entities_predicted"] == entities - dropped
    assert result["entities_correct"] == entities - dropped - changed
    assert result["recall"] == (entities - dropped - changed) / entities
    assert score("tag", data, data)["f1"] == 1.0


# === embed, fill, order ===

PAIRS = "text\ttext_pair\tlabel\na\tb\t1\nc\td\t2\ne\tb\t3\n"


def test_cosines(files):
    data = files("d.tsv", PAIRS)
    for name, contents in (("p.txt", "0.1\n0.5\n0.9\n"), ("p.jsonl", [{"value": 0.1}, {"value": 0.5}, {"value": 0.9}])):
        result = score("embed", files(name, contents), data)
        assert (result["examples"], result["spearman"]) == (3, pytest.approx(1.0))


@pytest.mark.parametrize(
    ("data", "name", "contents", "message"),
    [
        (PAIRS, "p.txt", "0.1\n", ": predictions must be one for each of 3 examples"),
        (PAIRS, "p.txt", "0.1\nhigh\n0.3\n", ':2: a prediction must be a finite number; received "high"'),
        (PAIRS, "p.jsonl", [{"text": "a", "embedding": [1]}], ": the text of "),
        (PAIRS, "p.jsonl", [{"text": "a", "embedding": [1]}, {"text": "b", "embedding": [1, 2]}], ":2: a vector must"),
        (PAIRS, "p.jsonl", [{"text": "a", "embedding": 1}], ":1: 'embedding' must be a list of numbers; received 1"),
        ("text\ttext_pair\na\tb\n", "p.txt", "0.1\n", ": pairs without a number must be scored by vectors"),
    ],
)
def test_wrong_vectors_are_named(files, data, name, contents, message):
    path = files(name, contents)
    with pytest.raises(DataError) as error:
        score("embed", path, files("d.tsv", data))
    assert str(error.value).startswith(f"{path}{message}")


def test_words_at_masks(files):
    data = files("d.tsv", "text\tlabel\nthe [MASK]\tcat\na [MASK]\tdog\n")
    assert score("fill", files("p.txt", "cat\ncat\n"), data)["accuracy"] == 0.5
    masks = [[[{"piece": "▁cat"}]], [[{"piece": "▁cat"}, {"piece": "##dog"}]]]
    result = score("fill", files("p.jsonl", [{"masks": each} for each in masks]), data)
    assert (result["accuracy"], result["accuracy_at_5"]) == (0.5, 1.0)
    path = files("q.jsonl", [{"masks": [[]]}, {"masks": [[], []]}])
    with pytest.raises(DataError, match=rf"^{path}:2: 'masks' must be one list of objects with 'piece'"):
        score("fill", path, data)
    with pytest.raises(DataError, match="texts must be a table with"):
        score("fill", path, files("d.txt", "plain\n"))


def test_a_number_sign_may_be_the_word(files):
    data = files("d.tsv", "text\tlabel\nNo [MASK] 1\t#\nthe [MASK]\t#tag\na [MASK]\t##\n")
    pieces = ("▁#", "▁#tag", "##")
    result = score("fill", files("p.jsonl", [{"masks": [[{"piece": piece}]]} for piece in pieces]), data)
    assert result["accuracy"] == 1.0


def test_order(files):
    data = files("d.tsv", "text\ttext_pair\tlabel\na\tb\tnext\nc\td\trandom\n")
    labels = ("next", "random")
    assert score("order", files("p.txt", "next\nnext\n"), data, order_labels=labels)["accuracy"] == 0.5
    path = files("q.txt", "next\nlast\n")
    with pytest.raises(DataError, match=rf"^{path}:2: a label must be one of next, random; received 'last'"):
        score("order", path, data, order_labels=labels)
    path = files("q.jsonl", [{"in_order": True}, {"in_order": "no"}])
    with pytest.raises(DataError, match=rf"^{path}:2: 'in_order' must be true or false; received 'no'"):
        score("order", path, data, order_labels=labels)

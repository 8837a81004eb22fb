"""Entity scores against conlleval.pl's recorded figures (`record_conll_metric.py`), and by hand."""

import json

import pytest

from albert_edge.errors import DataError
from albert_edge.metrics import entity_report
from albert_edge.metrics.entities import entities_of


@pytest.fixture(scope="module")
def recorded(golden):
    return json.loads((golden / "conll_metric.json").read_text(encoding="utf-8"))


def differences(row):
    """What of the script's figures the report doesn't have, in the script's two decimals of a percentage."""
    true, predicted = ([sentence.split() for sentence in row[name]] for name in ("true", "predicted"))
    report = entity_report(true, predicted)
    expected = row["figures"]
    found = {
        "tokens": report["tokens"],
        **{name: report[f"entities_{name}"] for name in ("true", "predicted", "correct")},
        "overall": [report[name] for name in ("precision", "recall", "f1")],
        "per_type": {
            kind: [values["precision"], values["recall"], values["f1"], values["predicted"]]
            for kind, values in report["per_type"].items()
        },
    }
    if row["scheme"] != "bioes":
        # The script saw other tags there.
        found["accuracy"] = report["accuracy"]
    return [name for name, value in found.items() if rounded(name, value) != expected[name]]


def rounded(name, value):
    if name == "per_type":
        return {kind: [*(percent(rate) for rate in rates), count] for kind, (*rates, count) in value.items()}
    if name == "overall":
        return [percent(rate) for rate in value]
    return percent(value) if name == "accuracy" else value


def percent(rate):
    return float(f"{100 * rate:.2f}")


def test_figures_are_the_scripts(recorded):
    assert {row["scheme"] for row in recorded} == {"iob1", "iob2", "bioes", "broken"}
    assert [differences(row) for row in recorded] == [[]] * len(recorded)


def test_another_tag_would_be_noticed(recorded):
    row = next(row for row in recorded if row["figures"]["correct"] > 1)
    damaged = {**row, "predicted": [" ".join("O" for _ in sentence.split()) for sentence in row["predicted"]]}
    assert {"predicted", "correct", "overall", "per_type"} <= set(differences(damaged))


def test_example_worked_by_hand():
    # Two people and a place are there. Found: one of the people, the place a word too long, and a place that isn't.
    true = [["B-person", "I-person", "O", "B-person"], ["O", "B-place", "O"]]
    predicted = [["B-person", "I-person", "O", "O"], ["B-place", "I-place", "B-place"]]
    report = entity_report(true, predicted)
    assert report["tokens"] == 7
    assert report["examples"] == 2
    assert report["accuracy"] == 3 / 7
    assert [report[f"entities_{name}"] for name in ("true", "predicted", "correct")] == [3, 3, 1]
    assert [report[name] for name in ("precision", "recall", "f1")] == [1 / 3, 1 / 3, 1 / 3]
    assert report["per_type"]["person"] == {
        "precision": 1.0,
        "recall": 0.5,
        "f1": 2 / 3,
        "true": 2,
        "predicted": 1,
        "correct": 1,
    }
    assert report["per_type"]["place"]["f1"] == 0.0


@pytest.mark.parametrize(
    ("tags", "entities"),
    [
        ("I-a I-a B-a O", [(0, 2, "a"), (2, 3, "a")]),
        ("B-a B-a", [(0, 1, "a"), (1, 2, "a")]),
        ("I-a I-b", [(0, 1, "a"), (1, 2, "b")]),
        ("O I-a", [(1, 2, "a")]),
        ("B-a E-a B-a E-a", [(0, 2, "a"), (2, 4, "a")]),
        ("S-a S-a", [(0, 1, "a"), (1, 2, "a")]),
        ("U-a B-a L-a", [(0, 1, "a"), (1, 3, "a")]),
        ("NOUN NOUN VERB", [(0, 2, "NOUN"), (2, 3, "VERB")]),
        ("O O", []),
        ("", []),
    ],
)
def test_where_entities_start_and_end(tags, entities):
    assert list(entities_of(tags.split())) == entities


def test_schemes_may_differ():
    """The same entities, the truth in BIOES and the prediction in IOB1."""
    report = entity_report([["B-a", "E-a", "S-a"]], [["I-a", "I-a", "B-a"]])
    assert report["f1"] == 1.0
    assert report["accuracy"] == 0.0


def test_texts_without_entities_have_rates_of_zero():
    report = entity_report([["O", "O"]], [["O", "O"]])
    assert (report["accuracy"], report["precision"], report["recall"], report["f1"]) == (1.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("true", "predicted", "message"),
    [
        ([["O"]], [], "tags must be given of 1 sentences; received those of 0"),
        ([["O"], ["O", "O"]], [["O"], ["O"]], "sentence 1 must have a tag for each of 2 words; received 1"),
        ([[]], [[]], "tags must be given of at least one word; received none"),
    ],
)
def test_what_cannot_be_scored_is_refused(true, predicted, message):
    with pytest.raises(DataError) as error:
        entity_report(true, predicted)
    assert str(error.value) == message

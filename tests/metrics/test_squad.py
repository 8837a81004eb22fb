"""SQuAD's metric against the official scripts' recorded answers (record_squad_metric.py), and by hand."""

import json

import pytest

from albert_edge.errors import ConfigError, DataError
from albert_edge.metrics.squad import best_threshold, question_scores, squad_report


@pytest.fixture(scope="module")
def recorded(golden):
    return json.loads((golden / "squad_metric.json").read_text())


def columns(row):
    """Answers, predictions and no-answer scores of a recorded set."""
    return [{name: case[place] for name, case in row["cases"].items()} for place in range(3)]


def renamed(official):
    return {"exact_match" if key == "exact" else key: value for key, value in official.items()}


def differences(row):
    """Where our figures for a recorded set aren't the script's, to the last bit."""
    answers, predictions, scores = columns(row)
    compared = [(squad_report(answers, predictions, version="2.0"), renamed(row["2.0"]))]
    for threshold, official in row["2.0 at thresholds"]:
        compared.append((squad_report(answers, predictions, scores, threshold, version="2.0"), renamed(official)))
    if row["1.1"] is not None:
        report = squad_report(answers, predictions)
        assert (report.pop("total"), report.pop("missing")) == (len(answers), 0)
        compared.append((report, row["1.1"]))
    return [pair for pair in compared if pair[0] != pair[1]]


def test_figures_are_the_official_scripts(recorded):
    assert [row["name"] for row in recorded][:3] == ["answered", "mixed", "unanswered"]
    assert [row["name"] for row in recorded if differences(row)] == []


@pytest.mark.parametrize("damage", ["2.0", "1.1", "threshold"])
def test_another_figure_would_be_noticed(recorded, damage):
    row = json.loads(json.dumps(recorded[0]))
    if damage == "threshold":
        row["2.0 at thresholds"][1][1]["best_f1_thresh"] += 0.25
    else:
        row[damage]["f1"] += 1e-12
    assert len(differences(row)) == 1


ANSWERS = {"who": ["Denver Broncos", "The Broncos"], "when": ["in 1999"], "why": []}


def test_by_hand():
    report = squad_report(ANSWERS, {"who": "the Denver Broncos!", "when": "1999 or so", "why": ""})
    # "when": one common word of 3 found and 2 right: precision 1/3, recall 1/2, F1 0.4.
    assert report == {
        "exact_match": pytest.approx(100 * 2 / 3),
        "f1": pytest.approx(100 * 2.4 / 3),
        "total": 3,
        "HasAns_exact": 50.0,
        "HasAns_f1": pytest.approx(70.0),
        "HasAns_total": 2,
        "NoAns_exact": 100.0,
        "NoAns_f1": 100.0,
        "NoAns_total": 1,
    }


def test_the_best_threshold_by_hand():
    predictions = {"who": "Broncos", "when": "1998", "why": "because"}
    # Nothing answered: 1 right ("why"). From the lowest score on: "who" is right, 2; "why" is lost, 1; "when" adds 0.
    assert best_threshold(ANSWERS, predictions, {"who": -2.0, "why": 0.5, "when": 1.0}) == (200 / 3, -2.0)
    assert best_threshold(ANSWERS, predictions, {"who": 2.0, "why": 0.5, "when": 1.0}) == (100 / 3, 0.0)
    report = squad_report(ANSWERS, predictions, {"who": -2.0, "why": 0.5, "when": 1.0}, no_answer_threshold=-2.0)
    assert report["exact_match"] == report["best_exact"] == 200 / 3


def test_other_questions_predictions_are_not_looked_at():
    answers = {"who": ["Denver"]}
    assert squad_report(answers, {"who": "denver", "of another file": 3})["exact_match"] == 100


def test_a_missing_prediction_counts_nothing_in_version_1():
    report = squad_report({"who": ["Denver"], "when": ["1999"]}, {"who": "Denver"})
    assert report == {"exact_match": 50.0, "f1": 50.0, "total": 2, "missing": 1}
    assert question_scores({"who": ["a b"]}, {}, "1.1") == ({}, {})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (({}, {}), DataError, "questions must be given"),
        (({"q": ["a"]}, {"q": None}), DataError, "a prediction must be a string; received None for the question 'q'"),
        (({"q": []}, {}), DataError, "must have a prediction; received 1 without, the first 'q'"),
        (({"q": []}, {"q": ""}, {"p": 1.0}), DataError, "must have a no-answer score; received 1 without"),
        (({"q": []}, {"q": ""}, None, 0.5), ConfigError, "no_answer_threshold must come with scores"),
        (({"q": []}, {"q": ""}, None, None, "1.1"), DataError, "of version 1.1 must have an answer"),
        (({"q": []}, {"q": ""}, None, None, "3"), ConfigError, "must be one of 1.1, 2.0; received '3'"),
    ],
)
def test_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        squad_report(*arguments)


def test_a_threshold_needs_every_score():
    with pytest.raises(DataError, match="received 2 without, the first 'who'"):
        best_threshold(ANSWERS, {}, {"why": 1.0})

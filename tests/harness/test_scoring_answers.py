"""`score answer`: SQuAD's form of predictions, what is missing from it, and real questions answered partly wrong."""

import random

import pytest

from albert_edge.errors import DataError
from albert_edge.harness.scoring import score
from albert_edge.text.questions import read_questions

QUESTIONS = [
    {"id": "1", "question": "where?", "passage": "Ann went to Rome", "answers": [{"text": "Rome", "start": 12}]},
    {"id": "2", "question": "who?", "passage": "Ann went to Rome", "answers": [{"text": "Ann", "start": 0}]},
]
UNANSWERABLE = {"id": "3", "question": "when?", "passage": "Ann went to Rome", "answers": []}


def test_missing_answers_count_as_wrong(files, run_command):
    data = files("d.jsonl", QUESTIONS)
    result = score("answer", files("p.json", {"1": "Rome"}), data)
    assert result == {
        "schema_version": 1,
        "task": "question-answering",
        "examples": 2,
        "squad_version": "1.1",
        "missing": 1,
        "exact_match": 50.0,
        "f1": 50.0,
        "total": 2,
        "missing_ids": ["2"],
    }
    done = run_command("score", "answer", "--predictions", str(data.parent / "p.json"), "--data", str(data))
    assert done.exit_code == 0
    assert done.stderr == "albert-edge: 1 questions have no prediction and count as wrong: 2\n"


def test_a_missing_answer_is_not_a_right_no_answer(files):
    data = files("d.jsonl", [*QUESTIONS, UNANSWERABLE])
    result = score("answer", files("p.json", {"1": "Rome", "2": "Ann"}), data)
    assert (result["exact_match"], result["NoAns_exact"]) == (pytest.approx(200 / 3), 0.0)
    assert score("answer", files("q.json", {"1": "Rome", "2": "Ann", "3": ""}), data)["exact_match"] == 100.0
    scores = files("s.json", {"1": -5, "2": -5})
    result = score("answer", files("p.json", {"1": "Rome", "2": "Ann"}), data, no_answer_scores=scores)
    assert (result["exact_match"], result["best_exact"]) == (pytest.approx(200 / 3), pytest.approx(200 / 3))


def test_no_answer_scores_and_a_threshold(files):
    data = files("d.jsonl", [*QUESTIONS, UNANSWERABLE])
    predictions = files("p.json", {"1": "Rome", "2": "Ann", "3": "Rome"})
    scores = files("s.json", {"1": 0.1, "2": 0.3, "3": 0.8})
    plain = score("answer", predictions, data, no_answer_scores=scores)
    assert (plain["exact_match"], plain["best_exact"], plain["best_exact_thresh"]) == (pytest.approx(200 / 3), 100, 0.3)
    assert score("answer", predictions, data, no_answer_scores=scores, no_answer_threshold=0.5)["exact_match"] == 100


@pytest.mark.parametrize(
    ("predictions", "scores", "message"),
    [
        ({"1": "Rome", "9": "x"}, None, "p.json: an id must be that of a question in the data file; received '9'"),
        ({"1": None}, None, "p.json: the answer to '1' must be a string; received null"),
        ({"1": "Rome"}, {"9": 0}, "s.json: an id must be that of a question in the data file; received '9'"),
        ({"1": "Rome", "2": "Ann"}, {"1": 0}, "s.json: an answer must have a score; received none for '2'"),
        ({"1": "Rome"}, {"1": "low"}, "s.json: the question '1': a prediction must be a finite number"),
        ('["Rome"]', None, "p.json must hold an object; received a list"),
        ("{", None, "p.json must be JSON"),
    ],
)
def test_wrong_answers_are_named(files, predictions, scores, message):
    options = {} if scores is None else {"no_answer_scores": files("s.json", scores)}
    with pytest.raises(DataError) as error:
        score("answer", files("p.json", predictions), files("d.jsonl", QUESTIONS), **options)
    assert message in str(error.value)


def test_squad_with_answers_made_wrong(files, shared_data):
    """Right answers, of which some are missing, some are nonsense, and some questions get one that they haven't."""
    data = shared_data / "squad_v2" / "part1.json"
    examples = read_questions(data)
    generator = random.Random(1)
    predictions, right = {}, 0
    for example in examples:
        text = example.answers[0].text if example.answers else ""
        kind = generator.random()
        if kind < 0.1:
            continue
        predictions[example.id] = text if kind < 0.8 else "zzz qqq"
        right += kind < 0.8
    result = score("answer", files("p.json", predictions), data)
    assert result["total"] == len(examples) > 1000
    assert result["missing"] == len(result["missing_ids"]) == len(examples) - len(predictions)
    # An answer that is nothing but an article or punctuation can't be told from none.
    assert result["exact_match"] == pytest.approx(100 * right / len(examples), abs=0.2)
    assert result["HasAns_total"] + result["NoAns_total"] == len(examples)
    gold = {example.id: example.answers[0].text if example.answers else "" for example in examples}
    assert score("answer", files("gold.json", gold), data)["exact_match"] == 100.0

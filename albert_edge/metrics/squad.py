"""SQuAD's exact match and F1, figure by figure those of its official scripts.

Follows `evaluate-v1.1.py` (Rajpurkar et al. 2016, arXiv:1606.05250) and `evaluate-v2.0.py` (Rajpurkar, Jia and Liang
2018, arXiv:1806.03822), sums taken in the same order, in percent as there. Texts are compared in lower case, without
ASCII punctuation, without the words a, an and the, their words one space apart; of several right answers the best one
counts. The two scripts differ where that leaves nothing of a text: the older gives F1 0 even if nothing is left of
both, the newer 100, and it drops such right answers.

Leaves out the newer script's precision-recall curves. Words are what white space separates, in every language: so the
official figures of XQuAD are made, where a Chinese text is a single word.
"""

from __future__ import annotations

import collections
import re
import string
from typing import Any, Mapping, NamedTuple, Optional, Sequence

from albert_edge.errors import ConfigError, DataError

VERSIONS = ("1.1", "2.0")

Answers = Mapping[str, Sequence[str]]
"""Question's id -> the right answers' texts; none of a question that its passage doesn't answer."""

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


class QuestionScores(NamedTuple):
    """Question's id -> a fraction, of the questions that have a prediction."""

    exact: dict[str, float]
    f1: dict[str, float]


class Threshold(NamedTuple):
    """A no-answer threshold and the percentage that it brings."""

    percent: float
    threshold: float


def squad_report(
    answers: Answers,
    predictions: Mapping[str, str],
    no_answer_scores: Optional[Mapping[str, float]] = None,
    no_answer_threshold: Optional[float] = None,
    version: Optional[str] = None,
) -> dict[str, Any]:
    """Score the texts found for questions.

    Arguments:
        answers: question's id -> the right answers' texts; none for a question without an answer.
        predictions: question's id -> the text found, empty for no answer; ids that `answers` lacks are not looked at.
        no_answer_scores: question's id -> how much speaks against an answer. Only version 2.0 uses them, and there
            `predictions` should be the best texts whatever these scores are.
        no_answer_threshold: a prediction whose score is above counts as empty; None: none does.
        version: `1.1` or `2.0`; None: 2.0 if a question has no answer, else 1.1.

    Returns `exact_match`, `f1` (percent) and `total` (questions). Under 1.1 also `missing`, questions without a
    prediction, which count 0. Under 2.0 also `HasAns_exact`, `HasAns_f1`, `HasAns_total`, the same with `NoAns_`, if
    there are such questions, and with scores `best_exact`, `best_exact_thresh`, `best_f1` and `best_f1_thresh`.

    Raises `DataError` if there is no question, a prediction is no string, one or its score is missing under 2.0, or a
    question has no answer under 1.1; `ConfigError` on another version or a threshold without scores.
    """
    version = version or ("1.1" if all(answers.values()) else "2.0")
    if no_answer_threshold is not None and no_answer_scores is None:
        raise ConfigError(f"no_answer_threshold must come with scores; received {no_answer_threshold} without")
    raw = question_scores(answers, predictions, version)
    if version == "1.1":
        return {
            "exact_match": 100.0 * sum(raw.exact.values()) / len(answers),
            "f1": 100.0 * sum(raw.f1.values()) / len(answers),
            "total": len(answers),
            "missing": len(answers) - len(raw.exact),
        }
    if no_answer_scores is None:
        return _split_report(answers, raw)
    _refuse_missing(answers, no_answer_scores, "no-answer score")
    kept = raw
    if no_answer_threshold is not None:
        kept = QuestionScores(*(_without_answers(answers, s, no_answer_scores, no_answer_threshold) for s in raw))
    report = _split_report(answers, kept)
    for name, scores in (("best_exact", raw.exact), ("best_f1", raw.f1)):
        report[name], report[f"{name}_thresh"] = _best_threshold(answers, predictions, scores, no_answer_scores)
    return report


def question_scores(answers: Answers, predictions: Mapping[str, str], version: str) -> QuestionScores:
    """Exact match and F1 of each question's prediction by the rules of `version`; raises what `squad_report` does."""
    if version not in VERSIONS:
        raise ConfigError(f"SQuAD's version must be one of {', '.join(VERSIONS)}; received {version!r}")
    if not answers:
        raise DataError("questions must be given to score their answers; received none")
    if version == "2.0":
        _refuse_missing(answers, predictions, "prediction")
    scores = QuestionScores({}, {})
    for question, texts in answers.items():
        if question not in predictions:
            continue
        prediction = predictions[question]
        if not isinstance(prediction, str):
            raise DataError(f"a prediction must be a string; received {prediction!r} for the question {question!r}")
        right = [_normalize(text) for text in texts]
        if version == "2.0":
            right = [text for text in right if text] or [""]
        elif not right:
            raise DataError(f"a question of version 1.1 must have an answer; received none for {question!r}")
        found = _normalize(prediction)
        scores.exact[question] = float(max(text == found for text in right))
        scores.f1[question] = max(_f1(text, found, both_empty=float(version == "2.0")) for text in right)
    return scores


def best_threshold(
    answers: Answers, predictions: Mapping[str, str], no_answer_scores: Mapping[str, float]
) -> Threshold:
    """The no-answer threshold that makes F1 best under version 2.0: `best_f1_thresh` of the official script.

    A question whose score is above it is then left without an answer. Of equally good thresholds it is the lowest of
    the scores, and 0 if it is best to answer none. Arguments and errors as in `squad_report`.
    """
    _refuse_missing(answers, no_answer_scores, "no-answer score")
    scores = question_scores(answers, predictions, "2.0")
    return _best_threshold(answers, predictions, scores.f1, no_answer_scores)


def _best_threshold(
    answers: Answers,
    predictions: Mapping[str, str],
    scores: Mapping[str, float],
    no_answer_scores: Mapping[str, float],
) -> Threshold:
    current: float = sum(not texts for texts in answers.values())
    best, threshold = current, 0.0
    # Of equal scores the order given counts, as in the script: a threshold may be tried between two of them.
    for question in sorted(no_answer_scores, key=lambda question: no_answer_scores[question]):
        if question not in answers:
            continue
        if answers[question]:
            current += scores[question]
        elif predictions[question]:
            current -= 1
        if current > best:
            best, threshold = current, no_answer_scores[question]
    return Threshold(100.0 * best / len(answers), threshold)


def _split_report(answers: Answers, scores: QuestionScores) -> dict[str, Any]:
    report = _percentages(list(answers), scores, "exact_match", "f1", "total")
    for part, has_answer in (("HasAns", True), ("NoAns", False)):
        questions = [question for question, texts in answers.items() if bool(texts) is has_answer]
        if questions:
            report.update(_percentages(questions, scores, f"{part}_exact", f"{part}_f1", f"{part}_total"))
    return report


def _percentages(questions: Sequence[str], scores: QuestionScores, *keys: str) -> dict[str, Any]:
    total = len(questions)
    sums = [sum(of[question] for question in questions) for of in scores]
    return dict(zip(keys, [100.0 * sums[0] / total, 100.0 * sums[1] / total, total]))


def _without_answers(
    answers: Answers, scores: Mapping[str, float], no_answer_scores: Mapping[str, float], threshold: float
) -> dict[str, float]:
    """`scores` where the questions whose no-answer score is above `threshold` have none."""
    return {
        question: float(not answers[question]) if no_answer_scores[question] > threshold else score
        for question, score in scores.items()
    }


def _normalize(text: str) -> str:
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_WITHOUT_PUNCTUATION)).split())


def _f1(right: str, found: str, both_empty: float) -> float:
    """Of the words, as a bag, of two normalized texts; `both_empty` if neither has one."""
    words, found_words = right.split(), found.split()
    if not words and not found_words:
        return both_empty
    common = sum((collections.Counter(words) & collections.Counter(found_words)).values())
    if not common:
        return 0.0
    precision, recall = common / len(found_words), common / len(words)
    return (2 * precision * recall) / (precision + recall)


def _refuse_missing(answers: Answers, values: Mapping[str, Any], what: str) -> None:
    missing = [question for question in answers if question not in values]
    if missing:
        raise DataError(f"every question must have a {what}; received {len(missing)} without, the first {missing[0]!r}")

"""Public `score`: predictions that were made elsewhere, scored as `evaluate` scores a model's.

| task | predictions | data |
| --- | --- | --- |
| classify | a label a row, in the data's order (`harness.predictions`), or `predict --json` | a labelled table |
| tag | CoNLL with the predicted tag last, or JSON Lines with entities | CoNLL or JSON Lines with spans |
| answer | SQuAD's JSON: question's id -> text | SQuAD's JSON or JSON Lines |
| embed | vectors (`text`, `embedding`) of all texts, or a cosine a pair | a table of pairs, with numbers or without |
| fill | a word a row, or `predict --json` | a table of texts with one `[MASK]`, the label what stood there |
| order | a label a row, or `predict --json` | a table of pairs, or documents |

What `evaluate` writes with `predictions` is read here and gets the same figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional

from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike
from albert_edge.harness.evaluations.base import DataFile
from albert_edge.harness.predictions import (
    LABEL,
    check_rows,
    read_rows,
    read_scores_by_id,
    read_texts_by_id,
    read_vectors,
)
from albert_edge.tasks import task_named
from albert_edge.text.rows import shown_json

if TYPE_CHECKING:
    from albert_edge.harness.evaluations.filling import Candidates
    from albert_edge.harness.predictions import Row
    from albert_edge.text.tables import Columns

SCHEMA_VERSION = 1


class Predicted(NamedTuple):
    """A file of predictions and how it is to be read."""

    path: PathLike
    column: str
    problem_type: Optional[str]
    no_answer_scores: Optional[PathLike]
    no_answer_threshold: Optional[float]
    order_labels: Optional[tuple[str, str]]


def score(
    task: str,
    predictions: PathLike,
    data: PathLike,
    columns: Optional[Columns] = None,
    prediction_column: str = LABEL,
    problem_type: Optional[str] = None,
    no_answer_scores: Optional[PathLike] = None,
    no_answer_threshold: Optional[float] = None,
    order_labels: Optional[tuple[str, str]] = None,
) -> dict[str, Any]:
    """Score the file `predictions` against the right answers in the file `data`.

    Arguments:
        task: long or short name.
        columns: of `data`, if it is a table.
        prediction_column: of `predictions`, if it is a table: where the label (or number) stands.
        problem_type: `single_label_classification`, `multi_label_classification` or `regression`, classify only; None:
            as the first prediction tells (`labels`: several, `value`: a number), else single labels.
        no_answer_scores: answer only: JSON, question's id -> how much speaks against an answer.
        no_answer_threshold: a question whose score is above has no answer; None: none.
        order_labels: order only: the label of a pair that is in order, then the other; None: `in_order` and `swapped`.

    Returns `schema_version`, `task` and the keys of the task's report (`metrics`). For questions also `missing_ids`:
    those without a prediction, each of which counts as wrong, also where no answer is right.

    Raises `DataError` with file and line of a prediction that can't be read or is for something else, and with the id
    of an answer to no question of the data; `ConfigError` on an option of another task.
    """
    alias = task_named(task).alias
    given = {
        "problem_type": ("classify", problem_type),
        "no_answer_scores": ("answer", no_answer_scores),
        "no_answer_threshold": ("answer", no_answer_threshold),
        "order_labels": ("order", order_labels),
    }
    for name, (owner, value) in given.items():
        if value is not None and owner != alias:
            raise ConfigError(f"{name} may be given for {owner} only; received {value!r} for {alias}")
    predicted = Predicted(
        predictions, prediction_column, problem_type, no_answer_scores, no_answer_threshold, order_labels
    )
    report = _REPORTS[alias](predicted, DataFile(data, columns))
    return {"schema_version": SCHEMA_VERSION, "task": task_named(task).name, **report}


def _classify(predicted: Predicted, data: DataFile) -> dict[str, Any]:
    from albert_edge.harness.evaluations.classification import KINDS
    from albert_edge.text.labels import MULTI_LABEL, REGRESSION, SINGLE_LABEL
    from albert_edge.text.tables import LABEL_SEPARATOR

    rows = read_rows(predicted.path, predicted.column)
    kind = predicted.problem_type
    if kind is None:
        first = rows[0].values if rows else {}
        kind = MULTI_LABEL if "labels" in first else REGRESSION if "value" in first else SINGLE_LABEL
    if kind not in KINDS:
        raise ConfigError(f"problem_type must be one of {', '.join(KINDS)}; received {kind!r}")
    evaluation = KINDS[kind](data)
    check_rows(predicted.path, rows, evaluation.examples, data.path)
    separator = (data.columns and data.columns.label_separator) or LABEL_SEPARATOR
    values: dict[str, Callable[[Row], Any]] = {
        SINGLE_LABEL: lambda row: row.label(predicted.column),
        MULTI_LABEL: lambda row: row.labels(predicted.column, separator),
        REGRESSION: lambda row: row.number(predicted.column),
    }
    return evaluation.report([values[kind](row) for row in rows])


def _tag(predicted: Predicted, data: DataFile) -> dict[str, Any]:
    from albert_edge.harness.alignment import aligned_tags
    from albert_edge.harness.evaluations.tagging import Tagging
    from albert_edge.metrics import entity_report
    from albert_edge.text.tagged import read_tagged

    # The right tags follow a scheme, which is checked; then both sides are compared as they are written.
    Tagging(data)
    right, found = (read_tagged(path, as_written=True) for path in (data.path, predicted.path))
    return entity_report(*aligned_tags(predicted.path, found, data.path, right))


def _answer(predicted: Predicted, data: DataFile) -> dict[str, Any]:
    from albert_edge.harness.evaluations.answering import Answered, Answering

    if predicted.no_answer_threshold is not None and predicted.no_answer_scores is None:
        raise ConfigError(f"no_answer_threshold needs no_answer_scores; received {predicted.no_answer_threshold} alone")
    evaluation = Answering(data, predicted.no_answer_threshold)
    ids = [example.id for example in evaluation.examples]
    texts = read_texts_by_id(predicted.path, ids)
    scores = {} if predicted.no_answer_scores is None else read_scores_by_id(predicted.no_answer_scores, ids)
    unscored = [name for name in texts if name not in scores]
    if scores and unscored:
        raise DataError(f"{predicted.no_answer_scores}: an answer must have a score; received none for {unscored[0]!r}")
    report = evaluation.report([Answered(texts.get(name), texts.get(name), scores.get(name)) for name in ids])
    return {**report, "missing_ids": [name for name in ids if name not in texts]}


def _embed(predicted: Predicted, data: DataFile) -> dict[str, Any]:
    from albert_edge.harness.evaluations.embedding import Embedding

    evaluation = Embedding(data)
    rows = read_rows(predicted.path, predicted.column)
    if rows and "embedding" in rows[0].values:
        vectors = read_vectors(predicted.path, rows)
        for text, line in evaluation.lines.items():
            if text not in vectors:
                raise DataError(f"{predicted.path}: the text of {data.where(line)} must have a vector; received none")
        return evaluation.report([vectors[text] for text in evaluation.lines])
    if not evaluation.has_labels:
        raise DataError(f"{predicted.path}: pairs without a number must be scored by vectors; received other rows")
    check_rows(predicted.path, rows, evaluation.examples, data.path)
    return evaluation.cosine_report([row.number(predicted.column) for row in rows])


def _fill(predicted: Predicted, data: DataFile) -> dict[str, Any]:
    from albert_edge.harness.evaluations.filling import Cloze, is_plain

    if is_plain(data):
        raise DataError(f"{data.path}: texts must be a table with [MASK] and labels; received plain text")
    evaluation = Cloze(data)
    rows = read_rows(predicted.path, predicted.column)
    check_rows(predicted.path, rows, evaluation.examples, data.path)
    return evaluation.report([_candidates(row, predicted.column) for row in rows])


def _candidates(row: Row, column: str) -> Candidates:
    """Of `predict --json` (`masks`: of each mask a list of `piece`, ...), or the one label."""
    from albert_edge.harness.evaluations.filling import candidates_of

    if "masks" not in row.values:
        return candidates_of([row.label(column)], are_all=False)
    try:
        (mask,) = row.values["masks"]
        pieces = [str(candidate["piece"]) for candidate in mask]
    except (TypeError, ValueError, KeyError) as reason:
        raise DataError(
            f"{row.where}: 'masks' must be one list of objects with 'piece'; received {shown_json(row.values['masks'])}"
        ) from reason
    return candidates_of(pieces, are_all=True)


def _order(predicted: Predicted, data: DataFile) -> dict[str, Any]:
    from albert_edge.harness.evaluations.order import Order
    from albert_edge.tasks import ORDER_LABELS

    labels = predicted.order_labels or ORDER_LABELS["sop"]
    evaluation = Order(data, labels)
    rows = read_rows(predicted.path, predicted.column)
    check_rows(predicted.path, rows, evaluation.examples, data.path)
    return evaluation.report([_in_order(row, predicted.column, labels) for row in rows])


def _in_order(row: Row, column: str, labels: tuple[str, str]) -> bool:
    if "in_order" not in row.values:
        label = row.label(column)
        if label not in labels:
            raise DataError(f"{row.where}: a label must be one of {', '.join(labels)}; received {label!r}")
        return label == labels[0]
    value = row.values["in_order"]
    if not isinstance(value, bool):
        raise DataError(f"{row.where}: 'in_order' must be true or false; received {value!r}")
    return value


_REPORTS: dict[str, Callable[[Predicted, DataFile], dict[str, Any]]] = {
    "classify": _classify,
    "tag": _tag,
    "answer": _answer,
    "embed": _embed,
    "fill": _fill,
    "order": _order,
}

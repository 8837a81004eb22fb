"""Predictions as lines for people. Scripts take JSON: these lines are not stable."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Mapping

SHOWN_NUMBERS = 4
"""Of an embedding."""


def lines_of(task: str, prediction: Any) -> Iterator[str]:
    """The lines that show a `task`'s prediction."""
    return _LINES[task](prediction)


def lines_of_heads(predictions: Mapping[str, Any]) -> Iterator[str]:
    """Task -> prediction of several heads: each task's lines below its name."""
    for task, prediction in predictions.items():
        yield f"{task}:"
        for line in lines_of(task, prediction):
            yield f"  {line}"


def similar_line(found: Any) -> str:
    """One of the texts nearest to a query."""
    return f"{found.score:7.4f}  {found.index + 1:5}  {_one_line(found.text)}"


def _classified(prediction: Any) -> Iterator[str]:
    text = _texts(prediction)
    if hasattr(prediction, "label"):
        yield f"{prediction.score:6.1%}  {prediction.label}  {text}"
    elif hasattr(prediction, "labels"):
        found = ", ".join(f"{label} {prediction.scores[label]:.1%}" for label in prediction.labels)
        yield f"{found or 'none'}  {text}"
    else:
        yield f"{', '.join(f'{value:.4f}' for value in prediction.values.values())}  {text}"


def _tagged(prediction: Any) -> Iterator[str]:
    yield _one_line(prediction.text)
    for entity in prediction.entities:
        place = f"{entity.start}-{entity.end}"
        yield f"  {entity.score:6.1%}  {entity.label:8}  {place:>11}  {_one_line(entity.text)}"


def _answered(prediction: Any) -> Iterator[str]:
    yield _one_line(prediction.question)
    if prediction.start is None:
        yield f"  {prediction.score:6.1%}  {'no answer':>11}"
    else:
        yield f"  {_span(prediction)}"
    # The first is the answer itself, unless there is none.
    for found in prediction.n_best[0 if prediction.start is None else 1 :]:
        yield f"  {_span(found)}"


def _span(found: Any) -> str:
    place = f"{found.start}-{found.end}"
    return f"{found.score:6.1%}  {place:>11}  {_one_line(found.text)}"


def _embedded(prediction: Any) -> Iterator[str]:
    numbers = " ".join(f"{value:+.4f}" for value in prediction.embedding[:SHOWN_NUMBERS])
    yield f"[{numbers} ... {len(prediction.embedding)} numbers]  {_one_line(prediction.text)}"


def _filled(prediction: Any) -> Iterator[str]:
    for number, candidates in enumerate(prediction.masks, start=1):
        if len(prediction.masks) > 1:
            yield f"[MASK] {number}"
        for candidate in candidates:
            yield f"{candidate.score:6.1%}  {candidate.piece}  {_one_line(candidate.text)}"


def _ordered(prediction: Any) -> Iterator[str]:
    yield f"{prediction.score:6.1%}  {'in order' if prediction.in_order else 'not in order'}  {_texts(prediction)}"


def _texts(prediction: Any) -> str:
    pair = "" if prediction.text_pair is None else f"  |  {_one_line(prediction.text_pair)}"
    return _one_line(prediction.text) + pair


def _one_line(text: str) -> str:
    return " ".join(text.split())


_LINES: dict[str, Callable[[Any], Iterator[str]]] = {
    "text-classification": _classified,
    "token-classification": _tagged,
    "question-answering": _answered,
    "feature-extraction": _embedded,
    "fill-mask": _filled,
    "sentence-order": _ordered,
}

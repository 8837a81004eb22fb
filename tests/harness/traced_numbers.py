"""What the report's tests hold its numbers against: a value looked up in the JSON, or computed again, by other code."""

import operator
import re
import statistics
from urllib.parse import unquote

import pytest


def looked_up(of: str, roots):
    root, *keys = of.strip("/").split("/")
    value = roots[root]
    for key in map(unquote, keys):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def wilson_end(correct, end: str) -> float:
    stats = pytest.importorskip("scipy.stats")
    return getattr(stats.binomtest(sum(correct), len(correct)).proportion_ci(method="wilson"), end)


def mcnemar_p(a, b) -> float:
    stats = pytest.importorskip("scipy.stats")
    only = [sum(x > y for x, y in zip(*pair)) for pair in ((a, b), (b, a))]
    return stats.binomtest(only[0], sum(only)).pvalue if sum(only) else 1.0


def recomputed(of: str, roots, ends):
    """The value that `of` stands for; `ends` are those of a histogram's bin."""
    operation, *paths = of.split(" ")
    if not paths:
        return looked_up(operation, roots)
    if operation == "sum":
        return sum(len(looked_up(path, roots)) for path in paths if path != "length")
    values = [looked_up(path, roots) for path in paths]
    low, high = ends
    return {
        "ratio": lambda a, b: a / b,
        "difference": operator.sub,
        "length": len,
        "median-ratio": lambda busy, quiet: statistics.median(busy) / statistics.median(quiet),
        "rest": lambda whole, *parts: whole - sum(part / 1e6 for part in parts),
        "wilson-low": lambda correct: wilson_end(correct, "low"),
        "wilson-high": lambda correct: wilson_end(correct, "high"),
        "mcnemar": mcnemar_p,
        "bin": lambda raw: sum(low <= value < high for value in raw),
        "beyond": lambda raw: sum(value > high for value in raw),
    }[operation](*values)


ELEMENTS = """() => [...document.querySelectorAll('[data-of]')].map(each => ({
  of: each.dataset.of, value: each.dataset.value, unit: each.dataset.unit ?? '', low: each.dataset.low,
  high: each.dataset.high, mark: each.namespaceURI.endsWith('svg') && !['text', 'tspan'].includes(each.localName),
  text: each.textContent, ofX: each.dataset.ofX}))"""

_FACTORS = {"percent": 0.01, "points": 0.01, "distance": 0.01, "bytes_mb": 1e6, "millions": 1e6}
_WORDS = {
    "words": lambda value: value.replace("_", " "),
    "file": lambda value: value.split("/")[-1],
    "date": lambda value: value[:10],
    "title": lambda value: value.replace("-", " ").capitalize(),
    "name": lambda value: value,
}


def assert_shows(element, value) -> None:
    """The text of `element` is `value`, rounded to the digits that it has."""
    text, unit = element["text"], element["unit"]
    if isinstance(value, str):
        assert text == _WORDS.get(unit, str)(value)
        return
    (digits,) = re.findall(r"\d[\d,]*(?:\.\d+)?", text)
    shown = float(digits.replace(",", "")) * (-1 if "−" in text else 1)
    half = 0.5 * 10.0 ** -len(digits.partition(".")[2])
    assert abs(shown - value / _FACTORS.get(unit, 1)) <= half * 1.0001, (element, value)

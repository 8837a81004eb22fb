"""A report of `evaluate` or `score` on the terminal: a table where there are labels or types, then its figures."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import click

from albert_edge.cli.options import print_table

_RATES = ("precision", "recall", "f1")
_MACRO_RATES = tuple(f"macro_{rate}" for rate in _RATES)

# Key of a table in a report -> its first column, the key of its counts, what its last row is called, and that row.
_TABLES: dict[str, tuple[str, str, str, Sequence[str]]] = {
    "per_class": ("label", "support", "macro", _MACRO_RATES),
    "per_label": ("label", "support", "macro", _MACRO_RATES),
    "per_type": ("type", "true", "all", _RATES),
}

_NO_FIGURES = ("schema_version", "examples", "seconds", "threads", "max_depth", "exit_threshold")
_FIGURES_IN_A_LINE = 4


def print_report(result: Mapping[str, Any]) -> None:
    """The figures of `result` for a reader; JSON has all of them."""
    shown: set[str] = set(_NO_FIGURES)
    for name in _TABLES.keys() & result.keys():
        _print_table(result, name)
        shown.update(_TABLES[name][3])
    figures = [_figure(*item) for item in result.items() if item[0] not in shown and _is_figure(*item)]
    lines = [
        "  ".join(figures[start : start + _FIGURES_IN_A_LINE]) for start in range(0, len(figures), _FIGURES_IN_A_LINE)
    ]
    seconds = f" in {result['seconds']:.1f} s" if "seconds" in result else ""
    click.echo("\n".join(lines))
    click.echo(f"examples {result['examples']:,}{seconds}")


def _print_table(result: Mapping[str, Any], name: str) -> None:
    title, count, total, keys = _TABLES[name]
    rows = [[label, *(f"{row[rate]:.4f}" for rate in _RATES), row[count]] for label, row in result[name].items()]
    last = [total, *(f"{result[key]:.4f}" for key in keys), sum(row[-1] for row in rows)]
    print_table([title, *_RATES, count], [*rows, last])
    click.echo()


def _is_figure(name: str, value: Any) -> bool:
    """A number, or one that there is none of."""
    if value is None:
        return name in ("pearson", "spearman", "perplexity")
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _figure(name: str, value: Any) -> str:
    if value is None:
        return f"{name} none"
    return f"{name} {value:,}" if isinstance(value, int) else f"{name} {value:.4f}"

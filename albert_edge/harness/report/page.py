"""The page: what the template is given. All that is computed here is what goes where; figures know where they are from.

The template and the style sheet lie beside this module. The page asks nothing of the network: its policy forbids it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from albert_edge.errors import RuntimeUnavailableError
from albert_edge.harness.report.changes import Change
from albert_edge.harness.report.charts import (
    front_plot,
    length_plot,
    memory_parts,
    memory_plot,
    time_plot,
)
from albert_edge.harness.report.figures import Figure, Html, attributes_of, difference, length, shown, tag, text_of
from albert_edge.harness.report.histograms import histogram_plot
from albert_edge.harness.report.matrix import Matrix, confusions, matrix_of
from albert_edge.harness.report.series import Group, Series, common_tokens, groups_of
from albert_edge.harness.report.svg import marker
from albert_edge.harness.report.verdict import join, verdict_of

FEWEST_FOR_A_HISTOGRAM = 10
_FOLDER = Path(__file__).resolve().parent


def page(series: Sequence[Series], changes: Sequence[Change], title: Optional[str], version: str) -> str:
    """The HTML document; raises `RuntimeUnavailableError` without jinja2."""
    groups = groups_of(series)
    timed = [each for each in series if each.tokens]
    in_memory = [each for each in series if each.result.value["rss_mb"] is not None]
    context: dict[str, Any] = {
        "title": title,
        "series": series,
        "groups": groups,
        "verdict": verdict_of(series, groups, changes),
        "changes": changes,
        "fronts": [
            front_plot(f"front-{number}", group) for number, group in enumerate(groups) if len(group.members) > 1
        ],
        "rows": [_row(each, groups) for each in series],
        "lengths": length_plot("lengths", timed) if timed else None,
        "timed": timed,
        "memory": memory_plot("memory", in_memory) if in_memory else None,
        "in_memory": in_memory,
        "has_cost": any(each.result.value["cost"] for each in series),
        "histograms": _histograms(series),
        "matrices": _matrices(series, groups),
        "has_agreement": any(each.result.value["agreement"] for each in series),
        "sustained": [(each, _over_time(each)) for each in series if each.result.value["sustained"]],
        "style": Html((_FOLDER / "style.css").read_text(encoding="utf-8")),
        "version": version,
    }
    document: str = _environment().get_template("page.html").render(context)
    return document


def _environment() -> Any:
    try:
        import jinja2
    except ImportError as reason:
        raise RuntimeUnavailableError(
            "the report needs the package jinja2 (pip install 'albert-edge[harness]'); received none"
        ) from reason
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["f"] = shown
    environment.globals.update(
        swatch=swatch, memory_parts=memory_parts, difference=difference, length=length, confusions=confusions,
        attributes=_attributes, text_of=text_of, join=join, facts=facts,
    )  # fmt: skip
    return environment


def _attributes(figure: Figure, unit: str = "") -> Html:
    """As `attributes_of`, for an element that the template writes."""
    return Html(tag("i", **attributes_of(figure, unit))[3 : -len("></i>")])


def swatch(each: Series) -> Html:
    """The mark that stands for a series in all pictures."""
    mark = marker(each.number, 8.0, 8.0, each.name)
    return tag("svg", mark, class_="swatch", viewBox="0 0 16 16", aria_hidden="true")


def _row(each: Series, groups: Sequence[Group]) -> dict[str, Any]:
    """The cells of the table of files."""
    group = next((group for group in groups if each in group.members), None)
    tokens = common_tokens([each]) if group is None else group.tokens
    result = each.result
    if group is not None and group.tokens is None:
        latency, slow = result.at("mix", "mean_ms"), result.at("mix", "p90_ms")
    elif tokens is not None:
        latency, slow = each.length(tokens).at("p50_ms"), each.length(tokens).at("p90_ms")
    else:
        latency = slow = Figure(None, "")
    judges = group is not None and len(group.members) > 1 and group.drift() is None
    return {
        "series": each,
        "latency": latency,
        "p90": slow,
        "interval": each.interval(),
        "on_front": group is not None and judges and each in group.front(),
        "is_best": group is not None and judges and each is group.best(),
    }


def _matrices(series: Sequence[Series], groups: Sequence[Group]) -> list[tuple[Series, Matrix]]:
    """The confusion matrices, that of the file named in the verdict first."""
    best = groups[0].best() if groups else None
    ordered = sorted(series, key=lambda each: each is not best)
    return [(each, matrix) for each in ordered if (matrix := matrix_of(each))]


def _histograms(series: Sequence[Series]) -> list[tuple[Html, Html]]:
    """Heading and picture of the runs at the longest common length, and of the queries with the data's own lengths."""
    found: list[tuple[Html, Html]] = []
    tokens = common_tokens([each for each in series if each.tokens])
    if tokens is not None:
        runs = [(each, each.length(tokens).at("raw_ms")) for each in series if each.tokens]
        runs = [(each, values) for each, values in runs if len(values.value) >= FEWEST_FOR_A_HISTOGRAM]
        if runs:
            heading = join("Runs at ", shown(runs[0][0].length(tokens).at("tokens")), " tokens")
            found.append((heading, histogram_plot("runs-fixed", f"Runs at {tokens} tokens", runs)))
    mixes = [(each, each.result.at("mix", "raw_ms")) for each in series if each.result.value["mix"]]
    mixes = [(each, values) for each, values in mixes if len(values.value) >= FEWEST_FOR_A_HISTOGRAM]
    if mixes:
        title = "Queries at the data's own lengths"
        found.append((join(title), histogram_plot("runs-mix", title, mixes)))
    return found


def _over_time(each: Series) -> list[Html]:
    """Throughput, temperature and clock of a sustained run, of those that the system showed."""
    windows = each.result.at("sustained", "windows")
    pictures = [
        time_plot(f"sustained-{each.number}-{key}", windows, key, label, title)
        for key, label, title in (
            ("queries_per_s", "queries a second", "Throughput over time"),
            ("temperature_c", "°C", "Temperature over time"),
            ("clock_mhz", "MHz", "Clock over time"),
        )
    ]
    return [picture for picture in pictures if picture is not None]


def facts(each: Series) -> list[tuple[str, Figure, str]]:
    """Where and how a result was measured: name, value, unit; what wasn't told is left out."""
    result = each.result
    found = [(title, result.at(*keys), unit) for title, keys, unit in _FACTS]
    found += [(_words(key), result.at("environment", key), "") for key in result.value["environment"]]
    kept: dict[str, tuple[str, Figure, str]] = {}
    for title, figure, unit in found:
        if figure and not isinstance(figure.value, (Mapping, list)):
            kept.setdefault(title, (title, figure, unit))
    return list(kept.values())


def _words(key: str) -> str:
    """A key of the environment for a reader."""
    return key.replace("_", " ").replace("cpu", "CPU").replace("sha256", "SHA-256")


_FACTS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("file", ("file",), ""),
    ("file's SHA-256", ("sha256",), ""),
    ("measured", ("created",), ""),
    ("device", ("device", "name"), ""),
    ("device's kind", ("device", "kind"), ""),
    ("runtime", ("runtime",), ""),
    ("threads", ("threads",), ""),
    ("preset", ("preset",), ""),
    ("depth at most", ("max_depth",), ""),
    ("exit threshold", ("exit_threshold",), ""),
    ("data's SHA-256", ("accuracy", "data_sha256"), ""),
    ("weights measured", ("weights", "how"), ""),
    ("instructions", ("cost", "instructions"), ""),
    ("instructions counted by", ("cost", "tool"), ""),
    ("instructions of the CPU", ("cost", "cpu"), ""),
)

"""What changed since the baseline, a row a metric: before, after, and the gate's verdict.

Accuracy, bytes, memory, copies of the weights and instructions are judged here as `gate` judges them, by its own
functions. Times are not: two runs on two occasions can't tell a slower file from a busier machine, which is why `gate`
lets the file take turns with a workload or with the older file. A report on what `gate --json` wrote has all verdicts.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Optional, Sequence

from albert_edge.errors import DataError
from albert_edge.harness.report.figures import Figure, difference, ratio, source

STATUSES = ("worse", "inconclusive", "better", "same")
"""The first of these that a row has is the whole's."""


@dataclasses.dataclass(frozen=True)
class Change:
    """One metric of a result and of the baseline."""

    title: str
    unit: str
    before: Figure
    after: Figure
    verdict: Optional[str] = None
    """One of `STATUSES`; None: only shown."""
    reason: str = ""
    judged: Optional[Figure] = None
    """The ratio that the gate judged by, where it isn't that of the two values: times are divided by those of the
    workload that took turns with them, memory is compared run by run."""

    @property
    def by(self) -> Figure:
        """Points won or lost of a fraction, else the ratio that was judged, else that of after to before."""
        if self.unit == "percent":
            return difference(self.after, self.before)
        if self.judged:
            return self.judged
        return ratio(self.after, self.before)

    @property
    def by_unit(self) -> str:
        """The unit of `by`."""
        return "points" if self.unit == "percent" else "times"


def overall(changes: Sequence[Change]) -> str:
    """The worst of the verdicts; `measured` if no row has one."""
    found = {change.verdict for change in changes}
    return next((status for status in STATUSES if status in found), "measured")


# The gate's metric -> its title, the unit that it is shown in, and where a result has it.
_METRICS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "accuracy": ("accuracy", "percent", ("accuracy", "value")),
    "file_bytes": ("file size", "bytes_mb", ("file_bytes",)),
    "weight_copies": ("copies of the weights", "", ("weights", "copies")),
    "memory": ("memory above the runtime", "mb", ("rss_above_runtime_mb",)),
    "peak_memory": ("peak above the runtime", "mb", ("peak_above_runtime_mb",)),
    "instructions": ("instructions", "", ("cost", "instructions")),
}


def changes_since(result: Figure, baseline: Mapping[str, Any]) -> list[Change]:
    """The metrics of `result` and of the result `baseline`: judged, then the times that both have."""
    from albert_edge.harness.gate.figures import judge_figures

    before = source(baseline, "baseline")
    rows = []
    for judgement in judge_figures(baseline, result.value):
        title, unit, keys = _METRICS[judgement.metric]
        rows.append(Change(title, unit, before.at(*keys), result.at(*keys), judgement.verdict, judgement.reason))
    return rows + _times(result, before)


def _times(result: Figure, before: Figure) -> list[Change]:
    pairs = [("load", before.at("load_ms"), result.at("load_ms"))]
    old_mix, new_mix = before.at("mix"), result.at("mix")
    if old_mix and new_mix and old_mix.value["data_sha256"] == new_mix.value["data_sha256"]:
        pairs.append(("mean latency over the data", old_mix.at("mean_ms"), new_mix.at("mean_ms")))
    old_rows = {row.value["tokens"]: row for row in before.at("lengths").each()}
    for row in result.at("lengths").each():
        old = old_rows.get(row.value["tokens"])
        if old is not None:
            pairs.append((f"median latency, {row.value['tokens']} tokens", old.at("p50_ms"), row.at("p50_ms")))
    return [Change(title, "ms", old, new) for title, old, new in pairs]


_UNITS = {"fraction": "percent", "bytes": "bytes_mb", "MB": "mb", "ms": "ms"}


def changes_of_gate(found: Mapping[str, Any], result: Figure, where: str) -> list[Change]:
    """The rows of what `gate --json` wrote to the file `where`; raises `DataError` if it isn't of `result`'s file."""
    if found.get("sha256") != result.value["sha256"] or not isinstance(found.get("metrics"), list):
        raise DataError(
            f"{where}: what the gate said must be of the first result's file, SHA-256 {result.value['sha256']}; "
            f"received {found.get('sha256')!r}"
        )
    rows = []
    for row in source(found, "gate").at("metrics").each():
        name, unit = row.value["metric"], _UNITS.get(row.value["unit"], "")
        title = _METRICS[name][0] if name in _METRICS else _time_title(name)
        judged = row.at("interval", "ratio") if row.value.get("interval") else None
        verdict, reason = row.value["verdict"], row.value["reason"]
        rows.append(Change(title, unit, row.at("before"), row.at("after"), verdict, reason, judged))
    return rows


def _time_title(metric: str) -> str:
    """`latency_16` and `latency_mix` in words."""
    tokens = metric.rpartition("_")[2]
    return f"latency, {tokens} tokens" if tokens.isdigit() else "latency over the data"

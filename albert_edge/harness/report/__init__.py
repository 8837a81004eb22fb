"""Public `report`: results of `bench` as one page of HTML that needs nothing else, no network and no script."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import albert_edge
from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike, atomic_write, check_writable, read_json_object
from albert_edge.harness.report.changes import Change, changes_of_gate, changes_since
from albert_edge.harness.report.figures import Figure
from albert_edge.harness.report.page import page
from albert_edge.harness.report.series import groups_of, series_of
from albert_edge.harness.report.verdict import verdict_of
from albert_edge.harness.results import read_result

__all__ = ["report"]

MOST_RESULTS = 16
"""More can't be told apart in a picture."""


def report(
    results: Sequence[PathLike],
    out: PathLike,
    baseline: Optional[PathLike] = None,
    title: Optional[str] = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write the page of the files `results` to `out`.

    Arguments:
        results: JSON files that `bench --out` wrote.
        baseline: what the first of them is compared with: what `gate --json` wrote of it, a baseline, or an older
            result.
        title: heads the page; None: the results' task.
        overwrite: whether `out` may be replaced.

    Returns `out`, `bytes`, `status` (`measured`, `better`, `same`, `worse`, `inconclusive`), `names` (of the results)
    and `fronts` (a list for each group of comparable results: the names of those on the front, fastest first). Raises
    `ConfigError` on too few or too many results, `DataError` on a file that is no result.
    """
    if not 1 <= len(results) <= MOST_RESULTS:
        raise ConfigError(f"a report must have from 1 to {MOST_RESULTS} results; received {len(results)}")
    check_writable(out, overwrite)
    series = series_of([read_result(path) for path in results])
    changes = [] if baseline is None else _changes(series[0].result, baseline)
    groups = groups_of(series)
    status = verdict_of(series, groups, changes).status
    text = page(series, changes, title, albert_edge.__version__).encode()
    atomic_write(out, text)
    fronts = [[each.name for each in group.front()] for group in groups]
    return {
        "out": str(out),
        "bytes": len(text),
        "status": status,
        "names": [each.name for each in series],
        "fronts": fronts,
    }


def _changes(result: Figure, path: PathLike) -> list[Change]:
    """Of `result` since what the file `path` holds: `gate`'s answer, a baseline of it, or an older result."""
    kind = read_json_object(path, DataError).get("kind")
    if kind == "gate":
        return changes_of_gate(read_json_object(path, DataError), result, str(path))
    if kind == "baseline":
        from albert_edge.harness.gate.baselines import read_baseline

        return changes_since(result, read_baseline(path)["result"])
    return changes_since(result, read_result(path))

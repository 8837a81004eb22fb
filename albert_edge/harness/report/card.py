"""Public `card`: the model card of an artifact in Markdown, with the facts of the file and what was measured of it.

The first part lies in the file (`artifact.card`) and says what the model is. What follows is this file's: sizes, its
hash, the runtimes that it was verified on, and the figures of `bench`'s results, which can't lie in what they are of.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, Sequence

from albert_edge.artifact.inspection import inspect
from albert_edge.errors import DataError
from albert_edge.files import PathLike, atomic_write, check_writable
from albert_edge.harness.report.figures import text_of
from albert_edge.harness.results import read_result


def card_beside(path: PathLike) -> Path:
    """Where the card of the file `path` lies: `news.tflite` has `news.card.md`."""
    return Path(path).with_suffix(".card.md")


def card(
    path: PathLike, results: Sequence[PathLike] = (), out: Optional[PathLike] = None, overwrite: bool = False
) -> dict[str, Any]:
    """The card of the artifact at `path`.

    Arguments:
        results: JSON files that `bench --out` wrote of this very file.
        out: a Markdown file to write; None: none.
        overwrite: whether `out` may be replaced.

    Returns `card` (the Markdown), `licence` (empty: not stated) and `sha256`. Raises `ArtifactError` on a file that is
    none, `DataError` on a result of another file.
    """
    if out is not None:
        check_writable(out, overwrite)
    facts = inspect(path)
    measured = [_of_this_file(each, facts["sha256"]) for each in results]
    title = "" if facts["card"].startswith("# ") else f"# ALBERT for {facts['task']}\n\n"
    parts = [title + facts["card"].rstrip(), *_file_part(facts), *(line for each in measured for line in _part(each))]
    text = "\n".join(parts) + "\n"
    if out is not None:
        atomic_write(out, text.encode())
    return {"card": text, "licence": facts["licence"], "sha256": facts["sha256"]}


def _of_this_file(path: PathLike, sha256: str) -> dict[str, Any]:
    result = read_result(path)
    if result["sha256"] != sha256:
        raise DataError(f"{path}: the result must be of the card's file, SHA-256 {sha256}; received {result['sha256']}")
    return result


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    return ["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)]


def _file_part(facts: Mapping[str, Any]) -> list[str]:
    low, high = facts["lengths"]["min"], facts["lengths"]["max"]
    rows = [
        ("input", f"{low:,} to {high:,} tokens" if low != high else f"{high:,} tokens, padded"),
        ("file", text_of(facts["file_bytes"], "bytes_mb")),
        ("weights", f"{text_of(facts['unique_weight_bytes'], 'bytes_mb')}, {facts['scheme']}, {facts['layout']}"),
        ("verified on", ", ".join(facts["targets"]) or "nothing"),
        ("SHA-256", facts["sha256"]),
    ]
    return ["", "## File", "", *_table(rows)]


def _part(result: Mapping[str, Any]) -> Iterator[str]:
    """A table of one result's figures."""
    machine = (result["device"] or {}).get("name") or result["environment"].get("cpu_model") or "an unnamed machine"
    rows = []
    accuracy = result["accuracy"]
    if accuracy is not None:
        on = f"{text_of(accuracy['value'], 'percent')} of {accuracy['examples']:,} examples of {accuracy['data']}"
        rows.append((accuracy["metric"].replace("_", " "), on))
    if result["mix"] is not None:
        rows.append(("mean latency over the data", text_of(result["mix"]["mean_ms"], "ms")))
    for row in result["lengths"]:
        times = f"{text_of(row['p50_ms'], 'ms')}, p90 {text_of(row['p90_ms'], 'ms')}, {row['runs']:,} runs"
        rows.append((f"median latency, {row['tokens']:,} tokens", times))
    rows.append(("load", text_of(result["load_ms"], "ms")))
    rows.append(("memory above the runtime", text_of(result["rss_above_runtime_mb"], "mb")))
    if result["cost"] is not None:
        rows.append((f"instructions, {result['cost']['tokens']:,} tokens", f"{result['cost']['instructions']:,}"))
    threads = "1 thread" if result["threads"] == 1 else f"{result['threads']} threads"
    yield from ("", f"## Measured on {machine}, {result['runtime']}, {threads}", "", *_table(rows))

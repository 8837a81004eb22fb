"""A run as Markdown: a row an engine, the promises, and where it was."""

import statistics
from typing import Any, Optional

from benchmarks.compare.verdicts import load_ms, mix_ms, p50_at, rss_above_mb
from benchmarks.compression.tables import table


def markdown(result: dict[str, Any]) -> str:
    """Everything that a reader of `compare.json` sees first."""
    return "\n".join([_conditions(result), _engines(result), _promises(result)])


def _conditions(result: dict[str, Any]) -> str:
    where, plan = result["environment"], result["plan"]
    mix = result["mix"]
    texts = f"; mix: {mix['texts']} texts of {mix['data']}, {mix['mean_tokens']:.0f} tokens on average" if mix else ""
    versions = sorted({pair for row in result["engines"].values() for pair in row["versions"].items()})
    return (
        f"{where['cpu_model']}, {where['cpu_cores']} cores, one thread, in turns, {plan['rounds']} rounds{texts}; "
        f"{where['os']}; {', '.join(f'{name} {number}' for name, number in versions)}.\n"
    )


def _engines(result: dict[str, Any]) -> str:
    lengths = result["plan"]["lengths"]
    times = tuple(f"p50 ms at {tokens}" for tokens in lengths)
    header = ("engine", *times, "mix ms", "load ms", "RSS MB", "above engine MB", "file MB", "logits off", "remark")
    lines = [_line(row, lengths) for row in result["engines"].values()]
    return table("Engines", header, lines)


def _line(row: dict[str, Any], lengths: list[int]) -> dict[str, Any]:
    line: dict[str, Any] = {"engine": row["title"], "remark": row["error"] or _checked(row)}
    line.update({f"p50 ms at {tokens}": _number(p50_at(tokens)(row), 1) for tokens in lengths})
    line["mix ms"] = _number(mix_ms(row), 1)
    line["load ms"] = _number(load_ms(row), 0)
    line["RSS MB"] = _number(statistics.median(row["rss_mb"]) if row.get("rss_mb") else None, 0)
    line["above engine MB"] = _number(rss_above_mb(row), 0)
    line["file MB"] = _number(row["file_bytes"] / 1e6 if row.get("file_bytes") else None, 1)
    line["logits off"] = _number((row.get("logits") or {}).get("max_abs"), 4)
    return line


def _checked(row: dict[str, Any]) -> Optional[str]:
    """Of an engine that checks its file."""
    spent_ms = statistics.median(row.get("check_ms") or [0.0])
    return f"and {spent_ms:.0f} ms to check the file" if spent_ms >= 1 else None


def _promises(result: dict[str, Any]) -> str:
    lines = [
        {
            "promise": each["what"],
            "peer": each["peer"],
            "at most": f"{each['limit']:g}",
            "measured": _number(each["ratio"], 3),
            "verdict": each["verdict"],
        }
        for each in result["verdicts"]
    ]
    return table("Promises, for the base shape", ("promise", "peer", "at most", "measured", "verdict"), lines)


def _number(value: Optional[float], places: int) -> Optional[str]:
    return None if value is None else f"{value:.{places}f}"

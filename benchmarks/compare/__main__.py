"""`python -m benchmarks.compare`: see the package."""

import dataclasses
import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Iterable, Optional

import click
import numpy as np

from albert_edge.errors import AlbertEdgeError
from albert_edge.files import atomic_write
from albert_edge.harness.environment import machine, software
from albert_edge.text.tables import Columns
from benchmarks.compare import measure
from benchmarks.compare.engines import ENGINES, Engine
from benchmarks.compare.files import file_bytes, model_sha256, prepared
from benchmarks.compare.tables import markdown
from benchmarks.compare.texts import config_of, ids_of_texts, longest, random_ids
from benchmarks.compare.verdicts import verdicts
from benchmarks.graph import random_model
from benchmarks.timing import LENGTHS

SCHEMA_VERSION = 1
REFERENCE = "pytorch-float32"
"""Whose logits the others' are compared with: transformers' own model, in float32."""
NAMES = [engine.name for engine in ENGINES]
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclasses.dataclass(frozen=True)
class Plan:
    """How much is measured."""

    lengths: tuple[int, ...] = LENGTHS
    rounds: int = 30
    """Turns of each engine at each length."""
    texts: int = 64
    """Of the data file."""
    text_rounds: int = 5
    processes: int = 3
    """Fresh ones of each engine, for memory and load."""
    samples: int = 300
    """Texts that a peer may calibrate with: NNCF's own number."""


@click.command()
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Files and figures.")
@click.option("--peers", default=sys.executable, show_default=True, help="Python of the peers' environment.")
@click.option("--model", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A classifier's folder.")
@click.option("--size", default="base", show_default=True, help="Of random weights, without --model.")
@click.option("--data", type=FILE, help="Texts whose mix of lengths is measured.")
@click.option("--text-column", default="text", show_default=True)
@click.option("--calibration", type=FILE, help="Texts for int8 with calibrated ranges.  [default: --data]")
@click.option("--engines", default=",".join(NAMES), help="Names, separated by commas.  [default: all]")
@click.option("--lengths", default=",".join(map(str, LENGTHS)), show_default=True)
@click.option("--rounds", type=click.IntRange(3), default=Plan.rounds, show_default=True)
@click.option("--texts", type=click.IntRange(1), default=Plan.texts, show_default=True)
@click.option("--text-rounds", type=click.IntRange(1), default=Plan.text_rounds, show_default=True)
@click.option("--processes", type=click.IntRange(1), default=Plan.processes, show_default=True)
@click.option("--samples", type=click.IntRange(1), default=Plan.samples, show_default=True)
def main(
    out: Path,
    peers: str,
    model: Optional[Path],
    size: str,
    data: Optional[Path],
    text_column: str,
    calibration: Optional[Path],
    engines: str,
    lengths: str,
    **numbers: int,
) -> None:
    """Make each engine's files, measure, write OUT/compare.json and OUT/compare.md, print the second."""
    chosen = _engines(engines)
    out.mkdir(parents=True, exist_ok=True)
    folder = model or _random_model(out, size)
    plan = Plan(lengths=_lengths(lengths, longest(folder)), **numbers)
    columns = Columns(text=text_column)
    mix = [] if data is None else ids_of_texts(folder, data, columns, plan.texts)
    source = calibration or data
    samples = (
        [random_ids(8 + index % 120, _vocab_size(folder)) for index in range(plan.samples)]
        if source is None
        else ids_of_texts(folder, source, columns, plan.samples)
    )
    result = run(chosen, peers, folder, out, plan, mix, samples)
    if data is not None:
        tokens = [ids.shape[1] for ids in mix]
        result["mix"] = {"data": data.name, "texts": len(mix), "tokens": tokens, "mean_tokens": float(np.mean(tokens))}
    atomic_write(out / "compare.json", json.dumps(result, indent=1).encode())
    text = markdown(result)
    atomic_write(out / "compare.md", text.encode())
    click.echo(text)


def run(
    engines: Iterable[Engine],
    python: str,
    model: Path,
    out: Path,
    plan: Plan,
    mix: list[np.ndarray],
    samples: list[np.ndarray],
) -> dict[str, Any]:
    """The result without the data file's name: a row an engine, the promises, the environment."""
    rows: dict[str, dict[str, Any]] = {each.name: _empty_row(each) for each in engines}
    errors: dict[str, str] = {}
    fixed = [random_ids(tokens, _vocab_size(model)) for tokens in plan.lengths]
    memory_ids = random_ids(measure.MEMORY_TOKENS, _vocab_size(model))
    with measure.Running(python, errors) as running:
        for engine in engines:
            with running.reported(engine.name):
                folder, versions = prepared(engine, python, model, out / "engines", samples)
                row = rows[engine.name]
                row.update(versions=versions, file_bytes=file_bytes(folder))
                click.echo(f"starting {engine.name}", err=True)
                row.update(measure.startup(engine, python, folder, memory_ids, plan.processes))
                running.load(engine, folder)
        _latencies(running, rows, {each.name: each.longest for each in engines}, plan, fixed, mix)
    for name, reason in errors.items():
        rows[name]["error"] = reason
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "compare",
        "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "plan": dataclasses.asdict(plan),
        "model_sha256": model_sha256(model),
        "environment": {**machine(), **software(), "threads": 1},
        "mix": None,
        "reference": REFERENCE,
        "engines": rows,
        "verdicts": verdicts(rows),
    }


def _latencies(
    running: measure.Running,
    rows: dict[str, dict[str, Any]],
    limits: dict[str, int],
    plan: Plan,
    fixed: list[np.ndarray],
    mix: list[np.ndarray],
) -> None:
    click.echo("running in turns", err=True)
    raw, first, logits = measure.in_turns(running, fixed, plan.rounds)
    mix_raw, _, mix_logits = measure.in_turns(running, mix, plan.text_rounds)
    answers = {name: logits[name] + mix_logits[name] for name in mix_logits}
    used = {name: [ids.shape[1] <= limits[name] for ids in (*fixed, *mix)] for name in answers}
    off = measure.errors_of_logits(answers, REFERENCE, used)
    for name in mix_raw:
        row = rows[name]
        row["raw_ms"] = {str(tokens): values for tokens, values in zip(plan.lengths, raw[name])}
        row["first_ms"] = {str(tokens): values[0] for tokens, values in zip(plan.lengths, first[name])}
        row.update(mix_raw_ms=mix_raw[name], logits=off.get(name))


def _empty_row(engine: Engine) -> dict[str, Any]:
    return {"title": engine.title, "error": None, "versions": {}, "file_bytes": None}


def _random_model(out: Path, size: str) -> Path:
    """Made once: another one, of equal weights, would have every engine's files made again."""
    folder = out / f"random-{size}"
    return folder / "model" if (folder / "model").exists() else random_model(folder, size)


def _vocab_size(model: Path) -> int:
    return int(config_of(model)["vocab_size"])


def _engines(text: str) -> list[Engine]:
    unknown = [name for name in text.split(",") if name not in NAMES]
    if unknown:
        raise click.BadParameter(
            f"must be of {', '.join(NAMES)}; received {', '.join(unknown)}", param_hint="--engines"
        )
    return [engine for engine in ENGINES if engine.name in text.split(",")]


def _lengths(text: str, limit: int) -> tuple[int, ...]:
    try:
        lengths = tuple(int(each) for each in text.split(","))
    except ValueError:
        lengths = ()
    if not lengths or not all(2 <= each <= limit for each in lengths):
        raise click.BadParameter(f"must be numbers from 2 to {limit}; received {text!r}", param_hint="--lengths")
    return lengths


if __name__ == "__main__":
    try:
        main()
    except AlbertEdgeError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)

"""What the graph decides: size, memory, start and latency of ALBERT-base in both layouts.

    python -m benchmarks.graph --out graph.json

Random weights, as the time doesn't depend on them, and the schemes that need no calibration: what the other ones weigh
and cost is measured by `benchmarks.compression`, in the looped layout. All latencies come from one process in which the
files take turns, so that their ratios hold on a noisy machine; memory and start come from fresh processes. Prints a
Markdown table.
"""

import json
from pathlib import Path
from typing import Any

import click

import albert_edge
from albert_edge.files import atomic_write
from benchmarks.timing import LENGTHS, latencies, median, ratio

ROOT = Path(__file__).resolve().parent.parent
VOCABULARY = ROOT / "tests" / "golden" / "albert_spm" / "30k-clean.model"
SCHEMES = ("dynamic-range", "float16", "float32")
FIXED_LENGTH = 128


@click.command()
@click.option("--out", type=click.Path(dir_okay=False), required=True, help="JSON with every raw value.")
@click.option("--rounds", type=click.IntRange(3), default=30, show_default=True)
@click.option("--size", default="base", show_default=True)
def main(out: str, rounds: int, size: str) -> None:
    """Measure and print a table."""
    folder = Path(out).parent / f"graph-{size}"
    files = make_files(random_model(folder, size), folder)
    results = {name: describe(path) for name, path in files.items()}
    for name, raw_ms in latencies(files, rounds).items():
        results[name]["raw_ms"] = raw_ms
    atomic_write(out, json.dumps(results, indent=1).encode())
    print_table(results)


def random_model(folder: Path, size: str) -> Path:
    """A model folder of `size` with random weights, four labels and ALBERT's own vocabulary."""
    model = folder / "model"
    albert_edge.create(model, size=size, vocab=VOCABULARY, labels=["a", "b", "c", "d"], overwrite=True)
    return model


def make_files(model: Path, folder: Path) -> dict[str, Path]:
    files = {}
    for scheme in SCHEMES:
        for options in ({"layout": "looped"}, {"layout": "unrolled", "length": FIXED_LENGTH}):
            path = folder / f"{scheme}-{options['layout']}.tflite"
            albert_edge.convert(model, path, scheme=scheme, overwrite=True, **options)
            files[f"{scheme}, {options['layout']}"] = path
    return files


def describe(path: Path) -> dict[str, Any]:
    facts = albert_edge.inspect(path)
    measured = albert_edge.bench(path, lengths=[FIXED_LENGTH], runs=5)
    kept = ("load_ms", "open_ms", "rss_mb", "rss_above_runtime_mb", "environment")
    return {
        **{key: facts[key] for key in ("model_bytes", "weight_copies", "layout", "scheme")},
        **{key: measured[key] for key in kept},
    }


def print_table(results: dict[str, dict[str, Any]]) -> None:
    lengths = " | ".join(f"p50 ms at {tokens}" for tokens in LENGTHS)
    click.echo(f"| file | model MB | copies | load ms | open ms | RSS above runtime MB | {lengths} |")
    click.echo("| --- " * (6 + len(LENGTHS)) + "|")
    for name, row in results.items():
        times = " | ".join(f"{median(row['raw_ms'][str(tokens)]):.1f}" for tokens in LENGTHS)
        click.echo(
            f"| {name} | {row['model_bytes'] / 1e6:.2f} | {row['weight_copies']} | {row['load_ms']:.0f} | "
            f"{row['open_ms']:.0f} | {row['rss_above_runtime_mb']:.0f} | {times} |"
        )
    raw_ms = {name: row["raw_ms"] for name, row in results.items()}
    for scheme in SCHEMES:
        looped, unrolled = f"{scheme}, looped", f"{scheme}, unrolled"
        short = median(raw_ms[looped]["16"]) / median(raw_ms[looped][str(FIXED_LENGTH)])
        layouts = ratio(raw_ms, looped, unrolled, FIXED_LENGTH)
        click.echo(
            f"{scheme}: looped / unrolled at {FIXED_LENGTH} tokens {layouts:.3f}; 16 / 128 tokens looped {short:.3f}"
        )


if __name__ == "__main__":
    main()

"""What the graph decides: size, memory, start and latency of ALBERT-base in both layouts and every scheme.

    python benchmarks/graph.py --out graph.json

Random weights, as the time doesn't depend on them. All latencies come from one process in which the files take turns,
so that their ratios hold on a noisy machine; memory and start come from fresh processes. Prints a Markdown table.
"""

import contextlib
import json
from pathlib import Path

import click

import albert_edge
from albert_edge.files import atomic_write
from albert_edge.harness.latency import interleave, quantile
from albert_edge.runtime import open_session
from converters.schemes import SCHEMES

ROOT = Path(__file__).resolve().parent.parent
VOCABULARY = ROOT / "tests" / "golden" / "albert_spm" / "30k-clean.model"
LENGTHS = (16, 64, 128)
FIXED_LENGTH = 128


@click.command()
@click.option("--out", type=click.Path(dir_okay=False), required=True, help="JSON with every raw value.")
@click.option("--rounds", type=click.IntRange(3), default=30, show_default=True)
@click.option("--size", default="base", show_default=True)
def main(out: str, rounds: int, size: str) -> None:
    """Measure and print a table."""
    folder = Path(out).parent / f"graph-{size}"
    files = make_files(folder, size)
    results = {name: describe(path) for name, path in files.items()}
    for name, raw_ms in latencies(files, rounds).items():
        results[name]["raw_ms"] = raw_ms
    atomic_write(out, json.dumps(results, indent=1).encode())
    print_table(results)


def make_files(folder: Path, size: str) -> dict[str, Path]:
    model = folder / "model"
    albert_edge.create(model, size=size, vocab=VOCABULARY, labels=["a", "b", "c", "d"], overwrite=True)
    files = {}
    for scheme in SCHEMES:
        for options in ({"layout": "looped"}, {"layout": "unrolled", "length": FIXED_LENGTH}):
            path = folder / f"{scheme}-{options['layout']}.tflite"
            albert_edge.convert(model, path, scheme=scheme, overwrite=True, **options)
            files[f"{scheme}, {options['layout']}"] = path
    return files


def describe(path: Path) -> dict:
    facts = albert_edge.inspect(path)
    measured = albert_edge.bench(path, lengths=[FIXED_LENGTH], runs=5)
    kept = ("load_ms", "open_ms", "rss_mb", "rss_above_runtime_mb", "environment")
    return {
        **{key: facts[key] for key in ("model_bytes", "weight_copies", "layout", "scheme")},
        **{key: measured[key] for key in kept},
    }


def latencies(files: dict[str, Path], rounds: int) -> dict[str, dict[int, list[float]]]:
    raw_ms: dict[str, dict[int, list[float]]] = {name: {} for name in files}
    with contextlib.ExitStack() as stack:
        sessions = {name: stack.enter_context(open_session(path)) for name, path in files.items()}
        for tokens in LENGTHS:
            for name, values in interleave(sessions, tokens, rounds).items():
                raw_ms[name][tokens] = values
    return raw_ms


def print_table(results: dict) -> None:
    lengths = " | ".join(f"p50 ms at {tokens}" for tokens in LENGTHS)
    click.echo(f"| file | model MB | copies | load ms | open ms | RSS above runtime MB | {lengths} |")
    click.echo("| --- " * (6 + len(LENGTHS)) + "|")
    for name, row in results.items():
        times = " | ".join(f"{quantile(row['raw_ms'][tokens], 0.5):.1f}" for tokens in LENGTHS)
        click.echo(
            f"| {name} | {row['model_bytes'] / 1e6:.2f} | {row['weight_copies']} | {row['load_ms']:.0f} | "
            f"{row['open_ms']:.0f} | {row['rss_above_runtime_mb']:.0f} | {times} |"
        )
    for scheme in SCHEMES:
        looped, unrolled = (results[f"{scheme}, {layout}"]["raw_ms"] for layout in ("looped", "unrolled"))
        pairs = zip(looped[FIXED_LENGTH], unrolled[FIXED_LENGTH])
        ratio = quantile(sorted(a / b for a, b in pairs), 0.5)
        short = quantile(looped[16], 0.5) / quantile(looped[FIXED_LENGTH], 0.5)
        click.echo(
            f"{scheme}: looped / unrolled at {FIXED_LENGTH} tokens {ratio:.3f}; 16 / 128 tokens looped {short:.3f}"
        )


if __name__ == "__main__":
    main()

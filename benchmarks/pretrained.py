"""What pretraining is worth: the same shape fine-tuned from a pretrained folder and from random weights.

    python -m benchmarks.pretrained --folder mini-en/ --data DATA --out pretrained.json

DATA has `sst2` (all of train) and `ag_news` (the first 500 rows of train, shuffled as published, and all of dev). Both
sides have one shape, one vocabulary, three seeds and the settings of the demo's fine-tuning; the best epoch is chosen
on dev, for both. Random weights start with word vectors of the training texts besides, and may have more epochs: the
defaults of `albert-edge train`. Prints a Markdown table.
"""

import json
import statistics
from pathlib import Path
from typing import Any

import click

import albert_edge
from albert_edge.files import atomic_write
from albert_edge.training.reporting import TerminalReporter
from benchmarks.tasks import columns
from converters.demo import FINE_TUNING

SETS: dict[str, dict[str, Any]] = {
    "sst2": {"header": "label\ttext", "chosen": (0, 1), "rows": None, "max_length": 64, "epochs": 3},
    "ag_news": {"header": "text\tlabel", "chosen": (0, 1), "rows": 500, "max_length": 128, "epochs": 20},
}
"""Name -> its columns, rows of train, tokens of an input, and epochs of what is pretrained."""

STARTS = ("pretrained", "random")


@click.command()
@click.option("--folder", required=True, type=click.Path(exists=True, file_okay=False), help="The pretrained model.")
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False), help="Folder with the sets.")
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="JSON with every figure; goes on with it.")
@click.option("--only", multiple=True, type=click.Choice(list(SETS)), help="Some of the sets.  [default: all]")
@click.option("--seeds", default=3, show_default=True)
def main(folder: str, data: str, out: str, only: tuple[str, ...], seeds: int) -> None:
    """Train from both starts with each seed; print a table."""
    path = Path(out)
    results: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    for name in only or SETS:
        for seed in range(1, seeds + 1):
            for start in STARTS:
                key = f"{name}/{start}/{seed}"
                if key not in results:
                    results[key] = accuracy(name, start, seed, Path(folder), Path(data), path.parent)
                    atomic_write(path, json.dumps(results, indent=1).encode())
    print_table(results, list(only or SETS), seeds)


def accuracy(name: str, start: str, seed: int, folder: Path, data: Path, work: Path) -> float:
    """Percent of dev that a model is right about, fine-tuned from `folder` or from random weights of its shape."""
    chosen = SETS[name]
    files = [prepared(name, part, data, work) for part in ("train", "dev")]
    beginning: dict[str, Any] = {"from_": folder, "epochs": chosen["epochs"]}
    if start == "random":
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        beginning = {"size": "mini", "layers": config["num_hidden_layers"], "vocab": folder}
    report = albert_edge.train(
        "text-classification",
        *files,
        work / f"{name}-{start}-{seed}",
        max_length=chosen["max_length"],
        seed=seed,
        overwrite=True,
        reporter=TerminalReporter(),
        # Random weights too: at 0.001, their default, six layers of 256 may learn nothing.
        **FINE_TUNING,
        **beginning,
    )
    return 100 * float(report["dev"]["accuracy"])


def prepared(name: str, part: str, data: Path, work: Path) -> Path:
    chosen = SETS[name]
    target = columns(data / name / f"{part}.tsv", work / f"{name}-{part}.tsv", chosen["header"], chosen["chosen"], 1)
    if part == "train" and chosen["rows"]:
        lines = target.read_text(encoding="utf-8").splitlines()
        target.write_text("\n".join(lines[: chosen["rows"] + 1]) + "\n", encoding="utf-8")
    return target


def print_table(results: dict[str, float], names: list[str], seeds: int) -> None:
    click.echo("| set | start | accuracy of each seed, % | mean | above random |")
    click.echo("| --- " * 5 + "|")
    for name in names:
        found = {start: [results[f"{name}/{start}/{seed + 1}"] for seed in range(seeds)] for start in STARTS}
        means = {start: statistics.mean(values) for start, values in found.items()}
        for start, values in found.items():
            above = f"{means[start] - means['random']:+.1f}"
            each = ", ".join(f"{value:.1f}" for value in values)
            click.echo(f"| {name} | {start} | {each} | {means[start]:.1f} | {above} |")


if __name__ == "__main__":
    main()

"""What a classifier forgets when it learns new labels, and what replay and its old answers hold up.

    python -m benchmarks.forgetting --out forgetting.json

`examples/topics` in two halves: a model of size tiny learns the first five topics, then goes on with the other five
(`--keep-labels`), once for each way below and each seed. Prints a Markdown table of both halves' accuracy: of the old
topics before and after, and of the new ones after.
"""

import csv
import json
import statistics
from pathlib import Path
from typing import Any

import click

import albert_edge
from albert_edge.files import atomic_write
from albert_edge.training.reporting import TerminalReporter
from converters.demo import TOPICS

WAYS: dict[str, dict[str, Any]] = {
    "new data alone": {},
    "replay of old data, 0.2 of the inputs": {"replay": "old-train.tsv"},
    "the old model as teacher": {"teacher": "model"},
    "both": {"replay": "old-train.tsv", "teacher": "model"},
}
"""Way -> arguments of `albert_edge.train`, files and folders beside each other."""

GOING_ON = {"epochs": 5, "learning_rate": 5e-4, "word_dropout": 0.3}
"""For all ways alike: what the small model needs to learn five labels more."""


@click.command()
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="JSON with every figure; goes on with it.")
@click.option("--seeds", default=3, show_default=True)
def main(out: str, seeds: int) -> None:
    """Train with each seed in each way; print a table."""
    path = Path(out)
    results: dict[str, dict[str, float]] = json.loads(path.read_text()) if path.exists() else {}
    folder = path.parent / "forgetting"
    write_halves(folder)
    for seed in range(1, seeds + 1):
        for way, arguments in WAYS.items():
            if f"{way}/{seed}" not in results:
                results[f"{way}/{seed}"] = went_on(folder / str(seed), folder, arguments, seed)
                atomic_write(path, json.dumps(results, indent=1).encode())
    print_table(results, seeds)


def write_halves(folder: Path) -> None:
    """`old-` and `new-` `train.tsv`, `dev.tsv` and `test.tsv`: the first five topics by name, and the others."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "dev", "test"):
        with (TOPICS / f"{part}.tsv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        topics = sorted({row["label"] for row in rows})
        for half, chosen in (("old", topics[:5]), ("new", topics[5:])):
            lines = [f"{row['text']}\t{row['label']}" for row in rows if row["label"] in chosen]
            (folder / f"{half}-{part}.tsv").write_text("\n".join(["text\tlabel", *lines]) + "\n", encoding="utf-8")


def went_on(work: Path, folder: Path, arguments: dict[str, str], seed: int) -> dict[str, float]:
    """Percent of each half's test set that a model is right about, which learnt the old half, then the new one."""
    old, reporter = work / "model", TerminalReporter()
    places = {"old-train.tsv": folder / "old-train.tsv", "model": old}
    if not old.exists():
        parts = [folder / f"old-{part}.tsv" for part in ("train", "dev")]
        albert_edge.train("text-classification", *parts, old, size="tiny", seed=seed, reporter=reporter)
    report = albert_edge.train(
        "text-classification",
        folder / "new-train.tsv",
        folder / "new-dev.tsv",
        work / "further",
        from_=old,
        keep_labels=True,
        old_dev=folder / "old-test.tsv",
        seed=seed,
        overwrite=True,
        reporter=reporter,
        **GOING_ON,
        **{name: places[value] for name, value in arguments.items()},
    )
    accuracy = report["forgotten"]["change"]["accuracy"]
    new = albert_edge.evaluate(work / "further", folder / "new-test.tsv")["accuracy"]
    return {"before": 100 * accuracy["before"], "after": 100 * accuracy["after"], "new": 100 * new}


def print_table(results: dict[str, dict[str, float]], seeds: int) -> None:
    click.echo("| going on with | old topics before, % | after, % | new topics, % |")
    click.echo("| --- " * 4 + "|")
    for way in WAYS:
        found = [results[f"{way}/{seed + 1}"] for seed in range(seeds)]
        columns = [
            f"{statistics.mean(values):.1f} ({', '.join(f'{value:.1f}' for value in values)})"
            for values in ([each[name] for each in found] for name in ("before", "after", "new"))
        ]
        click.echo(f"| {way} | {' | '.join(columns)} |")


if __name__ == "__main__":
    main()

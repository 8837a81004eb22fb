"""What small models learn on public data sets, and what conversion leaves of it.

    python -m benchmarks.tasks --data DATA --out tasks.json --only sst2

DATA is a folder with the sets named below, each as it is published. A set is trained with the defaults of
`albert-edge train` but for the options shown here, scored by Keras, converted as dynamic-range, scored again by the
device's own code, and set beside a bag of words where that can do the task. Prints a Markdown table. `--from` starts
from a pretrained folder, with the settings of the demo's fine-tuning, in place of random weights.
"""

import json
import time
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

import click

import albert_edge
from albert_edge.files import atomic_write
from albert_edge.training.reporting import TerminalReporter
from converters.baseline import tfidf_accuracy, tfidf_similarity
from converters.demo import FINE_TUNING


class Files(NamedTuple):
    """What `albert-edge train` reads."""

    train: Path
    dev: Path


class DataSet(NamedTuple):
    """One data set and how a model is trained on it."""

    task: str
    prepare: Callable[[Path, Path], Files]
    """The set's folder and a folder for rewritten files -> the files to train on."""
    size: str
    """Of the random weights."""
    options: dict[str, Any]
    metrics: tuple[str, ...]
    """Keys of `albert_edge.evaluate`."""
    baseline: Optional[Callable[[Files], float]] = None
    """The first metric, of a bag of words."""


# === Files: the columns that a task reads, under the names that it reads them by ===


def columns(source: Path, target: Path, header: str, chosen: tuple[int, ...], skip: int = 0) -> Path:
    """Write the `chosen` columns of a tab-separated file, its first `skip` lines left out, under `header`."""
    rows = [line.split("\t") for line in source.read_text(encoding="utf-8").splitlines()[skip:]]
    lines = ["\t".join(row[column] for column in chosen) for row in rows]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return target


def tables(suffix: str, header: str, chosen: tuple[int, ...], skip: int = 0) -> Callable[[Path, Path], Files]:
    def prepare(source: Path, folder: Path) -> Files:
        names = ("train", "dev")
        return Files(*(columns(source / f"{n}{suffix}", folder / f"{n}.tsv", header, chosen, skip) for n in names))

    return prepare


DATA_SETS = {
    "sst2": DataSet(
        "text-classification",
        tables(".tsv", "label\ttext", (0, 1), skip=1),
        "tiny",
        {"max_length": 64},
        ("accuracy",),
        lambda files: tfidf_accuracy(files.train, files.dev),
    ),
    "thucnews": DataSet(
        "text-classification",
        tables(".txt", "text\tlabel", (0, 1)),
        "tiny",
        {"max_length": 64},
        ("accuracy",),
        lambda files: tfidf_accuracy(files.train, files.dev, analyzer="char"),
    ),
    "stsb": DataSet(
        "text-classification",
        tables(".tsv", "text\ttext_pair\tlabel", (7, 8, 9)),
        "tiny",
        {"problem_type": "regression"},
        ("pearson", "spearman"),
        lambda files: tfidf_similarity(files.train, files.dev),
    ),
    "wnut17": DataSet(
        "token-classification",
        lambda source, _: Files(source / "wnut17train.conll", source / "emerging.dev.conll"),
        "mini",
        {},
        ("f1", "precision", "recall"),
    ),
}


@click.command()
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False), help="Folder with the sets.")
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="JSON with every figure.")
@click.option("--only", multiple=True, type=click.Choice(list(DATA_SETS)), help="Some of the sets.  [default: all]")
@click.option("--from", "from_", type=click.Path(exists=True, file_okay=False), help="A pretrained model.")
@click.option("--seed", default=1, show_default=True)
def main(data: str, out: str, only: tuple[str, ...], from_: Optional[str], seed: int) -> None:
    """Train, score, convert and score again; print a table."""
    results = {}
    for name in only or DATA_SETS:
        start = {"from_": from_, **FINE_TUNING} if from_ else {"size": DATA_SETS[name].size}
        folder = Path(out).parent / f"tasks-{name}"
        results[name] = measure(DATA_SETS[name], Path(data) / name, folder, {"seed": seed, **start})
        atomic_write(out, json.dumps(results, indent=1).encode())
    print_table(results)


def measure(data_set: DataSet, source: Path, folder: Path, start: dict[str, Any]) -> dict[str, Any]:
    files = data_set.prepare(source, folder)
    model, file = folder / "model", folder / "model.tflite"
    started = time.perf_counter()
    albert_edge.train(
        data_set.task,
        files.train,
        files.dev,
        model,
        overwrite=True,
        reporter=TerminalReporter(),
        **data_set.options,
        **start,
    )
    seconds = time.perf_counter() - started
    converted = albert_edge.convert(model, file, overwrite=True)
    keras, device = (albert_edge.evaluate(path, files.dev) for path in (model, file))
    return {
        "task": data_set.task,
        "options": {**data_set.options, **start},
        "train_seconds": seconds,
        "file_bytes": converted["file_bytes"],
        "metrics": data_set.metrics,
        "keras": keras,
        "device": device,
        "baseline": data_set.baseline(files) if data_set.baseline else None,
    }


def print_table(results: dict[str, dict[str, Any]]) -> None:
    click.echo("| set | metric | bag of words | Keras | dynamic-range | file MB | training min |")
    click.echo("| --- " * 7 + "|")
    for name, row in results.items():
        for index, metric in enumerate(row["metrics"]):
            baseline = "" if index or row["baseline"] is None else f"{row['baseline']:.3f}"
            click.echo(
                f"| {name} | {metric} | {baseline} | {row['keras'][metric]:.3f} | {row['device'][metric]:.3f} | "
                f"{row['file_bytes'] / 1e6:.2f} | {row['train_seconds'] / 60:.1f} |"
            )


if __name__ == "__main__":
    main()

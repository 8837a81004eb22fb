"""What pretraining is worth: the same shape fine-tuned from a pretrained folder and from random weights.

    python -m benchmarks.pretrained --folder mini-en/ --data DATA --out pretrained.json

DATA has `sst2` (all of train) and `ag_news` (the first 500 rows of train, shuffled as published, and all of dev). All
starts have one shape, one vocabulary, three seeds and the same settings, and each the best epoch on dev. `random` is
what no text has touched; `word-vectors` is that with word vectors of the training texts, as `train --size` has them;
both may have more epochs. `adapted` is `pretrained` that went on with its pretraining on the texts of the training rows
(`albert-edge adapt`). Beside them TF-IDF with logistic regression. Prints a Markdown table.
"""

import functools
import json
import statistics
from pathlib import Path
from typing import Any, Callable, Sequence

import click

import albert_edge
from albert_edge.files import atomic_write, file_sha256
from albert_edge.model.checkpoint import WEIGHTS_FILE
from albert_edge.text.tables import read_examples
from albert_edge.training.corpus.settings import AS_IT_IS
from albert_edge.training.reporting import TerminalReporter
from benchmarks.tasks import columns
from converters.baseline import tfidf_accuracy
from converters.demo import FINE_TUNING

SETS: dict[str, dict[str, Any]] = {
    "sst2": {
        "header": "label\ttext",
        "chosen": (0, 1),
        "rows": None,
        "max_length": 64,
        "settings": {"batch_size": 64, "epochs": 2},
        "random": {"dropout": 0.0},  # as the pretrained encoder's config says
        "adaptation": {"steps": 600, "batch_size": 64, "lengths": "32"},  # a phrase has 12 pieces in the mean
    },
    "ag_news": {
        "header": "text\tlabel",
        "chosen": (0, 1),
        "rows": 500,
        "max_length": 128,
        "settings": {"dropout": 0.2, "word_dropout": 0.3, "epochs": 20},
        "random": {"epochs": 40},
        "adaptation": {"steps": 600, "batch_size": 16},  # sees the texts of 500 rows of news 20 times
    },
}
"""Name -> its columns, rows of train, tokens of an input, settings, others where the weights are random, and those of
the adaptation."""

RANDOM_STARTS = ("random", "word-vectors")
STARTS = (*RANDOM_STARTS, "pretrained", "adapted")
ADAPTATION = {"learning_rate": 5e-4, "pair_objective": "none", "jit": True}
"""On texts without a second passage."""
CORPUS: dict[str, Any] = {**AS_IT_IS, "near_duplicates": 0, "overwrite": True}
"""Every text, however short or like another."""


@click.command()
@click.option("--folder", required=True, type=click.Path(exists=True, file_okay=False), help="The pretrained model.")
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False), help="Folder with the sets.")
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="JSON with every figure; goes on with it.")
@click.option("--only", multiple=True, type=click.Choice(list(SETS)), help="Some of the sets.  [default: all]")
@click.option("--start", "starts", multiple=True, type=click.Choice(STARTS), help="Some of them.  [default: all]")
@click.option("--seeds", default=3, show_default=True)
def main(folder: str, data: str, out: str, only: tuple[str, ...], starts: tuple[str, ...], seeds: int) -> None:
    """Train from each start with each seed; print a table."""
    path, names, start_sha256 = Path(out), list(only or SETS), file_sha256(Path(folder) / WEIGHTS_FILE)
    stored: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"folder_sha256": start_sha256}
    if stored.get("folder_sha256") != start_sha256:
        raise click.UsageError(f"--out must be of a run with the same weights; received {path}")
    results: dict[str, float] = stored.setdefault("accuracy_percent", {})

    def keep(key: str, score: Callable[[], float]) -> None:
        if key not in results:
            results[key] = 100 * score()
            atomic_write(path, json.dumps(stored, indent=1).encode())

    for name in names:
        files = [prepared(name, part, Path(data), path.parent) for part in ("train", "dev")]
        keep(f"{name}/tf-idf", functools.partial(tfidf_accuracy, *files))
        for seed in range(1, seeds + 1):
            for start in starts or STARTS:
                keep(f"{name}/{start}/{seed}", functools.partial(accuracy, name, start, seed, Path(folder), files))
    print_table(results, names)


def accuracy(name: str, start: str, seed: int, folder: Path, files: Sequence[Path]) -> float:
    """The share of dev that a model is right about, fine-tuned from `start`; `files` are train and dev."""
    chosen, work = SETS[name], files[0].parent
    settings: dict[str, Any] = {**FINE_TUNING, **chosen["settings"]}
    if start in RANDOM_STARTS:
        layers = json.loads((folder / "config.json").read_text(encoding="utf-8"))["num_hidden_layers"]
        settings |= {"size": "mini", "layers": layers, "vocab": folder, "word_vectors": start == "word-vectors"}
        settings |= chosen["random"]
    else:
        settings["from_"] = folder if start == "pretrained" else adapted(name, folder, files[0])
    report = albert_edge.train(
        "text-classification",
        *files,
        work / f"{name}-{start}-{seed}",
        max_length=chosen["max_length"],
        seed=seed,
        overwrite=True,
        reporter=TerminalReporter(),
        **settings,
    )
    return float(report["dev"]["accuracy"])


def adapted(name: str, folder: Path, train: Path) -> Path:
    """A folder that went on from `folder` with the texts of `train`, made unless it is there."""
    of = file_sha256(folder / WEIGHTS_FILE)[:12]
    out, text = train.parent / f"{name}-adapted-{of}", train.parent / f"{name}.txt"
    if not out.exists():
        texts = dict.fromkeys(example.text for example in read_examples(train))
        atomic_write(text, "\n\n".join(texts).encode())
        corpus = albert_edge.build_corpus([text], folder, train.parent / f"{name}-corpus", **CORPUS)["train"]
        settings = {**ADAPTATION, **SETS[name]["adaptation"]}
        albert_edge.adapt(folder, corpus.folder, out, reporter=TerminalReporter(), **settings)
    return out


def prepared(name: str, part: str, data: Path, work: Path) -> Path:
    chosen = SETS[name]
    target = columns(data / name / f"{part}.tsv", work / f"{name}-{part}.tsv", chosen["header"], chosen["chosen"], 1)
    if part == "train" and chosen["rows"]:
        lines = target.read_text(encoding="utf-8").splitlines()
        target.write_text("\n".join(lines[: chosen["rows"] + 1]) + "\n", encoding="utf-8")
    return target


def print_table(results: dict[str, float], names: list[str]) -> None:
    above_each = [f"above {start}" for start in RANDOM_STARTS]
    click.echo(f"| set | start | accuracy of each seed, % | mean | {' | '.join(above_each)} |")
    click.echo("| --- " * (4 + len(above_each)) + "|")
    for name in names:
        click.echo(f"| {name} | TF-IDF | {results[f'{name}/tf-idf']:.1f} |" + " |" * (1 + len(above_each)))
        found = {start: [results[key] for key in sorted(results) if f"{name}/{start}/" in key] for start in STARTS}
        means = {start: statistics.mean(values) for start, values in found.items() if values}
        for start, mean in means.items():
            above = (f"{mean - means[other]:+.1f}" if other in means else "" for other in RANDOM_STARTS)
            seeds = ", ".join(f"{value:.1f}" for value in found[start])
            click.echo(f"| {name} | {start} | {seeds} | {mean:.1f} | {' | '.join(above)} |")


if __name__ == "__main__":
    main()

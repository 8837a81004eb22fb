"""Makes the models that the sample app carries, in `android_demo/app/src/main/assets`.

    python android_demo/models/make.py [--out out/android-models] [topics entities answers topics_exit]

    topics.tflite        text-classification: the file of examples/topics
    topics_exit.tflite   the same topics, of a model that stops once it is sure
    entities.tflite      token-classification: people, places, organisations, dates
    answers.tflite       question-answering over short passages, with questions that have no answer

The tagger and the answerer learn from texts that `entities.py` and `answers.py` put together from templates; each is
measured on held-out texts with other templates and other names, and its card, beside this script, says how well it did.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import answers
import entities

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
ASSETS = ROOT / "android_demo" / "app" / "src" / "main" / "assets"
TOPICS = ROOT / "examples" / "topics"
# What runs on Android 2.16.1, Linux and a Raspberry Pi alike.
TARGETS = ("--target", "litert", "--target", "tflite-runtime==2.14.0", "--licence", "Apache-2.0", "--overwrite")
LARGEST = 2_000_000
ROWS = {"dev": 600, "test": 1_000, "names": 1_000}
LEARNING = ("--batch-size", "32", "--max-length", "128", "--threads", "1", "--overwrite")
# Name -> task, generator of texts, how many of them, settings of the training.
LEARNT = {
    "entities": (
        "token-classification",
        entities,
        20_000,
        "--size tiny --layers 3 --vocab-size 3000 --epochs 4 --dropout 0.1 --class-weights none",
    ),
    "answers": (
        "question-answering",
        answers,
        30_000,
        "--size tiny --layers 3 --vocab-size 2500 --epochs 6 --patience 6 --dropout 0.05 --word-dropout 0",
    ),
}
LIMITS = """
## Held out

Texts of the generator with other templates and other names than the training's, {rows}, through the file itself:

{test}

With the training's templates and other names, as many:

{names}

## Learnt from templates

All texts of the training were put together by android_demo/models/{name}.py: it shows an app at work and is no judge of
real texts. Sentences of other forms than its templates' it often gets wrong; measure before you rely on it, or train on
texts of your own.
"""


def albert_edge(*arguments: object) -> str:
    """What a command prints; the script ends if it fails."""
    command = [sys.executable, "-m", "albert_edge", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with exit code {done.returncode}")
    return done.stdout


def write_rows(name: str, part: str, path: Path) -> None:
    """Labelled texts, one a line in JSON."""
    _, generator, count, _ = LEARNT[name]
    rows = generator.examples(part, count if part == "train" else ROWS[part])
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def learn(name: str, out: Path) -> None:
    """Texts, training, file, card."""
    task, _, _, settings = LEARNT[name]
    for part in ("train", "dev"):
        write_rows(name, part, out / f"{name}-{part}.jsonl")
    files = ("--train", out / f"{name}-train.jsonl", "--dev", out / f"{name}-dev.jsonl", "--out", out / name)
    albert_edge("train", task, *files, *settings.split(), *LEARNING)
    convert(name, out)


def convert(name: str, out: Path) -> None:
    """The trained folder `out/name` as an asset, with its card."""
    path = out / f"{name}.tflite"
    albert_edge("convert", out / name, path, *TARGETS)
    shutil.copyfile(path, ASSETS / path.name)
    tables = {}
    for part in ("test", "names"):
        write_rows(name, part, out / f"{name}-{part}.jsonl")
        tables[part] = table(
            json.loads(albert_edge("evaluate", path, "--data", out / f"{name}-{part}.jsonl", "--json"))
        )
    text = albert_edge("card", path)
    more = LIMITS.format(rows=f"{ROWS['test']:,}", name=name, **tables)
    (HERE / f"{name}.card.md").write_text(text.rstrip("\n") + "\n" + more, encoding="utf-8")


def table(figures: dict) -> str:
    """The report's scores as rows of Markdown; SQuAD's are percentages as they are."""
    if "per_type" in figures:
        scores = {"all": figures, **figures["per_type"]}
        heads = ("precision", "recall", "f1")
        rows = {kind: [f"{each[head]:.1%}" for head in heads] for kind, each in scores.items()}
    else:
        heads = ("exact match", "f1", "questions")
        parts = {"all": ("exact_match", "f1", "total")}
        parts.update({f"{part}": (f"{part}_exact", f"{part}_f1", f"{part}_total") for part in ("HasAns", "NoAns")})
        rows = {part: [f"{figures[key]:.4g}" for key in keys] for part, keys in parts.items()}
    lines = [f"| {' | '.join([kind, *cells])} |" for kind, cells in rows.items()]
    return "\n".join([f"| | {' | '.join(heads)} |", f"|{' --- |' * (1 + len(heads))}", *lines])


def topics(_: Path) -> None:
    """The file that the examples have."""
    shutil.copyfile(TOPICS / "topics.tflite", ASSETS / "topics.tflite")


def topics_exit(out: Path) -> None:
    """A deeper model that stops at a confidence of 0.9."""
    data = ("--train", TOPICS / "train.tsv", "--dev", TOPICS / "dev.tsv", "--out", out / "topics_exit")
    shape = ("--size", "tiny", "--layers", "4", "--vocab-size", "4000", "--epochs", "15", "--multi-exit")
    albert_edge("train", "text-classification", *data, *shape, "--threads", "1", "--overwrite")
    convert_exit(out)


def convert_exit(out: Path) -> None:
    """The trained folder `out/topics_exit` as an asset, with its card.

    Calibrated on the development data it would always stop behind the first layer, which answers nearly as well as the
    last: right, but nothing to look at.
    """
    path = out / "topics_exit.tflite"
    albert_edge("convert", out / "topics_exit", path, "--exit", "entropy", "--exit-threshold", "0.9", *TARGETS)
    shutil.copyfile(path, ASSETS / path.name)
    found = json.loads(albert_edge("evaluate", path, "--data", TOPICS / "test.tsv", "--json"))
    more = f"test.tsv: accuracy {found['accuracy']:.1%}, on average {found['mean_depth']:.2f} of 4 layers."
    text = albert_edge("card", path).rstrip("\n")
    (HERE / "topics_exit.card.md").write_text(f"{text}\n\n## Held out\n\n{more}\n", encoding="utf-8")


MAKERS = {
    "topics": topics,
    "topics_exit": topics_exit,
    "entities": lambda out: learn("entities", out),
    "answers": lambda out: learn("answers", out),
}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "android-models", help="for texts and folders")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MAKERS)}; all if none is given")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(MAKERS)
    if unknown:
        parser.error(f"a name must be one of {', '.join(MAKERS)}; received {', '.join(sorted(unknown))}")
    for folder in (chosen.out, ASSETS):
        folder.mkdir(parents=True, exist_ok=True)
    for name in chosen.names or MAKERS:
        MAKERS[name](chosen.out.resolve())
        size = (ASSETS / f"{name}.tflite").stat().st_size
        if size >= LARGEST:
            sys.exit(f"{name}.tflite must be below {LARGEST:,} bytes; received {size:,}")
        print(f"{name}.tflite  {size:,} bytes")


if __name__ == "__main__":
    main()

"""Public `demo`: the whole way once, from sentences to a label out of a process without TensorFlow, with its figures.

Fine-tune the project's model of English on `examples/topics` (or the user's own files), convert it as float32 and as
dynamic-range, compare both with Keras, score and measure them, set them beside TF-IDF with logistic regression, and
classify a sentence.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

import albert_edge
from albert_edge.errors import CheckFailedError, DataError
from albert_edge.files import PathLike
from albert_edge.text.tables import read_examples
from albert_edge.training.reporting import Reporter
from converters.baseline import tfidf_accuracy
from converters.targets import installed_targets

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
"""In a checkout, not in an installed package."""
TOPICS, MINI_EN = EXAMPLES / "topics", EXAMPLES / "mini_en" / "albert-edge-mini-en"
"""The embedded data set, and the pretrained model."""
FINE_TUNING = {"learning_rate": 5e-4, "word_dropout": 0.1}
"""A narrow model learns in larger steps than ALBERT-base. Much of both dropouts, which random weights need, takes it
several epochs longer."""
EPOCHS = 5

SENTENCE = "Oil prices rise as producers agree to pump less from January."

_TOKENS = 32
_SCHEMES = ("float32", "dynamic-range")

# Run in a process of its own, as a device would: what it imported is part of its answer.
_PREDICT = """
import json, sys
import albert_edge
prediction = albert_edge.load(sys.argv[1]).predict(sys.argv[2])
print(json.dumps({**prediction.to_dict(), "tensorflow_imported": "tensorflow" in sys.modules}))
"""


def demo(
    out: PathLike,
    data: Optional[PathLike] = None,
    *,
    size: Optional[str] = None,
    seed: int = 1,
    overwrite: bool = False,
    reporter: Optional[Reporter] = None,
) -> dict[str, Any]:
    """Run every stage once and return the figures of each.

    Args:
      out: a folder for the model (`model/`) and the files (`float32.tflite`, `dynamic-range.tflite`).
      data: a folder with `train.tsv`, `dev.tsv` and, if there is one, `test.tsv`; None takes `examples/topics`.
      size: as in `albert_edge.sizes`, of a model from random weights; None fine-tunes `examples/mini_en`.
      seed: of the training.
      overwrite: whether results of an earlier run in `out` may be replaced.
      reporter: hears of each stage and of the training's steps.

    Returns `examples`, `baseline_accuracy`, `keras_accuracy`, `rows` (one for each file: `scheme`, `file_bytes`,
    `accuracy`, `agreement` with Keras, `p50_ms` at `tokens` tokens, `rss_mb`), `prediction` and `tensorflow_imported`.
    Raises `CheckFailedError` if a file isn't what Keras says or the last process imported TensorFlow.
    """
    reporter = reporter or Reporter()
    train, dev, test = _data_files(Path(TOPICS if data is None else data))
    start = _start(size)
    folder, model = Path(out), Path(out) / "model"

    reporter.note(f"1. training {f'size {size}' if size else MINI_EN.name} on {train.name}")
    albert_edge.train(
        "text-classification", train, dev, model, seed=seed, overwrite=overwrite, reporter=reporter, **start
    )
    reporter.note(f"2. scoring Keras, and TF-IDF with logistic regression, on {test.name}")
    keras_accuracy = albert_edge.evaluate(model, test)["accuracy"]
    baseline_accuracy = tfidf_accuracy(train, test)
    rows = [_row(scheme, model, folder, test, overwrite, reporter) for scheme in _SCHEMES]
    reporter.note("5. classifying a sentence in a process without TensorFlow")
    prediction = _predict_elsewhere(
        folder / f"{_SCHEMES[-1]}.tflite", read_examples(test)[0].text if data else SENTENCE
    )
    return {
        "examples": len(read_examples(test)),
        "baseline_accuracy": baseline_accuracy,
        "keras_accuracy": keras_accuracy,
        "tokens": _TOKENS,
        "rows": rows,
        "tensorflow_imported": prediction.pop("tensorflow_imported"),
        "prediction": prediction,
    }


def _data_files(folder: Path) -> tuple[Path, Path, Path]:
    """train.tsv, dev.tsv, and test.tsv or else dev.tsv again."""
    train, dev, test = (folder / f"{name}.tsv" for name in ("train", "dev", "test"))
    for path in (train, dev):
        if not path.is_file():
            raise DataError(
                f"the demo's data must be a folder with train.tsv and dev.tsv (--data; examples/topics in a checkout); "
                f"received no {str(path)!r}"
            )
    return train, dev, test if test.is_file() else dev


def _start(size: Optional[str]) -> dict[str, Any]:
    """What to train from, as arguments of `albert_edge.train`."""
    if size is not None:
        return {"size": size}
    if not MINI_EN.is_dir():
        raise DataError(f"without --size the demo starts from examples/mini_en of a checkout; received no {MINI_EN}")
    return {"from_": MINI_EN, "epochs": EPOCHS, **FINE_TUNING}


def _row(scheme: str, model: Path, folder: Path, test: Path, overwrite: bool, reporter: Reporter) -> dict[str, Any]:
    """Convert with `scheme`, compare with Keras, score and measure."""
    path = folder / f"{scheme}.tflite"
    targets = [target.label for target in installed_targets()]
    reporter.note(f"3. {scheme}: converting for {', '.join(targets)}")
    converted = albert_edge.convert(model, path, scheme=scheme, targets=targets, overwrite=overwrite)
    reporter.note(f"4. {scheme}: comparing with Keras on {test.name}, scoring, measuring")
    verified = albert_edge.verify(path, model, test)
    if verified["failures"]:
        raise CheckFailedError(f"{path}: {verified['failures'][0]}")
    measured = albert_edge.bench(path, lengths=[_TOKENS])
    return {
        "scheme": scheme,
        "file_bytes": converted["file_bytes"],
        "accuracy": albert_edge.evaluate(path, test)["accuracy"],
        "agreement": verified["top1_agreement"],
        "p50_ms": measured["lengths"][0]["p50_ms"],
        "rss_mb": measured["rss_mb"],
        "rss_above_runtime_mb": measured["rss_above_runtime_mb"],
    }


def _predict_elsewhere(path: Path, text: str) -> dict[str, Any]:
    command = [sys.executable, "-c", _PREDICT, str(path), text]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise CheckFailedError(f"a fresh process must run {path}; received: {finished.stderr.strip().splitlines()[-1]}")
    answer: dict[str, Any] = json.loads(finished.stdout)
    if answer["tensorflow_imported"]:
        raise CheckFailedError("a process that predicts must not import TensorFlow; received one that did")
    return answer

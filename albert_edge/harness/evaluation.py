"""Public `evaluate`: how well a `.tflite`, or the model folder that it came from, labels a data file.

A `.tflite` is scored by the device's own code, text by text, as a device answers. A folder is scored by Keras in
batches; TensorFlow is imported then and only then. Texts are run in order of their lengths, since a graph fits itself
to each new length; results are in the file's order. Leaves out everything but single-label classification.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator, NamedTuple, Optional, Sequence

from albert_edge.errors import CheckFailedError, ConfigError, DataError
from albert_edge.files import PathLike, read_bytes
from albert_edge.harness.environment import environment
from albert_edge.harness.progress import with_progress
from albert_edge.metrics import classification_report
from albert_edge.runtime.predictor import load
from albert_edge.text.tables import Columns, Example, ids_of_labels, iterate_examples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.text.packing import Packed

SCHEMA_VERSION = 1

_BATCH = 32
"""Texts between two steps of the progress bar, and Keras's batch."""


class Scorer(NamedTuple):
    """A model that is ready, whatever runs it."""

    kind: str
    """`tflite` or `folder`."""
    labels: Sequence[str]
    pack: Callable[[str, Optional[str]], Packed]
    logits: Callable[[Sequence[Packed]], NDArray[np.float32]]
    """N packed texts -> float32 [N, labels]."""
    runtime: str
    """Package and version."""
    threads: Optional[int]
    """None: the runtime's own choice."""
    model_sha256: str
    """Of the flatbuffer, or of the folder's weights file."""


def evaluate(
    path: PathLike,
    data: PathLike,
    columns: Optional[Columns] = None,
    threads: int = 1,
    max_depth: Optional[int] = None,
    runtime: Optional[str] = None,
    limit: Optional[int] = None,
) -> dict[str, Any]:
    """Score the model at `path` on the labelled examples of the file `data`.

    Arguments:
        path: a `.tflite`, a model folder, or `hf:owner/name@revision`.
        data: .tsv, .csv or .jsonl with `columns`.
        threads: of the interpreter; for a folder TensorFlow takes what it takes.
        max_depth: layers to apply, `.tflite` in the looped layout only; None: all.
        runtime: the interpreter's package, as for `load`; `.tflite` only.
        limit: use the first so many examples; None: all.

    Returns a dict with `schema_version`, `kind` (`tflite` or `folder`), `labels`, the keys of `classification_report`
    (`examples`, `accuracy`, `macro_precision`, `macro_recall`, `macro_f1`, `per_class`, `confusion_matrix`), `seconds`
    (packing and running, without loading), `runtime`, `threads`, `max_depth`, `model_sha256` and `environment`.

    Raises `DataError` with the line of an example that can't be used, one whose label the model lacks among them,
    `ConfigError` on an option that doesn't fit the model, and what `load` or the reading of a folder raises.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"limit must be at least 1; received {limit}")
    examples = list(itertools.islice(iterate_examples(data, columns), limit))
    with _open_scorer(path, threads, runtime, max_depth) as scorer:
        true = label_ids(examples, scorer.labels, data)
        start = time.perf_counter()
        logits = score(scorer, examples, data)
        seconds = time.perf_counter() - start
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": scorer.kind,
        "labels": list(scorer.labels),
        **classification_report(true, logits.argmax(axis=1), scorer.labels),
        "seconds": seconds,
        "runtime": scorer.runtime,
        "threads": scorer.threads,
        "max_depth": max_depth,
        "model_sha256": scorer.model_sha256,
        "environment": environment(scorer.runtime, scorer.threads, scorer.model_sha256),
    }


def label_ids(examples: Sequence[Example], labels: Sequence[str], data: PathLike) -> list[int]:
    """Each example's label as an id of the model's; raises `DataError` with the line of one that the model lacks."""
    return ids_of_labels(data, examples, labels, f"the model's, {', '.join(labels)}")


def score(scorer: Scorer, examples: Sequence[Example], data: PathLike) -> NDArray[np.float32]:
    """Logits, float32 [examples, labels], in the order of `examples`.

    Raises `DataError` with the line of a text that can't be packed, `CheckFailedError` where a logit is not finite: its
    largest would still be a label.
    """
    import numpy as np

    packed = [_packed(scorer, example, data) for example in examples]
    order = sorted(range(len(packed)), key=lambda index: len(packed[index].input_ids))
    logits = np.zeros((len(packed), len(scorer.labels)), np.float32)
    batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
    for batch in with_progress(batches, "evaluate"):
        logits[batch] = scorer.logits([packed[index] for index in batch])
    broken = np.flatnonzero(~np.isfinite(logits).all(axis=1))
    if broken.size:
        raise CheckFailedError(
            f"{data}:{examples[broken[0]].line}: logits must be finite; received {logits[broken[0]].tolist()}"
        )
    return logits


def _packed(scorer: Scorer, example: Example, data: PathLike) -> Packed:
    try:
        return scorer.pack(example.text, example.text_pair)
    except DataError as error:
        raise DataError(f"{data}:{example.line}: {error}") from error


# === Opening ===


@contextlib.contextmanager
def _open_scorer(path: PathLike, threads: int, runtime: Optional[str], max_depth: Optional[int]) -> Iterator[Scorer]:
    if not str(path).startswith("hf:") and not Path(path).is_dir():
        with load(path, threads, runtime) as predictor:
            yield Scorer(
                "tflite",
                predictor.labels,
                predictor.pack,
                lambda texts: _rows([predictor.logits(packed, max_depth) for packed in texts]),
                predictor.runtime,
                threads,
                predictor.artifact.manifest.model_sha256,
            )
        return
    for name, value in (("runtime", runtime), ("max_depth", max_depth)):
        if value is not None:
            raise ConfigError(f"{name} may be given for a .tflite only; received {value!r} for {str(path)!r}")
    yield _folder_scorer(path)


def _folder_scorer(path: PathLike) -> Scorer:
    from albert_edge.model.checkpoint import WEIGHTS_FILE
    from albert_edge.model.hub import resolve_folder
    from albert_edge.model.keras import tf
    from albert_edge.model.predictor import KerasPredictor
    from albert_edge.text.packing import pack

    folder = resolve_folder(path)
    predictor = KerasPredictor(folder, batch_size=_BATCH)
    config = predictor.config
    if config.problem_type not in (None, "single_label_classification"):
        raise ConfigError(f"problem_type must be single_label_classification; received {config.problem_type!r}")
    return Scorer(
        "folder",
        config.labels,
        lambda text, pair: pack(predictor.tokenizer, text, pair, config.max_position_embeddings),
        predictor.logits,
        f"tensorflow {tf.__version__}",
        None,
        hashlib.sha256(read_bytes(folder / WEIGHTS_FILE)).hexdigest(),
    )


def _rows(logits: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    import numpy as np

    return np.stack(logits)

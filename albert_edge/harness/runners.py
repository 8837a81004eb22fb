"""`Runner`: one head of a model that is ready, whatever runs it: an interpreter for a `.tflite`, Keras for a folder.

A `.tflite` runs one input after another, as on a device. TensorFlow is imported for a folder and only then.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator, NamedTuple, Optional, Sequence

from albert_edge.artifact import Artifact, Head, read_artifact
from albert_edge.errors import ConfigError, FolderError
from albert_edge.files import PathLike, read_bytes, read_json_object
from albert_edge.pipelines import make_pipeline
from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.running import run_packed
from albert_edge.tasks import task_named

if TYPE_CHECKING:
    from albert_edge.pipelines.base import Outputs, Pipeline
    from albert_edge.text.packing import Packed

BATCH = 32
"""Inputs of one step of Keras."""
FILLING_BATCH = 4
"""The same where each masked place has an output as wide as the vocabulary: 9 MB for 512 tokens."""


class Runner(NamedTuple):
    """A head, its task's pipeline and what runs it."""

    kind: str
    """`tflite` or `folder`."""
    pipeline: Pipeline[Any, Any]
    outputs: Callable[[Sequence[Packed]], Sequence[Outputs]]
    """The head's outputs for each of some inputs, at most `batch` of them."""
    batch: int
    runtime: str
    """Package and version."""
    threads: Optional[int]
    """None: the runtime's own choice."""
    model_sha256: str
    """Of the flatbuffer, or of the folder's weights."""
    exit_threshold: Optional[float] = None
    """What a file with an exit stops at; None without an exit."""


@contextlib.contextmanager
def open_runner(
    path: PathLike,
    task: Optional[str] = None,
    threads: int = 1,
    runtime: Optional[str] = None,
    max_depth: Optional[int] = None,
    exit_threshold: Optional[float] = None,
) -> Iterator[Runner]:
    """The model at `path`, a `.tflite`, a folder or `hf:owner/name@revision`, freed at the end.

    `task` is the head's, long or short; None: a file's first head, or the folder's task. `threads`, `runtime` and
    `exit_threshold` are for a `.tflite`. Raises `ConfigError` for a head that the model lacks, for `runtime` and
    `exit_threshold` of a folder and for more layers than it has, and what reading either raises.
    """
    if str(path).startswith("hf:") or Path(path).is_dir():
        for name, value in (("runtime", runtime), ("exit_threshold", exit_threshold)):
            if value is not None:
                raise ConfigError(f"{name} may be given for a .tflite only; received {value!r} for {str(path)!r}")
        yield _folder_runner(path, task, max_depth)
        return
    artifact = read_artifact(path)
    head, manifest = _head(artifact, task), artifact.manifest

    def outputs(inputs: Sequence[Packed]) -> list[Outputs]:
        return [run_packed(session, manifest, packed, max_depth, exit_threshold)[head.task] for packed in inputs]

    with open_session(artifact, threads, runtime) as session:
        yield Runner(
            "tflite",
            make_pipeline(head.task, head.config, artifact.tokenizer(), manifest.lengths.maximum),
            outputs,
            1,
            session.runtime,
            threads,
            manifest.model_sha256,
            manifest.exit.threshold if manifest.exit and exit_threshold is None else exit_threshold,
        )


def _head(artifact: Artifact, task: Optional[str]) -> Head:
    if task is None:
        return artifact.heads[0]
    name = task_named(task).name
    for head in artifact.heads:
        if head.task == name:
            return head
    raise ConfigError(f"task must be one of the file's, {', '.join(h.task for h in artifact.heads)}; received {task!r}")


def _folder_runner(path: PathLike, task: Optional[str], max_depth: Optional[int]) -> Runner:
    from albert_edge.model.hub import resolve_folder
    from albert_edge.model.keras import tf
    from albert_edge.model.predictor import KerasPredictor

    folder = resolve_folder(path)
    name = None if task is None else task_named(task).name
    predictor = KerasPredictor(folder, name, batch_size=BATCH, max_depth=max_depth)
    name, config = predictor.task.name, predictor.config
    return Runner(
        "folder",
        make_pipeline(name, config, predictor.tokenizer, config.max_position_embeddings),
        predictor.outputs,
        FILLING_BATCH if name == "fill-mask" else BATCH,
        f"tensorflow {tf.__version__}",
        None,
        _weights_sha256(folder),
    )


def _weights_sha256(folder: Path) -> str:
    """Of the weights' file; of several, of all their bytes in the order of their names, the index first."""
    from albert_edge.model.checkpoint import weights_file

    first = weights_file(folder)
    names = set(read_json_object(first, FolderError)["weight_map"].values()) if first.suffix == ".json" else ()
    digest = hashlib.sha256()
    for path in (first, *(folder / name for name in sorted(names))):
        digest.update(read_bytes(path))
    return digest.hexdigest()

"""Public `evaluate`: how well a `.tflite`, or the model folder that it came from, answers a data file.

A `.tflite` is scored by the device's own code, input by input, as a device answers. A folder is scored by Keras in
batches; TensorFlow is imported then and only then. What the file asks and how the answers are scored is the matter of
`harness.evaluations`, a file a task. Requests run in order of their lengths, since a graph fits itself to each new
length, and of a request's outputs only the prediction is kept, so that memory doesn't grow with the logits.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any, Iterator, Optional, Sequence

from albert_edge.errors import CheckFailedError, ConfigError, DataError
from albert_edge.files import PathLike, atomic_write, check_writable
from albert_edge.harness.environment import environment
from albert_edge.harness.evaluations import make_evaluation
from albert_edge.harness.evaluations.base import Asked, DataFile, Evaluation
from albert_edge.harness.progress import with_progress
from albert_edge.harness.runners import Runner, open_runner
from albert_edge.runtime.interpreter import delegate_of
from albert_edge.tasks import task_named

if TYPE_CHECKING:
    from albert_edge.pipelines.base import Outputs
    from albert_edge.text.packing import Packed
    from albert_edge.text.tables import Columns

SCHEMA_VERSION = 1

CHUNK = 64
"""Requests between two steps of the progress bar, and whose outputs may be in memory at once."""


def evaluate(
    path: PathLike,
    data: PathLike,
    columns: Optional[Columns] = None,
    threads: int = 1,
    max_depth: Optional[int] = None,
    runtime: Optional[str] = None,
    limit: Optional[int] = None,
    task: Optional[str] = None,
    predictions: Optional[PathLike] = None,
    exit_threshold: Optional[float] = None,
) -> dict[str, Any]:
    """Score the model at `path` on the examples of the file `data`.

    Arguments:
        path: a `.tflite`, a model folder, or `hf:owner/name@revision`.
        data: what `harness.evaluations` reads for the task: a table (.tsv, .csv, .jsonl) with `columns`, CoNLL or JSON
            Lines with spans, SQuAD's JSON, plain text for fill-mask and sentence-order.
        threads: of the interpreter; for a folder TensorFlow takes what it takes.
        max_depth: layers to apply, of a folder or of a `.tflite` in the looped layout; None: all.
        runtime: the interpreter's package, as for `load`; `.tflite` only.
        limit: use the first so many examples; None: all.
        task: which head, by its task's long or short name; None: the first, or the folder's task.
        exit_threshold: of a `.tflite` with an exit, the confidence at which it stops; None: the file's own.
        predictions: write what the model answers to this file, as `score` reads it; None: nowhere.

    Returns a dict with `schema_version`, `kind` (`tflite` or `folder`), `task`, `labels` where the task has some, the
    keys of the task's report (`metrics`; `examples` in each), `seconds` (packing, running and decoding, without
    loading), `runtime`, `threads`, `max_depth`, `exit_threshold` and `mean_depth` (what a file with an exit stopped at,
    and the mean of its predictions' `depth_used`; None without an exit), `model_sha256` and `environment`.

    Raises `DataError` with the line of an example that can't be used, one whose label the model lacks among them,
    `CheckFailedError` with the line of one whose outputs aren't finite, `ConfigError` on an option that doesn't fit the
    model, and what `load` or the reading of a folder raises.
    """
    if predictions is not None:
        check_writable(predictions)
    with open_runner(path, task, threads, runtime, max_depth, exit_threshold) as runner:
        evaluation = _evaluation(runner, DataFile(data, columns, limit), predictions)
        start = time.perf_counter()
        answered = answers(evaluation, runner)
        seconds = time.perf_counter() - start
    report = evaluation.report([evaluation.value(prediction) for prediction in answered])
    if predictions is not None:
        atomic_write(predictions, evaluation.written(answered))
    known = task_named(runner.pipeline.task)
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": runner.kind,
        "task": known.name,
        **({"labels": list(runner.pipeline.config.labels)} if known.has_labels else {}),
        **report,
        "seconds": seconds,
        "runtime": runner.runtime,
        "threads": runner.threads,
        "max_depth": max_depth,
        "exit_threshold": runner.exit_threshold,
        "mean_depth": None if runner.exit_threshold is None else statistics.fmean(each.depth_used for each in answered),
        "model_sha256": runner.model_sha256,
        "environment": environment(
            runner.runtime,
            runner.threads,
            runner.model_sha256,
            delegate_of(runner.runtime) if runner.kind == "tflite" else None,
        ),
    }


def _evaluation(runner: Runner, data: DataFile, predictions: Optional[PathLike]) -> Evaluation:
    evaluation = make_evaluation(runner.pipeline, data)
    if predictions is not None and not evaluation.writes_predictions:
        raise ConfigError(f"pieces hidden in plain text make no file of predictions; received {str(predictions)!r}")
    return evaluation


def answers(evaluation: Evaluation, runner: Runner) -> list[Any]:
    """What is kept of the answer to each request of `evaluation`, in their order.

    Raises `DataError` with the line of a request that can't be packed, `CheckFailedError` with that of one whose
    outputs are not finite: the largest of them would still be an answer.
    """
    asked = evaluation.asked
    order = sorted(range(len(asked)), key=lambda index: asked[index].size)
    found: list[Any] = [None] * len(asked)
    for chunk in with_progress([order[start : start + CHUNK] for start in range(0, len(order), CHUNK)], "evaluate"):
        for place, prediction in _chunk(evaluation, runner, [asked[index] for index in chunk]):
            found[chunk[place]] = prediction
    return found


def _chunk(evaluation: Evaluation, runner: Runner, asked: Sequence[Asked]) -> Iterator[tuple[int, Any]]:
    """The place in `asked` and the prediction of each request, as soon as the last of its inputs has been run."""
    inputs = [inputs_of(evaluation, runner, each) for each in asked]
    todo = sorted(
        ((place, number) for place, packed in enumerate(inputs) for number in range(len(packed))),
        key=lambda item: len(inputs[item[0]][item[1]].input_ids),
    )
    outputs: list[dict[int, Outputs]] = [{} for _ in asked]
    for start in range(0, len(todo), runner.batch):
        batch = todo[start : start + runner.batch]
        for (place, number), each in zip(batch, runner.outputs([inputs[place][number] for place, number in batch])):
            outputs[place][number] = each
            if len(outputs[place]) == len(inputs[place]):
                ordered = [outputs[place].pop(index) for index in range(len(inputs[place]))]
                yield place, _decoded(evaluation, runner, asked[place], inputs[place], ordered)


def inputs_of(evaluation: Evaluation, runner: Runner, asked: Asked) -> Sequence[Packed]:
    """What `runner` is given for a request; raises `DataError`, with its line, for one that can't be packed."""
    try:
        return evaluation.inputs(runner.pipeline, asked.request)
    except DataError as error:
        raise DataError(f"{asked.where}: {error}") from error


def _decoded(
    evaluation: Evaluation, runner: Runner, asked: Asked, inputs: Sequence[Packed], outputs: Sequence[Outputs]
) -> Any:
    try:
        return evaluation.decode(runner.pipeline, asked.request, inputs, outputs)
    except CheckFailedError as error:
        raise CheckFailedError(f"{asked.where}: {error}") from error

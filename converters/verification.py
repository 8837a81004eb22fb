"""Whether a deployed file answers as the model that it came from: before it is written, and whenever a user asks.

`verified_on` is the conversion's own check, on each promised target in a process of its own: a crash there is a
message, and loading without answering rightly counts for nothing. `verify` compares a finished file with its folders
on the user's texts, tokenizers and windows included. Both run the network as the device's predictors do.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

import numpy as np

from albert_edge.artifact import Artifact, Head, read_artifact
from albert_edge.artifact.exits import NEVER
from albert_edge.errors import ArtifactError, CheckFailedError
from albert_edge.files import PathLike
from albert_edge.model.folder import Checkpoint
from albert_edge.pipelines import make_pipeline
from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.running import run_packed
from albert_edge.runtime.session import Session
from albert_edge.tasks import output_names, task_named
from converters.combination import read_heads
from converters.comparison import Comparison, Comparisons, compare_outputs
from converters.reference import Answers, reference_outputs
from converters.requests import read_requests
from converters.samples import sample_inputs
from converters.schemes import Plan, scheme_named
from converters.targets import Target, known_garbage, on_target

if TYPE_CHECKING:
    from albert_edge.text.packing import Packed
    from albert_edge.text.tables import Columns

MIN_AGREEMENT = 0.97
"""Share of a user's texts that must get the reference's answer: quantization flips those that were nearly a tie."""


# === Before a file is written ===


def verified_on(
    target: Target, artifact: Artifact, samples: Sequence[Packed], reference: Mapping[str, Answers], plan: Plan
) -> Comparisons:
    """Run `artifact` on `target` in a process of its own and compare with the model's answers, task -> `reference`.

    Raises `CheckFailedError` if it doesn't load there, crashes, or answers otherwise than `plan` allows.
    """
    try:
        received = on_target(target, artifact.model, lambda session: _answers(session, artifact, samples))
    except ArtifactError as reason:
        raise CheckFailedError(f"the file must run on {target.label}; received: {reason}") from reason
    compared = _compare_heads(list(reference), reference, received)
    for name, comparison in compared.items():
        if not comparison.allowed_by(plan.tolerance):
            wrong, why = _difference(name, comparison, plan), known_garbage(target, artifact.model)
            raise CheckFailedError(f"on {target.label} {wrong}{'' if why is None else f'; {why}'}")
    return Comparisons(len(samples), compared)


def _answers(session: Session, artifact: Artifact, samples: Sequence[Packed]) -> dict[str, Answers]:
    """Task -> its outputs for each of `samples`, behind the last layer."""
    never = NEVER if artifact.manifest.exit else None
    answers = [run_packed(session, artifact.manifest, packed, None, never) for packed in samples]
    return {task: [each[task] for each in answers] for task in answers[0]}


def _compare_heads(
    tasks: Sequence[str], reference: Mapping[str, Answers], received: Mapping[str, Answers]
) -> dict[str, Comparison]:
    compared = {}
    for task in map(task_named, tasks):
        names = output_names(task, len(tasks))
        compared.update(compare_outputs(task, names, reference[task.name], received[task.name]))
    return compared


def _difference(name: str, comparison: Comparison, plan: Plan) -> str:
    return (
        f"the {name} of {plan.described} must be within a relative error of {plan.tolerance.relative} of the model's; "
        f"received {comparison.relative_error:.4f}, at most {comparison.max_abs_difference:.4f} apart"
    )


# === On the user's texts ===


def verify(
    path: PathLike,
    reference: PathLike,
    data: Optional[PathLike] = None,
    *,
    with_: Sequence[PathLike] = (),
    columns: Optional[Columns] = None,
    min_agreement: float = MIN_AGREEMENT,
    threads: int = 1,
    runtime: Optional[str] = None,
) -> dict[str, Any]:
    """Compare the artifact `path` with the model folder `reference` (or `hf:owner/name@revision`).

    Args:
      data: a data file of the first head's task, answers not needed; None compares on random token ids.
      with_: the folders of further heads, `FOLDER` or `FOLDER=TASK`, as `convert` had them.
      columns: where a table's texts lie.
      min_agreement: share of the rows (labels of a text or token, masked positions...) that must have the reference's
        largest value, and least cosine of an embedding (of `data` only: random ids make ties).
      threads: of the interpreter.
      runtime: as in `albert_edge.load`.

    Returns the figures of `Comparisons`, `runtime`, `scheme`, `relative_tolerance`, `equal_token_ids` (share of the
    texts that both tokenizers turn into the same ids; None without `data`) and `failures`, one line a broken rule.
    """
    artifact = read_artifact(path)
    checkpoints = _references(artifact, reference, with_)
    equal_ids: Optional[float] = None
    if data is None:
        samples = sample_inputs(artifact.config, artifact.tokenizer(), artifact.manifest.lengths.maximum)
        texts = len(samples)
    else:
        texts, samples, equal_ids = _packed_texts(artifact, checkpoints[0], data, columns)
        if any(checkpoint.task == "fill-mask" for checkpoint in checkpoints[1:]):
            samples = [_with_a_mask(packed) for packed in samples]
    with open_session(artifact, threads, runtime) as session:
        received, used = _answers(session, artifact, samples), session.runtime
    tasks = [checkpoint.task for checkpoint in checkpoints]
    answers = {checkpoint.task: reference_outputs(checkpoint, samples) for checkpoint in checkpoints}
    compared = _compare_heads(tasks, answers, received)
    plan = plan_of_file(artifact)
    return {
        "runtime": used,
        "scheme": plan.scheme,
        "relative_tolerance": plan.tolerance.relative,
        "equal_token_ids": equal_ids,
        **Comparisons(texts, compared).to_dict(),
        "failures": _failures(compared, plan, equal_ids, min_agreement),
    }


def plan_of_file(artifact: Artifact) -> Plan:
    """What the file's manifest says of its parts; one before `schema_version` 3 has its scheme's."""
    manifest = artifact.manifest
    parts = manifest.parts or scheme_named(manifest.scheme).parts or {}
    return Plan(manifest.scheme, parts, manifest.activations)


def _references(artifact: Artifact, reference: PathLike, with_: Sequence[PathLike]) -> list[Checkpoint]:
    """The checkpoint of each of the file's heads, in its order, with the settings that the file has."""
    heads = artifact.heads
    found = {checkpoint.task: checkpoint for checkpoint in read_heads(reference, heads[0].task, with_, {})}
    if list(found) != [head.task for head in heads]:
        raise ArtifactError(
            f"a file of {', '.join(head.task for head in heads)} must be compared with a folder for each, the further "
            f"ones given with --with; received {', '.join(found)}"
        )
    return [_as_converted(found[head.task], head) for head in heads]


def _as_converted(checkpoint: Checkpoint, head: Head) -> Checkpoint:
    if task_named(head.task).has_labels and head.config.labels != checkpoint.config.labels:
        raise ArtifactError(
            f"the file must have its reference's labels, {', '.join(checkpoint.config.labels)}; "
            f"received {', '.join(head.config.labels)}"
        )
    settings = dataclasses.asdict(head.config.settings)
    return dataclasses.replace(checkpoint, config=checkpoint.config.with_settings(**settings))


def _packed_texts(
    artifact: Artifact, checkpoint: Checkpoint, data: PathLike, columns: Optional[Columns]
) -> tuple[int, list[Packed], float]:
    """How many requests `data` has, their windows as the device packs them, and the share of the requests that the
    folder's tokenizer packs alike."""
    longest, task = artifact.manifest.lengths.maximum, checkpoint.task
    device = make_pipeline(task, artifact.config, artifact.tokenizer(), longest)
    other = make_pipeline(task, checkpoint.config, checkpoint.tokenizer, longest)
    requests = read_requests(task_named(task), data, columns)
    samples, equal = [], 0
    for request in requests:
        packed, expected = device.inputs(request), other.inputs(request)
        samples.extend(packed)
        equal += len(packed) == len(expected) and all(
            np.array_equal(a.input_ids, b.input_ids) for a, b in zip(packed, expected)
        )
    return len(requests), samples, equal / len(requests)


def _with_a_mask(packed: Packed) -> Packed:
    """A further head fills masks, and texts for another task have none: the middle token's place will do."""
    return dataclasses.replace(packed, masked_positions=np.array([len(packed.input_ids) // 2], np.int32))


def _failures(
    compared: Mapping[str, Comparison], plan: Plan, equal_ids: Optional[float], min_agreement: float
) -> list[str]:
    failures = []
    if equal_ids is not None and equal_ids < 1:
        failures.append(f"every text must have the reference's token ids; received {equal_ids:.4f} of them")
    for name, comparison in compared.items():
        if not comparison.allowed_by(plan.tolerance):
            failures.append(_difference(name, comparison, plan))
        agreement = comparison.cosine if comparison.top1_agreement is None else comparison.top1_agreement
        if equal_ids is not None and agreement is not None and agreement < min_agreement:
            failures.append(f"the {name} must agree in at least {min_agreement} of the rows; received {agreement:.4f}")
    return failures

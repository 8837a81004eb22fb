"""From model folders to one verified `.tflite`: the public `convert`.

Plan (scheme, parts, targets, layout), read the folders of the heads, build in a process of its own
(`converters.building`), put the artifact together, run it on every target against Keras, and only then write the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

from albert_edge.artifact import Artifact, Exit, Head, Lengths, QuantizedOutput, make_artifact, write_artifact
from albert_edge.artifact.inspection import inspect
from albert_edge.errors import CheckFailedError
from albert_edge.files import PathLike, check_writable
from albert_edge.harness.evaluations import make_evaluation
from albert_edge.harness.evaluations.base import DataFile
from albert_edge.harness.report.card import card, card_beside
from albert_edge.model.folder import Checkpoint
from albert_edge.pipelines import make_pipeline
from albert_edge.tasks import task_named
from converters.activations import check_options
from converters.built import BuildRequest, Built
from converters.card import card_facts, card_text
from converters.combination import read_heads
from converters.exits import calibrated, check_exit, checked_drop, planned_exit
from converters.layout import Layout
from converters.requests import read_requests
from converters.samples import sample_inputs
from converters.schemes import Plan, plan_of
from converters.targets import DEFAULT_TARGET, Target, parse_targets, prepare
from converters.verification import verified_on
from converters.worker import build_apart

if TYPE_CHECKING:
    from albert_edge.text.packing import Packed
    from albert_edge.text.tables import Columns
    from converters.reference import Answers


def convert(
    model: PathLike,
    out: PathLike,
    *,
    task: Optional[str] = None,
    with_: Sequence[PathLike] = (),
    scheme: str = "dynamic-range",
    parts: Optional[Mapping[str, str]] = None,
    calibrate: Optional[PathLike] = None,
    columns: Optional[Columns] = None,
    activation_scales: str = "auto",
    range_method: str = "mse",
    integer_outputs: bool = False,
    targets: Sequence[str] = (DEFAULT_TARGET,),
    layout: str = "looped",
    length: Optional[int] = None,
    pooling: Optional[str] = None,
    normalize: Optional[bool] = None,
    max_length: Optional[int] = None,
    stride: Optional[int] = None,
    no_answer_threshold: Optional[float] = None,
    exit: str = "auto",  # noqa: A002 - its option's name
    exit_threshold: Optional[float] = None,
    exit_data: Optional[PathLike] = None,
    exit_max_drop: Optional[float] = None,
    licence: Optional[str] = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Convert a model folder into an artifact that was compared with it on every target.

    Args:
      model: a Hugging Face folder, or `hf:owner/name@revision`.
      out: the `.tflite` to write; nothing is written unless every check passes.
      task: what the file shall answer, long or short name; None is the folder's own task.
      with_: folders of further heads, `FOLDER` or `FOLDER=TASK`, trained on the same, frozen encoder.
      scheme: a name of `converters.schemes.SCHEMES`.
      parts: part -> precision, in place of the scheme's for these parts; of schemes that store weights only.
      calibrate: a data file of the first head's task, answers not needed: what the rounding of weights and the ranges
        of activations are fitted to; None: random ids, which are no measure of activations.
      columns: where the texts of `calibrate` lie.
      activation_scales: of int8 and int16x8: `shared` by all depths, `per-depth`, or `auto`, which measures.
      range_method: of int8 and int16x8: how a range is found on `calibrate`: `mse` takes the one whose rounding has the
        least mean squared error, `percentile` that of 99.99 % of the values.
      integer_outputs: of int8 and int16x8: whether the outputs are integers too.
      targets: runtimes that shall run the file: `litert`, `litert==2.1.6`, `tflite-runtime==2.14.0`,
        `android-2.16.1`, a board or another device. What isn't installed gets an environment, made once.
      layout: `looped` (any length, depth as an input) or `unrolled`.
      length: tokens, of the unrolled layout only.
      pooling, normalize, max_length, stride, no_answer_threshold: fields of `DeviceSettings` that the file shall have;
        None leaves the folder's.
      exit, exit_threshold: whether and where the loop may stop early, as in `converters.exits.planned_exit`.
      exit_data: a labelled data file, its texts in `columns`, that the threshold is calibrated on.
      exit_max_drop: points of the task's first metric that stopping early may cost on `exit_data`; None: 0.5.
      licence: of the model, for its card; None: what the folder's README.md states.
      overwrite: whether `out`, and the card beside it (`.card.md`), may be replaced.

    Returns what `albert_edge.inspect` says of the file, and `verified`: for each target the figures of the comparison;
    of int8 and int16x8 also how the activations' ranges were found. Raises `CheckFailedError` if the file answers
    otherwise than the scheme allows or its build crashes, another `AlbertEdgeError` for bad input.
    """
    plan, wanted_targets = plan_of(scheme, parts), parse_targets(targets)
    plan.check_targets(wanted_targets)
    wanted_layout = Layout(layout, length)
    options: dict[str, Any] = {
        "activation_scales": activation_scales,
        "range_method": range_method,
        "integer_outputs": integer_outputs,
    }
    check_options(plan, layout, options)
    for path in (out, card_beside(out)):
        check_writable(path, overwrite)
    settings = {
        "pooling": pooling,
        "normalize": normalize,
        "max_length": max_length,
        "stride": stride,
        "no_answer_threshold": no_answer_threshold,
    }
    heads = read_heads(model, task, with_, settings)
    wanted_layout.lengths(heads[0].config)
    early_exit = planned_exit(_heads(heads), layout, plan.activations, exit, exit_threshold, exit_data)
    max_drop = checked_drop(exit_max_drop, exit_data)
    _check_data(heads[0], calibrate, exit_data, columns)
    prepare(wanted_targets)
    options["exit"] = early_exit and early_exit.to_dict()
    about = card_facts(model, licence)
    options.update(card=card_text(heads, plan, about), licence=about.licence)
    request = BuildRequest(heads, wanted_layout, (plan,), wanted_targets, calibrate, columns, options)
    (built,), samples, reference = _built(request)
    draft = artifact_of(heads, built, plan, early_exit)
    verified = _verify(draft, samples, reference, plan, wanted_targets)
    if exit_data is not None:
        early_exit = calibrated(draft, exit_data, columns, max_drop, _near(wanted_targets))
    promised = tuple(target.label for target in wanted_targets)
    write_artifact(out, artifact_of(heads, built, plan, early_exit, promised))
    card(out, out=card_beside(out), overwrite=True)
    return {**inspect(Path(out)), **built.facts, "verified": verified}


def _check_data(
    head: Checkpoint, calibrate: Optional[PathLike], exit_data: Optional[PathLike], columns: Optional[Columns]
) -> None:
    """Read the files of texts once in front of the build, which takes minutes; also one that its scheme has no use for.

    Raises `DataError`.
    """
    if calibrate is not None:
        read_requests(task_named(head.task), calibrate, columns)
    if exit_data is not None:
        config = head.config
        pipeline = make_pipeline(head.task, config, head.tokenizer, config.max_position_embeddings)
        make_evaluation(pipeline, DataFile(exit_data, columns))


def _built(request: BuildRequest) -> tuple[list[Built], list[Packed], dict[str, Answers]]:
    """The flatbuffers, inputs to compare them on, and Keras's answers to these by task."""
    trunk = request.checkpoints[0]
    samples = sample_inputs(trunk.config, trunk.tokenizer, request.layout.lengths(trunk.config)[1])
    built, reference = build_apart(request, samples)
    return built, samples, reference


def _heads(checkpoints: Sequence[Checkpoint]) -> list[Head]:
    return [Head(checkpoint.task, checkpoint.config) for checkpoint in checkpoints]


def artifact_of(
    checkpoints: Sequence[Checkpoint],
    built: Built,
    plan: Plan,
    early_exit: Optional[Exit],
    targets: Sequence[str] = (),
) -> Artifact:
    """The artifact around a build; `targets`: those that it was verified on."""
    return make_artifact(
        built.model,
        heads=_heads(checkpoints),
        tokenizer=checkpoints[0].tokenizer,
        scheme=plan.scheme,
        layout=built.layout.kind,
        lengths=Lengths(*built.layout.lengths(checkpoints[0].config)),
        targets=targets,
        parts=plan.parts,
        activations=plan.activations,
        exit=early_exit,
        quantized_outputs={name: QuantizedOutput(**each) for name, each in built.quantized_outputs.items()},
    )


def _verify(
    artifact: Artifact,
    samples: Sequence[Packed],
    reference: Mapping[str, Answers],
    plan: Plan,
    targets: Sequence[Target],
) -> list[dict[str, Any]]:
    """Compare with Keras on each target, and with itself where it may stop early; the figures of each."""
    verified = [
        {
            "target": target.label,
            "relative_tolerance": plan.tolerance.relative,
            **verified_on(target, artifact, samples, reference, plan).to_dict(),
        }
        for target in targets
    ]
    for target in targets if artifact.manifest.exit else ():
        _check_exit_on(target, artifact, samples)
    return verified


def _near(targets: Sequence[Target]) -> Optional[Target]:
    """The first target on this machine; on an emulated board a data file would take hours."""
    return next((target for target in targets if target.device is None), None)


def _check_exit_on(target: Target, artifact: Artifact, samples: Sequence[Packed]) -> None:
    try:
        check_exit(artifact, samples, target)
    except CheckFailedError as error:
        raise CheckFailedError(f"on {target.label} {error}") from error

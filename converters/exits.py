"""An exit for a file, and the threshold at which it stops: planned before the graph is built, calibrated behind it.

The calibration runs the finished file, so that quantization is in what it sees. It knows what every text answers at
every depth (`converters.depths`), holds each threshold that makes a difference against it, and takes the one with the
smallest mean depth that costs no more than was allowed. Then the graph runs with that threshold and must stop where it
was foreseen to, as it must on every target on random ids (`check_exit`). A long text's windows stop each for itself, as
they do on the device: the mean depth is that of the windows, the score that of the texts.

The threshold is fitted to the data that it is found on: the score on other texts is a little lower than the one stated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Optional, Sequence

import numpy as np
from numpy.typing import NDArray

from albert_edge.artifact import Artifact, Exit, Head
from albert_edge.artifact.exits import EXIT_KINDS, NEVER, refusal
from albert_edge.errors import CheckFailedError, ConfigError
from albert_edge.files import PathLike
from albert_edge.rules import is_number
from albert_edge.runtime.running import run_packed
from albert_edge.runtime.session import Session
from albert_edge.tasks import DEPTH_USED
from converters.depths import Recording, confidences, depths_at, record, run_at_depths
from converters.targets import Target, on_target

if TYPE_CHECKING:
    from albert_edge.text.packing import Packed
    from albert_edge.text.tables import Columns

EXIT_CHOICES = ("auto", *EXIT_KINDS, "none")

MAX_DROP = 0.5
"""Points that an exit may cost where nothing else is said."""

MAX_CANDIDATES = 1000
"""Thresholds that are tried, evenly over the confidences that were seen: each costs a report of all texts."""

TIE = 1e-4
"""A confidence nearer to the threshold may fall on either side of it: the graph adds up in another order."""

_CHECKED_TOKENS = 40
"""Of a sample that is run at every depth: what is checked doesn't depend on the length."""

_LOGITS_TOLERANCE = 1e-4
"""Between two runs of one file at one depth on one runtime, which do the same sums."""


def planned_exit(
    heads: Sequence[Head],
    layout: str,
    activations: Optional[str] = None,
    wanted: str = "auto",
    threshold: Optional[float] = None,
    data: Optional[PathLike] = None,
) -> Optional[Exit]:
    """How the graph of these `heads` shall be able to stop early; None: not at all.

    Arguments:
        layout: `looped` or `unrolled`.
        activations: of a full-integer plan, whose ranges are those of answers behind the last layer: it has no exit.
        wanted: one of `EXIT_CHOICES`; `auto` is `entropy` for a model that was trained to answer at every depth and
            whose graph can stop early, else `none`.
        threshold: None: never, until `data` tells.
        data: the file that the threshold will be calibrated on.

    Raises `ConfigError` where the graph can't do what is wanted, and for a threshold or data without an exit.
    """
    if wanted not in EXIT_CHOICES:
        raise ConfigError(f"exit must be one of {', '.join(EXIT_CHOICES)}; received {wanted!r}")
    reason = refusal(heads, layout)
    if reason is None and activations is not None:
        reason = f"an exit needs float32 activations; received {activations}"
    if wanted == "auto":
        wanted = "entropy" if reason is None and heads[0].config.settings.multi_exit else "none"
    for name, value in (("exit_threshold", threshold), ("exit_data", data)):
        if wanted == "none" and value is not None:
            raise ConfigError(f"{name} needs an exit: entropy or patience; received {str(value)!r} for a file without")
    if wanted == "none":
        return None
    if reason is not None:
        raise ConfigError(reason)
    if threshold is not None and data is not None:
        raise ConfigError(f"exit_threshold must be left out where exit_data tells it; received {threshold}")
    return Exit(wanted, NEVER if threshold is None else float(threshold))


def checked_drop(max_drop: Optional[float], data: Optional[PathLike]) -> float:
    """The points that stopping early may cost on the file `data`; None: `MAX_DROP`.

    Raises `ConfigError` on a drop that isn't a number of at least 0, and on one without data to measure it on.
    """
    if max_drop is None:
        return MAX_DROP
    if data is None:
        raise ConfigError(f"exit_max_drop needs exit_data to be measured on; received {max_drop!r} alone")
    if not is_number(max_drop) or max_drop < 0:
        raise ConfigError(f"exit_max_drop must be a number of points, at least 0; received {max_drop!r}")
    return max_drop


def calibrated(
    artifact: Artifact, data: PathLike, columns: Optional[Columns], max_drop: float, target: Optional[Target] = None
) -> Exit:
    """The exit of `artifact` with the threshold that the file `data` gives it, and the figures of that.

    Arguments:
        data: labelled texts of the head's task, in `columns`.
        max_drop: how many points of the task's first metric (of fractions, hundredths) may be lost on `data`.
        target: where it runs; None: on the installed runtime.

    The figures: `rows`, `windows`, `metric` (its name), `full` and `with_exit` (its values), `max_drop`, `mean_depth`
    (of the windows) and `depths` (how many windows stopped after layer 1, 2, ...).

    Raises `CheckFailedError` if the graph stops or answers otherwise than foreseen, `DataError` with the line of an
    example that can't be used, `ConfigError` on a drop that isn't a number of at least 0 or a file without an exit.
    """
    early_exit = artifact.manifest.exit
    if early_exit is None:
        raise ConfigError(f"a calibration needs a file with an exit; received {artifact.manifest.scheme} without one")
    max_drop = checked_drop(max_drop, data)

    def measured(session: Session) -> Exit:
        found = record(session, artifact, data, columns)
        sureness = confidences(artifact.manifest, early_exit, found.logits)
        threshold = best_threshold(found, sureness, early_exit.kind, max_drop)
        windows = [packed for each in found.inputs for packed in each]
        _check_foreseen(session, artifact, windows, found.logits, sureness, threshold)
        return Exit(early_exit.kind, threshold, _figures(found, depths_at(sureness, threshold), max_drop))

    return on_target(target, artifact.model, measured)


def check_exit(artifact: Artifact, samples: Sequence[Packed], target: Optional[Target] = None) -> None:
    """Raise `CheckFailedError` unless the graph of `artifact`, which has an exit, stops where its confidences say.

    Runs the shorter ones of `samples` with a threshold that lies amid their confidences, and compares depths and logits
    with those of a fixed depth. `target`: as in `calibrated`.
    """
    early_exit = artifact.manifest.exit
    assert early_exit is not None
    windows = [packed for packed in samples if len(packed.input_ids) <= _CHECKED_TOKENS]

    def checked(session: Session) -> None:
        logits, _ = run_at_depths(session, artifact.manifest, windows)
        sureness = confidences(artifact.manifest, early_exit, logits)
        thresholds = list(_candidates(sureness, early_exit.kind)) or [NEVER]
        _check_foreseen(session, artifact, windows, logits, sureness, thresholds[len(thresholds) // 2])

    on_target(target, artifact.model, checked)


def best_threshold(found: Recording, sureness: NDArray[np.float32], kind: str, max_drop: float) -> float:
    """The threshold of the smallest mean depth that scores at most `max_drop` points below full depth.

    `sureness`: float32 [windows, layers]. Thresholds rise, and the depths with them: the first that passes is it.
    """
    least = found.score(found.full_depths) - max_drop / 100
    for threshold in _candidates(sureness, kind):
        if found.score(depths_at(sureness, threshold)) >= least - 1e-9:
            return threshold
    return NEVER


def _candidates(sureness: NDArray[np.float32], kind: str) -> Iterator[float]:
    """Thresholds that rise and that stop different sets of texts."""
    layers = sureness.shape[1]
    if kind == "patience":
        # All layers with one answer end where the layers do: that is never.
        yield from (float(np.float32(count / layers)) for count in range(1, layers))
        return
    # Behind the last layer nothing is left to be decided.
    seen = np.unique(sureness[:, :-1].astype(np.float64))
    if not len(seen):
        return
    # Between two confidences that were seen, where no text lies on the edge.
    edges = np.concatenate([[seen[0] / 2], (seen[1:] + seen[:-1]) / 2])
    edges = edges[edges > 0]
    if len(edges) > MAX_CANDIDATES:
        edges = edges[np.linspace(0, len(edges) - 1, MAX_CANDIDATES).round().astype(int)]
    yield from (float(np.float32(edge)) for edge in edges)


def _check_foreseen(
    session: Session,
    artifact: Artifact,
    windows: Sequence[Packed],
    logits: NDArray[np.float32],
    sureness: NDArray[np.float32],
    threshold: float,
) -> None:
    """Run every window with `threshold` and compare its depth and its logits with what was worked out."""
    manifest = artifact.manifest
    foreseen = depths_at(sureness, threshold)
    # Counts are exact.
    may_tie = manifest.exit is not None and manifest.exit.kind == "entropy"
    for row in sorted(range(len(windows)), key=lambda row: len(windows[row].input_ids)):
        outputs = run_packed(session, manifest, windows[row], None, threshold)[manifest.task]
        depth = int(outputs[DEPTH_USED][0])
        # At the smaller of both depths one said stop and the other didn't.
        at = min(depth, int(foreseen[row])) - 1
        is_tie = may_tie and abs(float(sureness[row, at]) - threshold) <= TIE
        if depth != foreseen[row] and not is_tie:
            raise CheckFailedError(
                f"with exit_threshold {threshold} a text of confidence {sureness[row, at]} after layer {at + 1} must "
                f"stop after layer {foreseen[row]}; received {depth}"
            )
        difference = float(np.abs(outputs["logits"] - logits[row, depth - 1]).max())
        if not difference <= _LOGITS_TOLERANCE:
            raise CheckFailedError(
                f"a text that stops after layer {depth} must have that layer's logits, as max_depth gives them; "
                f"received others, {difference:.4f} apart"
            )


def _figures(found: Recording, depths: NDArray[np.int64], max_drop: float) -> dict[str, Any]:
    layers = found.logits.shape[1]
    return {
        "rows": len(found.inputs),
        "windows": len(depths),
        "metric": found.metric,
        "full": found.score(found.full_depths),
        "with_exit": found.score(depths),
        "max_drop": float(max_drop),
        "mean_depth": float(depths.mean()),
        "depths": np.bincount(depths, minlength=layers + 1)[1:].tolist(),
    }

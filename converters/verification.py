"""Whether a deployed file answers as the model that it came from: before it is written, and whenever a user asks.

`verified_on` is the conversion's own check, on each promised target in that runtime's own process: a crash there is a
message, and loading without answering rightly counts for nothing. `verify` compares a finished file with its folder
on the user's texts, tokenizers included. Both go through the device's own predictor.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Sequence

import numpy as np

from albert_edge.artifact import Artifact
from albert_edge.errors import ArtifactError, CheckFailedError
from albert_edge.files import PathLike
from albert_edge.runtime import open_isolated
from albert_edge.runtime.predictor import Predictor, load
from converters.comparison import Comparison, FloatArray, compare
from converters.samples import sample_inputs
from converters.schemes import Scheme, scheme_named
from converters.targets import Target

if TYPE_CHECKING:
    from albert_edge.model.predictor import KerasPredictor
    from albert_edge.text.packing import Packed
    from albert_edge.text.tables import Columns

MIN_AGREEMENT = 0.97
"""Share of a user's texts that must get the reference's label: quantization flips those that were nearly a tie."""


# === Before a file is written ===


def verified_on(
    target: Target, artifact: Artifact, samples: Sequence[Packed], reference: FloatArray, scheme: Scheme
) -> Comparison:
    """Run `artifact` on `target` in a process of its own and compare with the model's logits `reference` [N, labels].

    Raises `CheckFailedError` if it doesn't load there, crashes, or answers otherwise than `scheme` allows.
    """
    try:
        received = _logits_on(target, artifact, samples)
    except ArtifactError as reason:
        raise CheckFailedError(f"the file must run on {target.label}; received: {reason}") from reason
    comparison = compare(reference, received)
    if not comparison.allowed_by(scheme):
        raise CheckFailedError(_difference(target, comparison, samples, reference, received, scheme))
    return comparison


def _logits_on(target: Target, artifact: Artifact, samples: Sequence[Packed]) -> FloatArray:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(artifact.model)
        with Predictor(artifact, open_isolated(path, runtime=target.runtime)) as predictor:
            return np.stack([predictor.logits(packed) for packed in samples])


def _difference(
    target: Target,
    comparison: Comparison,
    samples: Sequence[Packed],
    reference: FloatArray,
    received: FloatArray,
    scheme: Scheme,
) -> str:
    worst = int(np.abs(received - reference).max(axis=1).argmax())
    return (
        f"on {target.label} the logits of {scheme.name} must be within a relative error of "
        f"{scheme.relative_tolerance} of the model's; received {comparison.relative_error:.4f}, "
        f"worst at {len(samples[worst].input_ids)} tokens: "
        f"{np.round(received[worst], 4).tolist()} for {np.round(reference[worst], 4).tolist()}"
    )


# === On the user's texts ===


def verify(
    path: PathLike,
    reference: PathLike,
    data: Optional[PathLike] = None,
    *,
    columns: Optional[Columns] = None,
    min_agreement: float = MIN_AGREEMENT,
    threads: int = 1,
    runtime: Optional[str] = None,
) -> dict[str, Any]:
    """Compare the artifact `path` with the model folder `reference` (or `hf:owner/name@revision`).

    Args:
      data: a data file with texts, labels not needed; None compares on random token ids.
      columns: where its texts lie.
      min_agreement: share of the texts that must get the reference's label (of `data` only: random ids make ties).
      threads: of the interpreter.
      runtime: as in `albert_edge.load`.

    Returns the figures of `Comparison`, `runtime`, `scheme`, `relative_tolerance`, `equal_token_ids` (share of the
    texts that both tokenizers turn into the same ids; None without `data`) and `failures`, one line a broken rule.
    """
    from albert_edge.model.predictor import KerasPredictor

    with load(path, threads=threads, runtime=runtime) as predictor:
        keras = KerasPredictor(reference)
        _check_same_labels(predictor.labels, keras.config.labels)
        equal_ids: Optional[float] = None
        if data is None:
            longest = predictor.artifact.manifest.lengths.maximum
            samples = sample_inputs(predictor.artifact.config, predictor.artifact.tokenizer(), longest)
        else:
            samples, equal_ids = _packed_texts(predictor, keras, data, columns)
        received = np.stack([predictor.logits(packed) for packed in samples])
        scheme = scheme_named(predictor.artifact.manifest.scheme)
        comparison = compare(keras.logits(samples), received)
        return {
            "runtime": predictor.runtime,
            "scheme": scheme.name,
            "relative_tolerance": scheme.relative_tolerance,
            "equal_token_ids": equal_ids,
            **comparison.to_dict(),
            "failures": _failures(comparison, scheme, equal_ids, min_agreement),
        }


def _check_same_labels(labels: tuple[str, ...], reference_labels: tuple[str, ...]) -> None:
    if labels != reference_labels:
        raise ArtifactError(
            f"the file must have its reference's labels, {', '.join(reference_labels)}; received {', '.join(labels)}"
        )


def _packed_texts(
    predictor: Predictor, keras: KerasPredictor, data: PathLike, columns: Optional[Columns]
) -> tuple[list[Packed], float]:
    """The texts of `data` as the device packs them, and the share that the folder's tokenizer packs alike."""
    from albert_edge.text.packing import pack
    from albert_edge.text.tables import read_examples

    longest = predictor.artifact.manifest.lengths.maximum
    samples, equal = [], 0
    for example in read_examples(data, columns, need_labels=False):
        packed = predictor.pack(example.text, example.text_pair)
        other = pack(keras.tokenizer, example.text, example.text_pair, longest)
        samples.append(packed)
        equal += np.array_equal(packed.input_ids, other.input_ids)
    return samples, equal / len(samples)


def _failures(comparison: Comparison, scheme: Scheme, equal_ids: Optional[float], min_agreement: float) -> list[str]:
    failures = []
    if equal_ids is not None and equal_ids < 1:
        failures.append(f"every text must have the reference's token ids; received {equal_ids:.4f} of them")
    if not comparison.allowed_by(scheme):
        failures.append(
            f"the relative error of {scheme.name} must be at most {scheme.relative_tolerance}; "
            f"received {comparison.relative_error:.4f}"
        )
    if equal_ids is not None and comparison.top1_agreement < min_agreement:
        failures.append(
            f"at least {min_agreement} of the texts must get the reference's label; "
            f"received {comparison.top1_agreement:.4f}"
        )
    return failures

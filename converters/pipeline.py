"""From a model folder to one verified `.tflite`: the public `convert`.

Plan (scheme, targets, layout), read the folder, write the network's graph, let TensorFlow convert it, add the
metadata, put the artifact together, run it on every target against Keras, and only then write the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Sequence

from albert_edge.artifact import Artifact, Lengths, make_artifact, write_artifact
from albert_edge.artifact.inspection import inspect
from albert_edge.artifact.manifest import LABELS_FILE, VOCABULARY_FILE
from albert_edge.artifact.tables import Data
from albert_edge.files import PathLike, check_writable
from albert_edge.model.folder import Checkpoint, read_checkpoint
from converters.samples import sample_inputs
from converters.schemes import Scheme, scheme_named
from converters.targets import DEFAULT_TARGET, Target, parse_targets

if TYPE_CHECKING:
    from converters.graph.layouts import Layout


def convert(
    model: PathLike,
    out: PathLike,
    *,
    scheme: str = "dynamic-range",
    targets: Sequence[str] = (DEFAULT_TARGET,),
    layout: str = "looped",
    length: Optional[int] = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Convert a model folder into an artifact that was compared with it on every target.

    Args:
      model: a Hugging Face folder, or `hf:owner/name@revision`.
      out: the `.tflite` to write; nothing is written unless every check passes.
      scheme: a name of `converters.schemes.SCHEMES`.
      targets: runtimes that shall run the file, as `litert` or `tflite-runtime==2.14.0`.
      layout: `looped` (any length, depth as an input) or `unrolled`.
      length: tokens, of the unrolled layout only.
      overwrite: whether `out` may be replaced.

    Returns what `albert_edge.inspect` says of the file, and `verified`: for each target the figures of the comparison.
    Raises `CheckFailedError` if the file answers otherwise than the scheme allows, another `AlbertEdgeError` for bad
    input.
    """
    from converters.graph.layouts import Layout

    wanted_scheme, wanted_targets, wanted_layout = scheme_named(scheme), parse_targets(targets), Layout(layout, length)
    check_writable(out, overwrite)
    checkpoint = read_checkpoint(model)
    draft = _artifact(
        checkpoint, _flatbuffer(checkpoint, wanted_layout, wanted_scheme, wanted_targets), wanted_scheme, wanted_layout
    )
    verified = _verify(draft, checkpoint, wanted_scheme, wanted_targets)
    promised = tuple(target.label for target in wanted_targets)
    write_artifact(out, _artifact(checkpoint, draft.model, wanted_scheme, wanted_layout, promised))
    return {**inspect(Path(out)), "verified": verified}


def _flatbuffer(checkpoint: Checkpoint, layout: Layout, scheme: Scheme, targets: Sequence[Target]) -> bytes:
    """The model's flatbuffer with its metadata inside."""
    from converters import tflite
    from converters.flatbuffer import main_tensor_names, with_metadata
    from converters.graph.layouts import serving_function
    from converters.graph.network import Network
    from converters.metadata import METADATA_NAME, metadata_bytes

    layout.lengths(checkpoint.config)
    network = Network(checkpoint.config, checkpoint.tensors)
    model = tflite.flatbuffer(network, serving_function(network, checkpoint.task, layout), scheme, targets)
    inputs, outputs = main_tensor_names(model)
    metadata = metadata_bytes(
        name=f"ALBERT for {checkpoint.task}",
        description=f"{checkpoint.config.num_hidden_layers} layers of {checkpoint.config.hidden_size}, {scheme.name}",
        inputs=inputs,
        outputs=outputs,
        labels_file=LABELS_FILE,
        tokenizer_file=VOCABULARY_FILE,
    )
    return with_metadata(model, METADATA_NAME, metadata)


def _artifact(
    checkpoint: Checkpoint, model: Data, scheme: Scheme, layout: Layout, targets: Sequence[str] = ()
) -> Artifact:
    return make_artifact(
        model,
        task=checkpoint.task,
        config=checkpoint.config,
        tokenizer=checkpoint.tokenizer,
        scheme=scheme.name,
        layout=layout.kind,
        lengths=Lengths(*layout.lengths(checkpoint.config)),
        targets=targets,
    )


def _verify(
    artifact: Artifact, checkpoint: Checkpoint, scheme: Scheme, targets: Sequence[Target]
) -> list[dict[str, Any]]:
    """Compare with Keras on each target; the figures of each."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.predictor import BatchScorer
    from albert_edge.model.weights import load_state_dict
    from converters.verification import verified_on

    samples = sample_inputs(checkpoint.config, checkpoint.tokenizer, artifact.manifest.lengths.maximum)
    keras_model = build_model(checkpoint.config, checkpoint.task)
    load_state_dict(keras_model, checkpoint.tensors)
    reference = BatchScorer(keras_model).logits(samples)
    return [
        {
            "target": target.label,
            "relative_tolerance": scheme.relative_tolerance,
            **verified_on(target, artifact, samples, reference, scheme).to_dict(),
        }
        for target in targets
    ]

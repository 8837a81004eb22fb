"""From model folders to one verified `.tflite`: the public `convert`.

Plan (scheme, targets, layout), read the folders of the heads, round the weights for int8, write the network's graph,
let TensorFlow convert it, store the table of words once, add the metadata, put the artifact together, run it on every
target against Keras, and only then write the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Sequence

from albert_edge.artifact import Artifact, Head, Lengths, make_artifact, write_artifact
from albert_edge.artifact.inspection import inspect
from albert_edge.artifact.tables import Data
from albert_edge.files import PathLike, check_writable
from albert_edge.model.folder import Checkpoint
from converters.combination import read_heads
from converters.samples import sample_inputs
from converters.schemes import Scheme, scheme_named
from converters.targets import DEFAULT_TARGET, Target, parse_targets

if TYPE_CHECKING:
    from converters.graph.layouts import Layout

Checkpoints = tuple[Checkpoint, ...]
"""One a head; the first one's encoder and tokenizer are all heads'."""


def convert(
    model: PathLike,
    out: PathLike,
    *,
    task: Optional[str] = None,
    with_: Sequence[PathLike] = (),
    scheme: str = "dynamic-range",
    targets: Sequence[str] = (DEFAULT_TARGET,),
    layout: str = "looped",
    length: Optional[int] = None,
    pooling: Optional[str] = None,
    normalize: Optional[bool] = None,
    max_length: Optional[int] = None,
    stride: Optional[int] = None,
    no_answer_threshold: Optional[float] = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Convert a model folder into an artifact that was compared with it on every target.

    Args:
      model: a Hugging Face folder, or `hf:owner/name@revision`.
      out: the `.tflite` to write; nothing is written unless every check passes.
      task: what the file shall answer, long or short name; None is the folder's own task.
      with_: folders of further heads, `FOLDER` or `FOLDER=TASK`, trained on the same, frozen encoder.
      scheme: a name of `converters.schemes.SCHEMES`.
      targets: runtimes that shall run the file, as `litert` or `tflite-runtime==2.14.0`.
      layout: `looped` (any length, depth as an input) or `unrolled`.
      length: tokens, of the unrolled layout only.
      pooling, normalize, max_length, stride, no_answer_threshold: fields of `DeviceSettings` that the file shall have;
        None leaves the folder's.
      overwrite: whether `out` may be replaced.

    Returns what `albert_edge.inspect` says of the file, and `verified`: for each target the figures of the comparison.
    Raises `CheckFailedError` if the file answers otherwise than the scheme allows, another `AlbertEdgeError` for bad
    input.
    """
    wanted_scheme, wanted_targets = scheme_named(scheme), parse_targets(targets)
    check_writable(out, overwrite)
    settings = {
        "pooling": pooling,
        "normalize": normalize,
        "max_length": max_length,
        "stride": stride,
        "no_answer_threshold": no_answer_threshold,
    }
    heads = read_heads(model, task, with_, settings)
    # TensorFlow takes seconds to start: only now, that the files have been found to be right.
    from converters.graph.layouts import Layout

    wanted_layout = Layout(layout, length)
    flatbuffer = _flatbuffer(heads, wanted_layout, wanted_scheme, wanted_targets)
    draft = _artifact(heads, flatbuffer, wanted_scheme, wanted_layout)
    verified = _verify(draft, heads, wanted_scheme, wanted_targets)
    promised = tuple(target.label for target in wanted_targets)
    write_artifact(out, _artifact(heads, draft.model, wanted_scheme, wanted_layout, promised))
    return {**inspect(Path(out)), "verified": verified}


def _flatbuffer(checkpoints: Checkpoints, layout: Layout, scheme: Scheme, targets: Sequence[Target]) -> bytes:
    """The model's flatbuffer with its metadata inside."""
    from albert_edge.model.tensors import encoder_tensors
    from converters import tflite
    from converters.calibration import rounded_tensors
    from converters.flatbuffer import with_one_table, with_small_products_in_float32
    from converters.graph.heads import graph_heads, head_tensors, takes_masked_positions
    from converters.graph.layouts import serving_function
    from converters.graph.network import Network

    trunk = checkpoints[0]
    layout.lengths(trunk.config)
    heads = graph_heads({checkpoint.task: checkpoint.config for checkpoint in checkpoints})
    tensors = {spec.name: trunk.tensors[spec.name] for spec in encoder_tensors(trunk.config)}
    for head, checkpoint in zip(heads, checkpoints):
        tensors.update(head_tensors(head, checkpoint.tensors))
    is_int8 = scheme.weights == "int8"
    if is_int8:
        tensors = rounded_tensors(trunk.config, tensors, heads, all(target.per_channel for target in targets))
    network = Network(trunk.config, tensors, scaled_rows=is_int8)
    model = tflite.flatbuffer(network, serving_function(network, heads, layout), scheme, targets)
    model = with_one_table(model, network.table, uses=1 + takes_masked_positions(heads))
    if is_int8:
        model = with_small_products_in_float32(model, network.products, network.table.shape)
    return _with_metadata(model, checkpoints, scheme)


def _with_metadata(model: bytes, checkpoints: Checkpoints, scheme: Scheme) -> bytes:
    from albert_edge.artifact.manifest import LABELS_FILE
    from converters.flatbuffer import main_tensor_names, with_metadata
    from converters.graph.heads import graph_heads
    from converters.metadata import METADATA_NAME, OUTPUT_DESCRIPTIONS, TensorText, metadata_bytes

    config = checkpoints[0].config
    texts: dict[str, TensorText] = {}
    for number, head in enumerate(graph_heads({each.task: each.config for each in checkpoints})):
        for output, name in head.outputs.items():
            # labels.txt holds the first head's labels.
            labels = LABELS_FILE if number == 0 and head.task.has_labels else None
            texts[name] = TensorText(name, OUTPUT_DESCRIPTIONS[head.task.name][output], labels)
    inputs, outputs = main_tensor_names(model)
    metadata = metadata_bytes(
        name=f"ALBERT for {' and '.join(checkpoint.task for checkpoint in checkpoints)}",
        description=f"{config.num_hidden_layers} layers of {config.hidden_size}, {scheme.name}",
        inputs=inputs,
        outputs=[texts[name] for name in outputs],
        tokenizer_file=checkpoints[0].tokenizer.file_name,
    )
    return with_metadata(model, METADATA_NAME, metadata)


def _artifact(
    checkpoints: Checkpoints, model: Data, scheme: Scheme, layout: Layout, targets: Sequence[str] = ()
) -> Artifact:
    return make_artifact(
        model,
        heads=[Head(checkpoint.task, checkpoint.config) for checkpoint in checkpoints],
        tokenizer=checkpoints[0].tokenizer,
        scheme=scheme.name,
        layout=layout.kind,
        lengths=Lengths(*layout.lengths(checkpoints[0].config)),
        targets=targets,
    )


def _verify(
    artifact: Artifact, checkpoints: Checkpoints, scheme: Scheme, targets: Sequence[Target]
) -> list[dict[str, Any]]:
    """Compare with Keras on each target; the figures of each."""
    from converters.reference import reference_outputs
    from converters.verification import verified_on

    config = checkpoints[0].config
    samples = sample_inputs(config, checkpoints[0].tokenizer, artifact.manifest.lengths.maximum)
    reference = {each.task: reference_outputs(each, samples) for each in checkpoints}
    return [
        {
            "target": target.label,
            "relative_tolerance": scheme.relative_tolerance,
            **verified_on(target, artifact, samples, reference, scheme).to_dict(),
        }
        for target in targets
    ]

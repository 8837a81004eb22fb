"""What the TFLite Metadata of a conversion say: its tasks, its size, its inputs and outputs in the graph's order."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from albert_edge.artifact.manifest import LABELS_FILE
from albert_edge.model.folder import Checkpoint
from albert_edge.tasks import DEPTH_USED
from converters.flatbuffer import main_tensor_names, with_metadata
from converters.graph.heads import graph_heads
from converters.metadata import DEPTH_DESCRIPTION, METADATA_NAME, OUTPUT_DESCRIPTIONS, TensorText, metadata_bytes
from converters.schemes import Plan


def with_description(model: bytes, checkpoints: Sequence[Checkpoint], plan: Plan, options: Mapping[str, Any]) -> bytes:
    """The flatbuffer `model` with its metadata inside; `options`: a build's, of which `card` and `licence` count."""
    config = checkpoints[0].config
    texts = {DEPTH_USED: TensorText(DEPTH_USED, DEPTH_DESCRIPTION)}
    for number, head in enumerate(graph_heads({each.task: each.config for each in checkpoints})):
        for output, name in head.outputs.items():
            # labels.txt holds the first head's labels.
            labels = LABELS_FILE if number == 0 and head.task.has_labels else None
            texts[name] = TensorText(name, OUTPUT_DESCRIPTIONS[head.task.name][output], labels)
    inputs, outputs = main_tensor_names(model)
    metadata = metadata_bytes(
        name=f"ALBERT for {' and '.join(checkpoint.task for checkpoint in checkpoints)}",
        description=options.get("card")
        or f"{config.num_hidden_layers} layers of {config.hidden_size}, {plan.described}",
        inputs=inputs,
        outputs=[texts[name] for name in outputs],
        tokenizer_file=checkpoints[0].tokenizer.file_name,
        licence=options.get("licence") or "",
    )
    return with_metadata(model, METADATA_NAME, metadata)

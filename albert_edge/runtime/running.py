"""`run_packed`: one packed input through a session, and its outputs as the pipelines take them.

Between the two lies what the layouts differ in. `looped` takes the input at its exact length and all masks at once,
`unrolled` takes its one length, padded and masked, and one masked position a run. Leaves out long texts, which the
pipelines cut into inputs.

A graph that may stop early gives `depth_used` beside its head's outputs. It travels with them, as one of them, so that
whatever hands outputs on hands it on too, and `pipelines.base.depth_used` reads it for the prediction.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, Optional, Sequence

from albert_edge.artifact.exits import check_threshold
from albert_edge.errors import ConfigError, DataError
from albert_edge.tasks import DEPTH_USED, EXIT_THRESHOLD, MASKED_POSITIONS, output_names, task_named

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.artifact import Manifest
    from albert_edge.pipelines.base import Outputs
    from albert_edge.runtime.session import Session
    from albert_edge.text.packing import Packed

MAX_INT32 = 2**31 - 1


def run_packed(
    session: Session,
    manifest: Manifest,
    packed: Packed,
    max_depth: Optional[int] = None,
    exit_threshold: Optional[float] = None,
) -> dict[str, Outputs]:
    """Run `packed` on the model of `manifest` that `session` holds: task of each head -> its outputs.

    Outputs have the names of `tasks.Task.outputs`, float32 (integers of the graph are turned back) without the axis of
    texts and without padding; those of fill-mask have a row for each of `packed.masked_positions`, none without them.
    Of a file with an exit there is `depth_used` beside them, float32 [1], a whole number.

    `max_depth`: number of layers to apply at most, looped layout only; None, below 1 or above the model's means all.
    `exit_threshold`: the confidence to stop at, above 1 for never; None: the file's own. Raises `ConfigError` on a
    depth or threshold that isn't one and on a threshold for a file without an exit, `DataError` on ids, lengths or
    positions that the model doesn't take.
    """
    tokens = len(packed.input_ids)
    masks = 0 if packed.masked_positions is None else len(packed.masked_positions)
    parts: dict[str, dict[str, list[NDArray[Any]]]] = {head.task: {} for head in manifest.all_heads}
    for number, inputs in enumerate(_runs(manifest, packed, max_depth, exit_threshold)):
        arrays = _in_float32(manifest, session.run(inputs))
        for task in map(task_named, parts):
            for output, name in output_names(task, len(parts)).items():
                # Only a masked position's output differs from run to run.
                if number == 0 or "masks" in task.outputs[output]:
                    parts[task.name].setdefault(output, []).append(arrays[name][0])
    joined = {task: _joined(task, outputs, tokens, masks) for task, outputs in parts.items()}
    if manifest.exit:
        # Only the last run's, and the layout with an exit has one.
        joined[manifest.task] = {**joined[manifest.task], DEPTH_USED: arrays[DEPTH_USED]}
    return joined


def run_windows(
    task: str, inputs: Sequence[Packed], run: Callable[[Packed], Mapping[str, Outputs]]
) -> list[dict[str, NDArray[np.float32]]]:
    """What `run` gives of `task` for each of `inputs`, kept in one piece of memory an output.

    Small arrays that are kept between runs lie in the gaps that each run's own memory leaves, and hold those open: 100
    kB a window of 128 tokens were measured, where its output has 7.
    """
    import numpy as np

    stores: dict[str, bytearray] = {}
    shapes: list[dict[str, tuple[int, ...]]] = []
    for packed in inputs:
        outputs = run(packed)[task]
        for name, values in outputs.items():
            stores.setdefault(name, bytearray()).extend(values.tobytes())
        shapes.append({name: values.shape for name, values in outputs.items()})
    left = {name: np.frombuffer(store, np.float32) for name, store in stores.items()}
    windows = []
    for shape in shapes:
        window = {}
        for name, axes in shape.items():
            size = math.prod(axes)
            window[name], left[name] = left[name][:size].reshape(axes), left[name][size:]
        windows.append(window)
    return windows


def _joined(task: str, parts: dict[str, list[NDArray[Any]]], tokens: int, masks: int) -> Outputs:
    """The outputs of all runs as one, rows of padding and of masks that weren't asked for cut off."""
    import numpy as np

    joined: dict[str, NDArray[np.float32]] = {}
    for name, axes in task_named(task).outputs.items():
        rows = {"tokens": tokens, "masks": masks}.get(axes[0])
        values = parts[name][0] if len(parts[name]) == 1 else np.concatenate(parts[name])
        joined[name] = values[:rows]
    return joined


def _in_float32(manifest: Manifest, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """A run's outputs, those in integers as the numbers that they stand for."""
    import numpy as np

    stated = manifest.quantized_outputs
    found = {name: stated[name].dequantized(array) if name in stated else array for name, array in arrays.items()}
    if manifest.exit:
        found[DEPTH_USED] = found[DEPTH_USED].astype(np.float32)
    return found


def _runs(
    manifest: Manifest, packed: Packed, max_depth: Optional[int], exit_threshold: Optional[float]
) -> Iterator[dict[str, NDArray[Any]]]:
    """The inputs of each run."""
    takes_masks = manifest.takes_masks
    if not takes_masks:
        packed = dataclasses.replace(packed, masked_positions=None)
    threshold = _threshold(manifest, exit_threshold)
    if manifest.layout == "looped":
        yield {**_looped_inputs(packed, max_depth, takes_masks), **threshold}
        return
    if max_depth is not None:
        raise ConfigError(f"max_depth needs a model in the looped layout; received {max_depth} for an unrolled one")
    inputs = _padded_inputs(packed, manifest.lengths.maximum)
    if not takes_masks:
        yield inputs
        return
    for position in _positions(packed):
        yield {**inputs, MASKED_POSITIONS: position.reshape(1, 1)}


def _looped_inputs(packed: Packed, max_depth: Optional[int], takes_masks: bool) -> dict[str, NDArray[Any]]:
    import numpy as np

    inputs = {
        "input_ids": packed.input_ids[np.newaxis],
        "token_type_ids": packed.token_type_ids[np.newaxis],
        "max_depth": np.array([_depth(max_depth)], np.int32),
    }
    return {**inputs, MASKED_POSITIONS: _positions(packed)[np.newaxis]} if takes_masks else inputs


def _positions(packed: Packed) -> NDArray[np.int32]:
    """Those to be filled; the first token's where there are none, since the graph wants one."""
    import numpy as np

    positions = packed.masked_positions
    if positions is None or not len(positions):
        return np.zeros(1, np.int32)
    tokens = len(packed.input_ids)
    if not 0 <= positions.min() <= positions.max() < tokens:
        # The unrolled layout would take a position in its padding.
        raise DataError(f"{MASKED_POSITIONS} must be from 0 to {tokens - 1}; received {positions.tolist()}")
    return positions


def _padded_inputs(packed: Packed, length: int) -> dict[str, NDArray[Any]]:
    import numpy as np

    arrays = {
        "input_ids": packed.input_ids,
        "token_type_ids": packed.token_type_ids,
        "attention_mask": np.ones_like(packed.input_ids),
    }
    missing = length - len(packed.input_ids)
    if missing < 0:
        raise DataError(f"an input must have at most the file's {length} tokens; received {len(packed.input_ids)}")
    # Id 0 isn't the padding piece of every vocabulary, but the id of a token that nobody attends to must merely exist.
    return {name: np.pad(array, (0, missing))[np.newaxis] for name, array in arrays.items()}


def _threshold(manifest: Manifest, exit_threshold: Optional[float]) -> dict[str, NDArray[Any]]:
    """The further input of a file with an exit, float32 [1]; nothing for another."""
    import numpy as np

    if manifest.exit is None:
        if exit_threshold is not None:
            raise ConfigError(f"exit_threshold needs a file with an exit; received {exit_threshold!r} for one without")
        return {}
    threshold = manifest.exit.threshold if exit_threshold is None else exit_threshold
    check_threshold(threshold)
    # What float32 can't hold is as far above 1 as its largest.
    return {EXIT_THRESHOLD: np.array([min(threshold, np.finfo(np.float32).max)], np.float32)}


def _depth(max_depth: Optional[int]) -> int:
    """The graph takes 0 for "all layers", and a number that int32 can't hold must not reach it."""
    if max_depth is None:
        return 0
    try:
        depth = operator.index(max_depth)
    except TypeError as reason:
        raise ConfigError(f"max_depth must be a whole number or None; received {max_depth!r}") from reason
    return max(0, min(depth, MAX_INT32))

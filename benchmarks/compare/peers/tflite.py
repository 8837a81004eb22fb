"""This project's file in its own runtime, and the file that other exporters would make, in the same runtime.

Variant `looped` is what `albert-edge convert` writes by default. `unrolled` has each of the layers in it, one length
and a mask: made by this project's converter from the same block, which is kind to it, since exporters write that block
less tightly. A text of more tokens than its length is cut.
"""

from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np

PACKAGES = ("ai-edge-litert", "numpy")
FIXED_LENGTH = 128

OPTIONS: dict[str, dict[str, Any]] = {
    "looped": {"layout": "looped"},
    "unrolled": {"layout": "unrolled", "length": FIXED_LENGTH},
}


def imports() -> None:
    from ai_edge_litert import interpreter  # noqa: F401

    import albert_edge.artifact
    import albert_edge.runtime.interpreter  # noqa: F401


def prepare(model: Path, folder: Path, samples: Sequence[np.ndarray], variant: str) -> None:  # noqa: ARG001
    import albert_edge

    albert_edge.convert(model, folder / "model.tflite", scheme="dynamic-range", **OPTIONS[variant])


def check(folder: Path) -> Any:
    """The artifact with every hash and its tokenizer checked, which no peer does."""
    from albert_edge.artifact import read_artifact

    return read_artifact(folder / "model.tflite")


def load(artifact: Any, variant: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:  # noqa: ARG001
    from albert_edge.runtime.interpreter import open_session

    session = open_session(artifact, threads=1, runtime="ai_edge_litert")
    length = session.inputs["input_ids"].shape[1]
    depth = np.zeros(1, np.int32)

    def run(ids: np.ndarray, segments: np.ndarray) -> np.ndarray:
        arrays = {"input_ids": ids, "token_type_ids": segments, "attention_mask": np.ones_like(ids)}
        if length > 0:
            arrays = {name: _padded(array, length) for name, array in arrays.items()}
        inputs = {name: array.astype(np.int32) for name, array in arrays.items() if name in session.inputs}
        if "max_depth" in session.inputs:
            inputs["max_depth"] = depth
        return session.run(inputs)["logits"]

    return run


def _padded(array: np.ndarray, length: int) -> np.ndarray:
    """`array`, [1, T], as [1, length]: zeros behind, or cut."""
    kept = array[:, :length]
    return np.pad(kept, ((0, 0), (0, length - kept.shape[1])))

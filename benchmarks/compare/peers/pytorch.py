"""PyTorch: the traced model in float32, and with its linear layers in dynamic int8 (`quantize_dynamic`).

Traced, so that loading needs neither transformers nor the float weights. The tables of embeddings stay float32.
"""

from pathlib import Path
from typing import Callable, Sequence

import numpy as np

PACKAGES = ("torch", "transformers", "numpy")


def imports() -> None:
    import torch

    torch.set_num_threads(1)


def prepare(model: Path, folder: Path, samples: Sequence[np.ndarray], variant: str) -> None:  # noqa: ARG001
    import torch

    from benchmarks.compare.peers.transformers_model import classifier, example

    network = classifier(model)
    if variant == "int8":
        network = torch.ao.quantization.quantize_dynamic(network, {torch.nn.Linear}, dtype=torch.qint8)
    with torch.inference_mode():
        traced = torch.jit.trace(network, example())
    traced.save(str(folder / "model.pt"))


def load(folder: Path, variant: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:  # noqa: ARG001
    import torch

    torch.set_num_threads(1)
    model = torch.jit.load(str(folder / "model.pt"))

    def run(ids: np.ndarray, segments: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(ids), torch.from_numpy(segments)).numpy()

    return run

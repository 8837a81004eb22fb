"""ExecuTorch: `torch.export`, lowered to XNNPACK, in float32 and with dynamic int8 linear layers, per channel."""

import json
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np

PACKAGES = ("executorch", "torch", "torchao", "transformers")


def imports() -> None:
    import torch
    from executorch.runtime import Runtime  # noqa: F401

    torch.set_num_threads(1)


def prepare(model: Path, folder: Path, samples: Sequence[np.ndarray], variant: str) -> None:  # noqa: ARG001
    import torch
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    from benchmarks.compare.peers.transformers_model import classifier, example

    inputs = example()
    positions = json.loads((model / "config.json").read_text(encoding="utf-8"))["max_position_embeddings"]
    tokens = torch.export.Dim("tokens", min=2, max=positions)
    shapes = ({1: tokens}, {1: tokens})
    with torch.no_grad():
        exported = torch.export.export(classifier(model), inputs, dynamic_shapes=shapes, strict=False)
        if variant == "int8":
            exported = torch.export.export(_quantized(exported.module(), inputs), inputs, dynamic_shapes=shapes)
        lowered = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()])
    (folder / "model.pte").write_bytes(lowered.to_executorch().buffer)


def _quantized(module: Any, inputs: tuple[Any, ...]) -> Any:
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
        XNNPACKQuantizer,
        get_symmetric_quantization_config,
    )
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    config = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=True)
    prepared = prepare_pt2e(module, XNNPACKQuantizer().set_global(config))
    prepared(*inputs)
    return convert_pt2e(prepared)


def load(folder: Path, variant: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:  # noqa: ARG001
    import torch
    from executorch.extension.pybindings.portable_lib import _unsafe_reset_threadpool
    from executorch.runtime import Runtime

    _unsafe_reset_threadpool(1)
    method = Runtime.get().load_program(folder / "model.pte").load_method("forward")

    def run(ids: np.ndarray, segments: np.ndarray) -> np.ndarray:
        return method.execute([torch.from_numpy(ids), torch.from_numpy(segments)])[0].numpy().copy()

    return run

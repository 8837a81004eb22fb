"""ONNX Runtime: exported by PyTorch, fused by `onnxruntime.transformers.optimizer`, in float32 and dynamic int8.

The exporter is the one that traces, since the optimizer knows its patterns, and the graph has a mask, without which
attention is not fused (in the first layer it isn't with one either: a product stands before it, not a LayerNorm).
"""

import json
from pathlib import Path
from typing import Callable, Sequence

import numpy as np

PACKAGES = ("onnxruntime", "onnx", "torch", "transformers")
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OPSET = 17


def imports() -> None:
    import onnxruntime  # noqa: F401


def prepare(model: Path, folder: Path, samples: Sequence[np.ndarray], variant: str) -> None:  # noqa: ARG001
    from onnxruntime.transformers import optimizer

    exported = folder / "exported.onnx"
    _export(model, exported)
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    fused = optimizer.optimize_model(
        str(exported), model_type="bert", num_heads=config["num_attention_heads"], hidden_size=config["hidden_size"]
    )
    exported.unlink()
    if not fused.get_fused_operator_statistics()["Attention"]:
        raise ValueError("attention must be fused; the optimizer found none")
    fused.save_model_to_file(str(folder / "model.onnx"))
    if variant == "int8":
        _quantize(folder / "model.onnx")


def _export(model: Path, path: Path) -> None:
    import torch

    from benchmarks.compare.peers.transformers_model import classifier, example

    ids, segments = example()
    torch.onnx.export(
        classifier(model, masked=True, attention="eager"),
        (ids, torch.ones_like(ids), segments),
        str(path),
        input_names=list(INPUTS),
        output_names=["logits"],
        dynamic_axes={name: {1: "tokens"} for name in INPUTS},
        opset_version=OPSET,
        dynamo=False,
    )


def _quantize(path: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # The shapes of fused operators aren't inferred, and the quantizer asks for the type of each of their outputs.
    types = {"DefaultTensorType": onnx.TensorProto.FLOAT}
    quantize_dynamic(str(path), str(path), per_channel=True, weight_type=QuantType.QInt8, extra_options=types)


def load(folder: Path, variant: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:  # noqa: ARG001
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])

    def run(ids: np.ndarray, segments: np.ndarray) -> np.ndarray:
        return session.run(["logits"], dict(zip(INPUTS, (ids, np.ones_like(ids), segments))))[0]

    return run

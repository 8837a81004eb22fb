"""OpenVINO: its default precision (bf16 where the processor has it), and NNCF's post-training int8.

Both take any length. int8 is calibrated on the samples, with NNCF's settings for transformers.
"""

from pathlib import Path
from typing import Callable, Sequence

import numpy as np

PACKAGES = ("openvino", "nncf", "torch", "transformers")

ONE_THREAD = {
    "INFERENCE_NUM_THREADS": 1,
    "NUM_STREAMS": 1,
    "PERFORMANCE_HINT": "LATENCY",
    # Pinned to a core it would wait for whatever else runs there.
    "ENABLE_CPU_PINNING": False,
}


def imports() -> None:
    import openvino  # noqa: F401


def prepare(model: Path, folder: Path, samples: Sequence[np.ndarray], variant: str) -> None:
    import openvino

    from benchmarks.compare.peers.transformers_model import classifier, example

    ids, segments = example()
    any_length = [(name, [1, -1], openvino.Type.i64) for name in ("input_ids", "token_type_ids")]
    network = openvino.convert_model(
        classifier(model), example_input={"input_ids": ids, "token_type_ids": segments}, input=any_length
    )
    if variant == "int8":
        import nncf

        inputs = nncf.Dataset(list(samples), lambda each: {"input_ids": each, "token_type_ids": np.zeros_like(each)})
        network = nncf.quantize(
            network, inputs, model_type=nncf.ModelType.TRANSFORMER, subset_size=max(1, len(samples))
        )
    openvino.save_model(network, folder / "model.xml", compress_to_fp16=False)


def load(folder: Path, variant: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:  # noqa: ARG001
    import openvino

    request = openvino.Core().compile_model(folder / "model.xml", "CPU", ONE_THREAD).create_infer_request()

    def run(ids: np.ndarray, segments: np.ndarray) -> np.ndarray:
        outputs = request.infer({"input_ids": ids, "token_type_ids": segments}, share_inputs=True)
        return np.array(outputs[0])

    return run

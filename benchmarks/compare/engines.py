"""The engines by name, and their processes as the driver sees them."""

import dataclasses
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

import numpy as np

from albert_edge.errors import AlbertEdgeError
from albert_edge.runtime.children import ending
from albert_edge.runtime.frames import receive, send

ROOT = Path(__file__).resolve().parents[2]
_PEERS = "benchmarks.compare.peers"
TIMEOUT_S = 3600.0
"""Of an answer: lowering a model of base size takes minutes, and a peer that hangs must not hold the others up."""

ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TBB_NUM_THREADS"), "1"),
    "CUDA_VISIBLE_DEVICES": "",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclasses.dataclass(frozen=True)
class Engine:
    """A row of the comparison."""

    name: str
    title: str
    module: str
    variant: str
    is_ours: bool = False
    """Whether it runs in this project's environment, not in the peers'."""
    longest: int = 512
    """Tokens that it takes; longer texts are cut, and their answers not compared."""


ENGINES = (
    Engine("albert-edge", "this project, dynamic-range int8", f"{_PEERS}.tflite", "looped", is_ours=True),
    Engine("tflite-plain", "plain TFLite, padded to 128", f"{_PEERS}.tflite", "unrolled", True, longest=128),
    Engine("onnxruntime-float32", "ONNX Runtime, fused, float32", f"{_PEERS}.onnx_runtime", "float32"),
    Engine("onnxruntime-int8", "ONNX Runtime, fused, dynamic int8", f"{_PEERS}.onnx_runtime", "int8"),
    Engine("openvino-default", "OpenVINO, default precision", f"{_PEERS}.open_vino", "default"),
    Engine("openvino-int8", "OpenVINO, NNCF int8", f"{_PEERS}.open_vino", "int8"),
    Engine("pytorch-float32", "PyTorch, float32", f"{_PEERS}.pytorch", "float32"),
    Engine("pytorch-int8", "PyTorch, dynamic int8", f"{_PEERS}.pytorch", "int8"),
    Engine("executorch-float32", "ExecuTorch, XNNPACK, float32", f"{_PEERS}.execu_torch", "float32"),
    Engine("executorch-int8", "ExecuTorch, XNNPACK, dynamic int8", f"{_PEERS}.execu_torch", "int8"),
)


class EngineError(AlbertEdgeError):
    """An engine that can't do what it was asked: a row with this reason."""


class EngineProcess:
    """An engine in a fresh process of `python`; each method raises `EngineError` with its reason."""

    def __init__(self, engine: Engine, python: str) -> None:
        self.engine = engine
        self._messages = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        interpreter = sys.executable if engine.is_ours else python
        self._process = subprocess.Popen(
            [interpreter, "-m", "benchmarks.compare.child", engine.module, engine.variant],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(paths)},
        )

    @property
    def pid(self) -> int:
        """Of the process, to look at its memory."""
        return self._process.pid

    def imports(self) -> dict[str, str]:
        """Import the engine: package -> version."""
        versions: dict[str, str] = self._ask({"action": "imports"})[0]["versions"]
        return versions

    def prepare(self, model: Path, folder: Path, samples: Sequence[np.ndarray]) -> None:
        """Make the engine's files in `folder`, which is there."""
        arrays = {f"{index:06}": sample for index, sample in enumerate(samples)}
        self._ask({"action": "prepare", "model": str(model.resolve()), "folder": str(folder.resolve())}, arrays)

    def load(self, folder: Path) -> tuple[float, float]:
        """Load those files: milliseconds of that, and of the checks before it (0 of an engine without any)."""
        fields = self._ask({"action": "load", "folder": str(folder.resolve())})[0]
        return fields["load_ms"], fields["check_ms"]

    def run(self, ids: np.ndarray, times: int = 1) -> tuple[list[float], np.ndarray]:
        """One request `times` times, ids int64 [1, T]: milliseconds of each, and logits [labels]."""
        arrays = {"input_ids": ids, "token_type_ids": np.zeros_like(ids)}
        fields, outputs = self._ask({"action": "run", "times": times}, arrays)
        return fields["raw_ms"], outputs["logits"][0]

    def close(self) -> None:
        """End the process; closing twice is no error."""
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:
                continue
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._messages.close()

    def __enter__(self) -> "EngineProcess":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _ask(
        self, fields: Mapping[str, Any], arrays: Optional[Mapping[str, np.ndarray]] = None
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        timer = threading.Timer(TIMEOUT_S, self._process.kill)
        timer.start()
        try:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            send(self._process.stdin, fields, arrays or {})
            answer = receive(self._process.stdout)
        except BrokenPipeError:
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            raise EngineError(f"{fields['action']}: {self._ending()}")
        if "error" in answer[0]:
            raise EngineError(f"{fields['action']}: {answer[0]['error']}")
        return answer

    def _ending(self) -> str:
        code = self._process.wait()
        self._messages.seek(0)
        return ending(code, "the engine", self._messages.read())

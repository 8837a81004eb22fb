"""What this project promises beside its peers, base shape, and whether a run's figures keep it.

A figure is this project's divided by the peer's, medians of one run. A promise about several engines is about the best
of those that ran; one about engines none of which ran is neither kept nor broken.
"""

import dataclasses
import statistics
from typing import Any, Callable, Mapping, Optional, Sequence

from albert_edge.harness.latency import quantile
from albert_edge.harness.walks import mean_ms

OURS = "albert-edge"
Rows = Mapping[str, Mapping[str, Any]]

ONNX_RUNTIME = ("onnxruntime-float32", "onnxruntime-int8")
PYTORCH = ("pytorch-float32", "pytorch-int8")
OPENVINO = ("openvino-default", "openvino-int8")
PLAIN = "tflite-plain"
EXECUTORCH = ("executorch-float32", "executorch-int8")


@dataclasses.dataclass(frozen=True)
class Promise:
    """At most `limit` times the figure of the best of `peers`."""

    what: str
    figure: Callable[[Mapping[str, Any]], Optional[float]]
    peers: Sequence[str]
    limit: float


def p50_at(tokens: int) -> Callable[[Mapping[str, Any]], Optional[float]]:
    """The median at that length."""

    def figure(row: Mapping[str, Any]) -> Optional[float]:
        raw_ms = row.get("raw_ms", {}).get(str(tokens))
        return quantile(raw_ms, 0.5) if raw_ms else None

    return figure


def mix_ms(row: Mapping[str, Any]) -> Optional[float]:
    """The mean over the texts of a data file."""
    return mean_ms(row["mix_raw_ms"]) if row.get("mix_raw_ms") else None


def load_ms(row: Mapping[str, Any]) -> Optional[float]:
    """From the path to an engine that is ready, without the check of the file that only this project has."""
    return statistics.median(row["load_ms"]) if row.get("load_ms") else None


def rss_above_mb(row: Mapping[str, Any]) -> Optional[float]:
    """What the model adds to the engine that is only imported, an answer of 128 tokens included."""
    if not row.get("rss_mb"):
        return None
    return statistics.median(row["rss_mb"]) - statistics.median(row["bare_rss_mb"])


PROMISES = (
    *(
        Promise(f"p50 at {tokens} tokens, of {name}'s best", p50_at(tokens), peers, limit)
        for name, peers in (("ONNX Runtime", ONNX_RUNTIME), ("PyTorch", PYTORCH))
        for tokens, limit in ((16, 0.45), (64, 0.7), (128, 0.7))
    ),
    *(
        Promise(f"p50 at {tokens} tokens, of OpenVINO's NNCF int8", p50_at(tokens), ("openvino-int8",), limit)
        for tokens, limit in ((16, 0.9), (64, 1.05), (128, 1.25))
    ),
    Promise("mean over the mix of lengths, of the plain export's", mix_ms, (PLAIN,), 0.4),
    Promise(
        "memory above the engine, of the smallest peer's",
        rss_above_mb,
        (PLAIN, *ONNX_RUNTIME, *OPENVINO, *PYTORCH, *EXECUTORCH),
        0.7,
    ),
    Promise("load, of OpenVINO's fastest", load_ms, OPENVINO, 0.1),
)


def verdicts(rows: Rows) -> list[dict[str, Any]]:
    """For each promise `what, limit, peer, ratio, verdict` (`pass`, `miss`, `not measured`)."""
    return [_judged(promise, rows) for promise in PROMISES]


def _judged(promise: Promise, rows: Rows) -> dict[str, Any]:
    found = {name: promise.figure(rows[name]) for name in promise.peers if name in rows}
    measured = {name: figure for name, figure in found.items() if figure is not None}
    ours = promise.figure(rows.get(OURS, {}))
    stated = {"what": promise.what, "limit": promise.limit}
    if ours is None or not measured:
        return {**stated, "peer": None, "ratio": None, "verdict": "not measured"}
    best = min(measured, key=lambda name: measured[name])
    ratio = ours / measured[best]
    return {**stated, "peer": best, "ratio": ratio, "verdict": "pass" if ratio <= promise.limit else "miss"}

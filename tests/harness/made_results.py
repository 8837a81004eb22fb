"""Results that no run made, for the report's tests: any number of files of one model, every value drawn from a seed."""

from __future__ import annotations

import random
import statistics
from typing import Any, Optional

from albert_edge.harness.results import SHAPE, check_result

LABELS = ["Business", "Sci/Tech", "Sports & more", "World"]


def made_result(scheme: str = "dynamic-range", seed: int = 1, speed: float = 1.0, **changes: Any) -> dict[str, Any]:
    """A result of the classifier with `LABELS`; `changes` replace keys."""
    draw = random.Random(seed)
    correct = [int(draw.random() < 0.86) for _ in range(500)]
    rss = draw.uniform(50, 90)
    result: dict[str, Any] = dict.fromkeys(SHAPE)
    result.update(
        schema_version=2,
        kind="bench",
        created="2026-11-24T18:00:00Z",
        file=f"{scheme}.tflite",
        file_bytes=draw.randint(4_000_000, 20_000_000),
        sha256=f"{seed:064x}",
        model_bytes=draw.randint(3_000_000, 4_000_000),
        task="text-classification",
        tasks=["text-classification"],
        scheme=scheme,
        layout="looped",
        runtime="ai-edge-litert 2.3.0",
        threads=1,
        load_ms=draw.uniform(5, 50),
        open_ms=draw.uniform(50, 90),
        rss_mb=rss,
        peak_rss_mb=rss + draw.uniform(1, 20),
        rss_above_runtime_mb=rss - 38.4,
        peak_above_runtime_mb=rss - 30.1,
        rss_tokens=128,
        weights={
            "unique_bytes": draw.randint(3_000_000, 4_000_000),
            "packed_bytes": draw.randint(3_000_000, 4_000_000),
            "copies": 1,
            "activation_bytes": draw.randint(500_000, 900_000),
            "how": "made up",
        },
        lengths=[_length(draw, tokens, speed) for tokens in (16, 64, 128)],
        thread_scaling=[{"threads": number, **_without(_length(draw, 64, speed / number))} for number in (1, 2)],
        mix=_mix(draw, speed),
        sustained={"seconds": 30.0, "tokens": 64, "windows": [_window(draw, start) for start in (0.0, 10.0, 20.0)]},
        accuracy={
            "data": "dev.tsv",
            "data_sha256": "d" * 64,
            "task": "text-classification",
            "metric": "macro_f1" if scheme == "macro" else "accuracy",
            "value": statistics.fmean(correct),
            "examples": len(correct),
            "report": {},
            "correct": correct,
            "confusion": {"labels": LABELS, "matrix": [[draw.randint(0, 90) for _ in LABELS] for _ in LABELS]},
        },
        agreement={
            "reference": "float32.tflite",
            "reference_sha256": "e" * 64,
            "examples": 500,
            "top1_agreement": draw.uniform(0.9, 1),
            "max_abs_difference": 0.2,
            "mean_abs_difference": 0.01,
            "kl": 0.001,
        },
        cost={"instructions": 62_123_456, "tokens": 64, "tool": "callgrind", "cpu": "x86", "tool_version": "3.19"},
        warnings=["16 tokens: the result may be unstable, p90 is 40% above p50"],
        environment={"cpu_model": "Arm Cortex-A72", "cpu_cores": 4, "architecture": "aarch64", "board": None},
        raw={key: [] for key in ("load_ms", "open_ms", "rss_mb", "peak_rss_mb", "bare_rss_mb")},
    )
    return check_result({**result, **changes})


def _times(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {f"p{share}_ms": ordered[max(0, -(-share * len(ordered) // 100) - 1)] for share in (50, 90, 99)}


def _length(draw: random.Random, tokens: int, speed: float) -> dict[str, Any]:
    raw = [draw.lognormvariate(0, 0.1) * tokens / 10 * speed for _ in range(60)]
    warm = [value * 1.5 for value in raw[:3]]
    return {
        "tokens": tokens,
        **_times(raw),
        "min_ms": min(raw),
        "runs": len(raw),
        "first_ms": warm[0],
        "raw_ms": raw,
        "warmup_ms": warm,
    }


def _without(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("first_ms", "warmup_ms")}


def _mix(draw: random.Random, speed: float) -> Optional[dict[str, Any]]:
    raw = [draw.lognormvariate(1, 0.4) * speed for _ in range(200)]
    mean = statistics.fmean(raw)
    facts = {"data": "dev.tsv", "data_sha256": "d" * 64, "texts": len(raw), "mean_tokens": 41.5}
    return {**facts, "mean_ms": mean, **_times(raw), "raw_ms": raw}


def _window(draw: random.Random, start: float) -> dict[str, Any]:
    rate = draw.uniform(50, 90)
    return {
        "start_s": start,
        "queries": int(rate * 10),
        "p50_ms": 1000 / rate,
        "queries_per_s": rate,
        "temperature_c": draw.uniform(40, 80),
        "clock_mhz": None,
    }

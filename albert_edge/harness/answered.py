"""`python -m albert_edge.harness.answered FILE TEXTS ANSWERS`: what a classifier answers on a device, in full.

TEXTS is a JSON list. ANSWERS gets a JSON object: `runtime`, and of each text `ids`, `logits` and `label`, of a long one
those of its first window. `differences` holds two such answers against each other. Leaves out other tasks.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Mapping, Optional, Sequence

from albert_edge.errors import ConfigError
from albert_edge.files import PathLike, atomic_write, read_bytes


def answers(path: PathLike, texts: Sequence[str], runtime: Optional[str] = None) -> dict[str, Any]:
    """What the text-classification .tflite `path` answers to `texts`; raises `ConfigError` for another task's file."""
    from albert_edge.runtime.predictor import load
    from albert_edge.runtime.predictors import Classifier

    with load(path, runtime=runtime) as predictor:
        if not isinstance(predictor, Classifier):
            raise ConfigError(f"a file to be answered in full must be a classifier; received {predictor.tasks}")
        packed = [predictor.pack(text) for text in texts]
        rows = [
            {
                "ids": each.input_ids.tolist(),
                "logits": [float(value) for value in predictor.logits(each)],
                "label": predictor.predict(text).to_dict()["label"],
            }
            for text, each in zip(texts, packed)
        ]
        return {"runtime": predictor.runtime, "answers": rows}


def differences(
    device: Mapping[str, Any], host: Mapping[str, Any], reference: Mapping[str, Any], gap: float
) -> dict[str, Any]:
    """How the answers of a device differ from the host's, both of one file, and `reference` is its float model's.

    A label counts only where the reference's two largest logits lie more than `gap` apart: nearer ones say nothing.
    Returns `texts`, `ids_equal`, `labels_judged`, `labels_equal` of those, `labels_equal_of_all`, and
    `max_logit_difference`.
    """
    rows = list(zip(device["answers"], host["answers"], reference["answers"]))
    if not len(rows) == len(device["answers"]) == len(host["answers"]) == len(reference["answers"]):
        raise ConfigError("answers to compare must be to the same texts; received other numbers of them")
    judged = [(mine, other) for mine, other, known in rows if _gap(known["logits"]) > gap]
    return {
        "texts": len(rows),
        "ids_equal": sum(mine["ids"] == other["ids"] for mine, other, _ in rows),
        "labels_judged": len(judged),
        "labels_equal": sum(mine["label"] == other["label"] for mine, other in judged),
        "labels_equal_of_all": sum(mine["label"] == other["label"] for mine, other, _ in rows),
        "max_logit_difference": max(
            abs(one - two) for mine, other, _ in rows for one, two in zip(mine["logits"], other["logits"])
        ),
    }


def _gap(logits: Sequence[float]) -> float:
    second, first = sorted(logits)[-2:]
    return first - second


def main(arguments: Sequence[str]) -> None:
    """The three paths of the module's command line."""
    path, texts, out = arguments
    found = answers(path, json.loads(read_bytes(texts)))
    atomic_write(out, json.dumps(found).encode())


if __name__ == "__main__":
    main(sys.argv[1:])

"""Each engine's files, made once from the model and kept while the model and the engine's packages stay the same."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, Sequence

import click
import numpy as np

from albert_edge.files import atomic_write
from albert_edge.model.checkpoint import weights_file
from benchmarks.compare.engines import Engine, EngineProcess

RECORD = "prepared.json"


def prepared(
    engine: Engine, python: str, model: Path, folder: Path, samples: Sequence[np.ndarray]
) -> tuple[Path, dict[str, str]]:
    """The folder with the engine's files, and the versions of its packages; raises `EngineError` where it can't be.

    A process that dies half-way leaves nothing that would be taken for its files.
    """
    target, partial = folder / engine.name, folder / f"{engine.name}.partial"
    with EngineProcess(engine, python) as process:
        versions = process.imports()
        request = {"model": model_sha256(model), "versions": versions, "samples": _samples_sha256(samples)}
        if _recorded(target) == request:
            return target, versions
        click.echo(f"making the files of {engine.name}", err=True)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        process.prepare(model, partial, samples)
    atomic_write(partial / RECORD, json.dumps(request, indent=1).encode())
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return target, versions


def file_bytes(folder: Path) -> int:
    """Of all that the engine loads."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.name != RECORD)


def model_sha256(model: Path) -> str:
    """Of the folder's weights and configuration together."""
    content = weights_file(model).read_bytes() + (model / "config.json").read_bytes()
    return hashlib.sha256(content).hexdigest()


def _samples_sha256(samples: Sequence[np.ndarray]) -> str:
    return hashlib.sha256(b"".join(sample.tobytes() for sample in samples)).hexdigest()


def _recorded(folder: Path) -> Any:
    path = folder / RECORD
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

"""Artifacts and predictors for the runtime's tests, on every interpreter that is installed."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "artifact"))

from small_models import FILES, TASK_FILES, small_artifact

from albert_edge.artifact import write_artifact
from albert_edge.runtime.interpreter import PACKAGES


def is_usable(runtime: str) -> bool:
    package = PACKAGES[runtime]
    if package.needs_numpy_1 and not np.__version__.startswith("1."):
        return False
    return importlib.util.find_spec(runtime) is not None


@pytest.fixture(scope="session")
def artifact_paths(tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("artifacts")
    paths = {name: folder / f"{name}.tflite" for name in (*FILES, *TASK_FILES)}
    for name, path in paths.items():
        write_artifact(path, small_artifact(name))
    return paths


@pytest.fixture(scope="session", params=["ai_edge_litert", "tflite_runtime"])
def runtime(request) -> str:
    """Each interpreter in turn."""
    if not is_usable(request.param):
        pytest.skip(f"needs {request.param}, which isn't installed, or not for this numpy")
    return request.param

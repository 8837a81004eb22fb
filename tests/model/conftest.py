"""Fixtures of the model's tests."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(golden, tmp_path):
    """A copy of a golden checkpoint that may be damaged."""
    source = golden / "base_like" / "sequence_classification"
    target = tmp_path / "model"
    target.mkdir()
    for name in ("config.json", "model.safetensors", "spiece.model"):
        shutil.copyfile(source / name, target / name)
    return target


@pytest.fixture(scope="session")
def transformers_python() -> str:
    """The interpreter of an environment with transformers and PyTorch."""
    own = ROOT / ".venv-transformers" / "bin" / "python"
    found = os.environ.get("ALBERT_EDGE_TRANSFORMERS_PYTHON") or (str(own) if own.exists() else None)
    if found is None:
        pytest.skip(
            "needs an environment with transformers and PyTorch: run `make transformers-env`, or set "
            "ALBERT_EDGE_TRANSFORMERS_PYTHON to the Python of one"
        )
    return found

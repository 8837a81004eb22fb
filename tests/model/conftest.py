"""Fixtures of the model's tests."""

import shutil

import pytest


@pytest.fixture
def folder(golden, tmp_path):
    """A copy of a golden checkpoint that may be damaged."""
    source = golden / "base_like" / "sequence_classification"
    target = tmp_path / "model"
    target.mkdir()
    for name in ("config.json", "model.safetensors", "spiece.model"):
        shutil.copyfile(source / name, target / name)
    return target

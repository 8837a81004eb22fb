"""Fixtures of the checkpoints' tests."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tf1_folder(golden) -> Path:
    """google-research/albert's layout: the tensors of golden/base_like/pretraining."""
    return golden / "base_like" / "google_tf1"


@pytest.fixture(scope="session")
def pretraining_folder(golden) -> Path:
    """The same model in Hugging Face's layout."""
    return golden / "base_like" / "pretraining"

"""Fixtures that every part's tests share: where golden files and data sets lie."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def golden() -> Path:
    """Reference checkpoints and token ids, copied into the tests."""
    return ROOT / "tests" / "golden"


@pytest.fixture(scope="session")
def topics() -> Path:
    """The embedded data set with train.tsv, dev.tsv and test.tsv."""
    return ROOT / "examples" / "topics"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Public data sets that are not part of the project."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("needs the data sets in ../shared/data, which are not here")
    return folder


@pytest.fixture(scope="session")
def spm_30k(golden: Path) -> Path:
    """ALBERT's own SentencePiece model, 30,000 pieces."""
    return golden / "albert_spm" / "30k-clean.model"

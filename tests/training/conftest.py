"""What several files of this folder start from, made once."""

import pytest
from corpora import write_made_corpus


@pytest.fixture(scope="session")
def vocab(golden):
    return golden / "base_like" / "masked_lm" / "spiece.model"


@pytest.fixture(scope="session")
def corpora(vocab, tmp_path_factory):
    """Two small corpora of made text, `train` and `held-out`."""
    return write_made_corpus(tmp_path_factory.mktemp("corpus"), vocab)

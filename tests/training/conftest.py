"""What several files of this folder start from, made once."""

import dataclasses

import pytest
from corpora import OTHER_WORDS, write_made_corpus


@pytest.fixture(scope="session")
def vocab(golden):
    return golden / "base_like" / "masked_lm" / "spiece.model"


@pytest.fixture(scope="session")
def corpora(vocab, tmp_path_factory):
    """Two small corpora of made text, `train` and `held-out`."""
    return write_made_corpus(tmp_path_factory.mktemp("corpus"), vocab)


@pytest.fixture(scope="session")
def domain_corpora(vocab, tmp_path_factory):
    """The same of a text in other words, in a folder `law`: the corpora's names in reports come from their folders."""
    folder = tmp_path_factory.mktemp("domain")
    found = write_made_corpus(folder, vocab, topics=(OTHER_WORDS,))
    (folder / "corpus").rename(folder / "law")
    return {name: dataclasses.replace(corpus, folder=folder / "law" / name) for name, corpus in found.items()}

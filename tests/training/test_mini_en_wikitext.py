"""WikiText as plain text: where documents begin, and what becomes of its own signs."""

import runpy
from pathlib import Path

import pytest

from albert_edge.text.tokenizer import open_tokenizer

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "mini_en" / "wikitext.py"


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(EXAMPLE))


def test_a_page_is_plain_text(example):
    lines = [
        " = A page = \n",
        " \n",
        " = = A part = = \n",
        ' The " old " ship , 10 @,@ 000 tons ( 1900 ) , well @-@ built . \n',
    ]
    assert list(example["plain"](lines)) == ["", 'The "old" ship, 10,000 tons (1900), well-built.']


def test_a_rare_word_is_one_unknown_piece(example, spm_30k):
    tokenizer = open_tokenizer(spm_30k)
    (line,) = example["plain"](["The <unk> went home ."])
    ids = tokenizer.ids(line)
    assert [tokenizer.id_to_piece(each) for each in ids] == ["▁the", "▁", "<unk>", "▁went", "▁home", "."]
    assert ids.count(tokenizer.unk_id) == 1

"""WikiText as plain text: where documents begin, and what becomes of its own signs."""

import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from albert_edge.text.tokenizer import open_tokenizer

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "mini_en" / "wikitext.py"


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


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize(("code", "left"), [(0, ["built.txt", "wikitext2.txt"]), (1, ["wikitext2.part"])])
def test_half_a_text_is_never_built_from(tmp_path, code, left):
    """A program that fails on its way leaves no text that the next `make mini-en` would take for a whole one."""
    for name, body in (("python", f"echo half; exit {code}"), ("albert-edge", 'echo "$@" > "$(dirname $2)/built.txt"')):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        program.chmod(0o755)
    out = tmp_path / "out"
    names = [f"BIN={tmp_path / 'bin'}", f"MINI_EN={out}", "DATA=data"]
    done = subprocess.run(["make", "-o", "setup", *names, str(out / "wikitext2")], cwd=ROOT, capture_output=True)
    assert (done.returncode == 0) is (code == 0)
    assert sorted(path.name for path in out.iterdir()) == left

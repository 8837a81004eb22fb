"""`albert-edge tokenize` and `albert-edge vocab` as processes: output, errors, exit codes."""

import json
import subprocess
import sys

import pytest
from text_samples import golden_rows


def run(*arguments, stdin=b""):
    command = [sys.executable, "-m", "albert_edge", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False)


def one_error_line(result):
    assert result.returncode == 2
    lines = result.stderr.decode().splitlines()
    assert "Traceback" not in result.stderr.decode()
    return lines[-1]


def test_tokenize_prints_one_object_a_line_of_standard_input(spm_30k, golden):
    # A row's text may hold a line feed, which would be two lines here.
    rows = [row for row in golden_rows(golden) if "\n" not in row["text"] and not row["text"].endswith("\r")]
    assert len(rows) > 800
    stdin = "".join(row["text"] + "\n" for row in rows).encode()
    result = run("tokenize", spm_30k, "--json", stdin=stdin)
    assert result.returncode == 0, result.stderr
    printed = [json.loads(line) for line in result.stdout.decode().split("\n")[:-1]]
    assert [list(row) for row in printed] == [["text", "ids", "pieces", "offsets"]] * len(rows)
    assert [row["ids"] for row in printed] == [row["ids"] for row in rows]


def test_tokenize_takes_arguments_or_a_file(spm_30k, tmp_path):
    file = tmp_path / "lines.txt"
    file.write_bytes(b"Oil prices\r\n\n")
    from_file = run("tokenize", spm_30k, "--file", file, "--json").stdout
    assert from_file == run("tokenize", spm_30k, "Oil prices", "", "--json").stdout
    assert json.loads(from_file.splitlines()[0])["offsets"] == [[0, 3], [4, 10]]


def test_tokenize_prints_a_table(spm_30k):
    result = run("tokenize", spm_30k, "Café ½")
    assert result.stdout.decode().splitlines() == [
        "Café ½",
        "  id  piece  characters  text",
        "6241  ▁cafe         0-4  Café",
        " 137  ▁1            5-6  ½",
        "   1  ⁄             5-6  ½",
        " 135  2             5-6  ½",
        "",
    ]


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        ((), b"ok\n\xff\n", "standard input:2: text must be UTF-8; received the byte 0xff after 0 bytes of the line"),
        (("--file", "none.txt"), b"", "the file must be readable; received 'none.txt' (No such file or directory)"),
        (("a", "--file", "b"), b"", "texts must come from arguments or from --file; received both"),
        ((b"a\xffb".decode("utf-8", "surrogateescape"),), b"", "received the lone surrogate '\\udcff' at character 1"),
    ],
    ids=["bytes", "no file", "two sources", "argument"],
)
def test_tokenize_explains_bad_input_in_one_line(spm_30k, arguments, stdin, message):
    assert message in one_error_line(run("tokenize", spm_30k, *arguments, "--json", stdin=stdin))


def test_tokenize_with_the_rules_of_another(spm_30k, golden):
    result = run("tokenize", spm_30k, "re-do [MASK]", "--rules", "huggingface", "--json")
    assert json.loads(result.stdout)["pieces"] == ["▁re", "-", "▁do", "[MASK]"]
    result = run("tokenize", golden / "wordpiece" / "vocab.txt", "今天 [MASK]", "--json")
    assert json.loads(result.stdout)["pieces"][:3] == ["今", "天", "["]
    assert "'bert' is not one of" in one_error_line(run("tokenize", spm_30k, "a", "--rules", "bert"))


def test_tokenize_needs_a_tokenizer(tmp_path):
    assert "must hold spiece.model, vocab.txt or tokenizer.json" in one_error_line(run("tokenize", tmp_path, "a"))


def test_vocab_prints_results_alone(golden, tmp_path):
    source, out = tmp_path / "texts.txt", tmp_path / "spiece.model"
    texts = [" ".join(row["text"].split()) for row in golden_rows(golden)[:300]]
    source.write_text("\n".join(texts), encoding="utf-8")
    result = run("vocab", source, "--out", out, "--size", "900", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["size"] == 900
    assert result.stderr.decode() == "training a vocabulary\n"
    assert "must not exist unless --overwrite" in one_error_line(run("vocab", source, "--out", out))
    refused = run("vocab", source, "--out", tmp_path / "b.model", "--cased")
    assert "must fill the vocabulary's size, at most" in one_error_line(refused)
    smaller = run("vocab", source, "--out", out, "--overwrite", "--at-most", "--keep-accents")
    assert smaller.stdout.decode().splitlines()[0].split() == ["vocabulary", "pieces", "bytes"]
    assert json.loads((tmp_path / "tokenizer_config.json").read_text())["keep_accents"] is True


@pytest.mark.parametrize("name", ["tokenize", "vocab"])
def test_help_ends_with_an_example(name):
    text = run(name, "--help").stdout.decode()
    assert f"Example:\n    albert-edge {name} " in text

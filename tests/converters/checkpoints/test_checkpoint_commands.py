"""`albert-edge import` and `export`."""

import json
import os
import pickle

import pytest
from click.testing import CliRunner

from albert_edge.cli import cli
from albert_edge.errors import FolderError


def run(*arguments):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_import_and_export(tf1_folder, tmp_path):
    done = run("import", tf1_folder, "--out", tmp_path / "model", "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    assert list(report) == [
        *("folder", "format", "weights", "task", "class", "labels", "tensors", "parameters", "made", "dropped"),
        "tokenizer",
    ]
    assert (report["format"], report["task"], report["parameters"]) == ("google-tf1", "pretraining", 41130)
    done = run("export", tmp_path / "model", "--format", "google-tf1", "--out", tmp_path / "ckpt", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["tensors"] == 33
    assert sorted(path.name for path in (tmp_path / "ckpt").iterdir()) == [
        *("30k-clean.model", "albert_config.json", "checkpoint"),
        *("model.ckpt-best.data-00000-of-00001", "model.ckpt-best.index", "tokenizer_config.json"),
    ]


def test_the_table_shows_what_was_dropped(tf1_folder, tmp_path):
    done = run("import", tf1_folder, "--out", tmp_path / "model", "--task", "embed")
    assert done.exit_code == 0, done.output
    assert "AlbertModel from google-tf1 (model.ckpt-best), 25 tensors" in done.output
    assert "cls/seq_relationship/output_bias" in done.output
    assert "of the head for pretraining" in done.output
    done = run("export", tmp_path / "model", "--format", "huggingface", "--out", tmp_path / "plain")
    assert "AlbertModel as huggingface, 25 tensors" in done.output


def test_options_reach_the_function(golden_folder, tmp_path):
    done = run(
        *("import", golden_folder, "--out", tmp_path / "model", "--labels", "a, b,c,d,e", "--cased", "--keep-accents"),
        *("--tokenizer-rules", "huggingface", "--format", "huggingface", "--json"),
    )
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    assert report["labels"] == ["a", "b", "c", "d", "e"]
    options = json.loads((tmp_path / "model" / "tokenizer_config.json").read_text())
    assert (options["tokenizer_rules"], options["do_lower_case"], options["keep_accents"]) == (
        "huggingface",
        False,
        True,
    )


class Harm:
    def __reduce__(self):
        return os.system, ("touch harm",)


def test_a_malicious_folder_does_nothing(golden_folder, tmp_path, monkeypatch):
    """A whole model folder whose pytorch_model.bin would create a file if it were unpickled."""
    from albert_edge.model.folder import read_checkpoint

    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    for name in ("config.json", "spiece.model"):
        (tmp_path / "model" / name).write_bytes((golden_folder / name).read_bytes())
    (tmp_path / "model" / "pytorch_model.bin").write_bytes(pickle.dumps({"classifier.weight": Harm()}))
    done = run("import", tmp_path / "model", "--out", tmp_path / "out")
    assert isinstance(done.exception, FolderError)
    assert done.exception.exit_code == 2
    assert "must hold tensors only" in str(done.exception)
    with pytest.raises(FolderError, match="must hold tensors only"):
        read_checkpoint(tmp_path / "model")
    assert not (tmp_path / "harm").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--task", "parsing"), "task must be one of"),
        (("--task", "token-classification"), "a checkpoint for token-classification must hold"),
        (("--labels", "a,b"), "labels must be as many as the head has outputs, 5"),
        (("--config", "x.json"), "--config may be given for a TensorFlow checkpoint"),
        (("--format", "google-tf1"), "a checkpoint must be google-tf1"),
    ],
)
def test_bad_use_is_named(golden_folder, tmp_path, arguments, complaint):
    done = run("import", golden_folder, "--out", tmp_path / "model", *arguments)
    assert complaint in str(done.exception), done.output
    assert not (tmp_path / "model").exists()

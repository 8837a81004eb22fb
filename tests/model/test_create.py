"""Models with random weights, and the two commands."""

import json

import pytest
from click.testing import CliRunner

import albert_edge
from albert_edge.cli import cli
from albert_edge.errors import ConfigError, FolderError, TokenizerError
from albert_edge.model.folder import read_checkpoint
from albert_edge.model.sizes import SIZES, parameter_count
from albert_edge.text.options import TokenizerOptions


@pytest.fixture
def vocab(golden):
    return golden / "base_like" / "sequence_classification" / "spiece.model"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_created_folder_is_a_model(vocab, tmp_path):
    made = albert_edge.create(tmp_path / "m", "tiny", vocab, ["no", "yes"], layers=3, problem_type="regression")
    found = read_checkpoint(tmp_path / "m")
    assert found.config.vocab_size == 1000
    assert found.config.num_hidden_layers == 3
    assert found.config.labels == ("no", "yes")
    assert found.config.problem_type == "regression"
    assert made["parameters"] == parameter_count(found.config, classifier=True)
    assert (made["layers"], made["labels"], made["seed"]) == (3, ["no", "yes"], 1)


def test_one_seed_one_result(vocab, tmp_path):
    for name, seed in (("a", 4), ("b", 4), ("c", 5)):
        albert_edge.create(tmp_path / name, "tiny", vocab, ["x", "y"], seed=seed)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a")["model.safetensors"] != contents(tmp_path / "c")["model.safetensors"]


def test_the_tokenizers_options_come_with_the_vocabulary(vocab, tmp_path):
    beside = tmp_path / "spiece.model"
    beside.write_bytes(vocab.read_bytes())
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false, "keep_accents": true}')
    albert_edge.create(tmp_path / "a", "tiny", beside, ["x"])
    albert_edge.create(tmp_path / "b", "tiny", beside, ["x"], lower_case=True)
    assert read_checkpoint(tmp_path / "a").tokenizer.options == TokenizerOptions(lower_case=False, keep_accents=True)
    assert read_checkpoint(tmp_path / "b").tokenizer.options == TokenizerOptions(lower_case=True, keep_accents=True)


def test_depth_changes_no_weight(vocab, tmp_path):
    albert_edge.create(tmp_path / "a", "tiny", vocab, ["x", "y"])
    albert_edge.create(tmp_path / "b", "tiny", vocab, ["x", "y"], layers=30)
    assert contents(tmp_path / "a")["model.safetensors"] == contents(tmp_path / "b")["model.safetensors"]


def test_bad_requests_write_nothing(vocab, tmp_path):
    out = tmp_path / "m"
    with pytest.raises(ConfigError, match=r"size must be one of"):
        albert_edge.create(out, "huge", vocab, ["x"])
    with pytest.raises(ConfigError, match=r"labels must be given and differ"):
        albert_edge.create(out, "tiny", vocab, ["x", "x"])
    with pytest.raises(ConfigError, match=r"labels must not be empty; received \['x', ''\]"):
        albert_edge.create(out, "tiny", vocab, ["x", ""])
    with pytest.raises(ConfigError, match=r"problem_type must be one of"):
        albert_edge.create(out, "tiny", vocab, ["x"], problem_type="ranking")
    with pytest.raises(TokenizerError):
        albert_edge.create(out, "tiny", tmp_path / "none.model", ["x"])
    assert not list(tmp_path.iterdir())
    out.mkdir()
    (out / "thesis.txt").write_text("")
    with pytest.raises(FolderError, match=r"must not exist unless --overwrite"):
        albert_edge.create(out, "tiny", vocab, ["x"])


# === The commands ===


def test_create_on_the_command_line(vocab, tmp_path):
    arguments = ["create", "--size", "tiny", "--vocab", str(vocab), "--labels", "a, b,c", "--out", str(tmp_path / "m")]
    done = CliRunner().invoke(cli, [*arguments, "--layers", "4", "--keep-accents", "--cased"])
    assert done.exit_code == 0, done.output
    assert done.output == f"{tmp_path / 'm'}: tiny, 4 layers, 425,731 parameters\n"
    found = read_checkpoint(tmp_path / "m")
    assert found.config.labels == ("a", "b", "c")
    assert (found.tokenizer.options.lower_case, found.tokenizer.options.keep_accents) == (False, True)
    done = CliRunner().invoke(cli, [*arguments, "--overwrite", "--json"])
    assert json.loads(done.output)["layers"] == 2


def test_sizes_on_the_command_line():
    done = CliRunner().invoke(cli, ["sizes"])
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.output.splitlines()]
    assert [line[0] for line in lines[1:]] == list(SIZES)
    assert lines[5][:7] == ["base", "12", "768", "12", "11,683,584", "12,000,000", "109,482,240"]


def test_sizes_as_json_with_a_depth_and_a_vocabulary():
    done = CliRunner().invoke(cli, ["sizes", "--json", "--layers", "6", "--vocab-size", "8000"])
    assert json.loads(done.output) == albert_edge.sizes(layers=6, vocab_size=8000)


@pytest.mark.parametrize("command", ["sizes", "create"])
def test_help_ends_with_an_example(command):
    done = CliRunner().invoke(cli, [command, "--help"])
    assert f"Example:\n    albert-edge {command} " in done.output


def test_the_example_of_create_runs(vocab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spiece.model").write_bytes(vocab.read_bytes())
    arguments = ["create", "--size", "tiny", "--vocab", "spiece.model", "--labels", "no,yes", "--out", "random/"]
    assert CliRunner().invoke(cli, arguments).exit_code == 0
    assert (tmp_path / "random" / "model.safetensors").is_file()

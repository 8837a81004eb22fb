"""`albert-edge train`: results on standard output, progress on standard error, one line for a mistake."""

import json

import click
import pytest
from click.testing import CliRunner

from albert_edge.cli import cli
from albert_edge.cli.train import text_classification
from albert_edge.errors import AlbertEdgeError
from albert_edge.training.settings import TrainingSettings
from albert_edge.training.start import DEFAULT_MAX_LENGTH

FAST = ["--size", "tiny", "--layers", "1", "--vocab-size", "120", "--epochs", "1", "--batch-size", "16"]


def invoke(separable, out, *options):
    files = ["--train", str(separable / "train.tsv"), "--dev", str(separable / "dev.tsv"), "--out", str(out)]
    return CliRunner().invoke(cli, ["train", "text-classification", *files, *options])


@pytest.mark.slow
def test_a_table_and_progress(separable, tmp_path):
    done = invoke(separable, tmp_path / "out", *FAST)
    assert done.exit_code == 0, done.output
    rows = done.stdout.splitlines()
    assert rows[0].split() == ["label", "precision", "recall", "F1", "examples"]
    assert [row.split()[0] for row in rows[1:4]] == ["food", "sport", "weather"]
    assert rows[4].split()[-1] == "60"
    assert rows[5].startswith(f"{tmp_path / 'out'}: accuracy ")
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "training a vocabulary on 240 examples",
        "epoch 1 of at most 1",
    ]


@pytest.mark.slow
def test_json_is_the_report(separable, tmp_path):
    done = invoke(separable, tmp_path / "out", *FAST, "--json", "--max-length", "5", "--progress")
    report = json.loads(done.stdout)
    assert report == json.loads((tmp_path / "out" / "training.json").read_text(encoding="utf-8"))
    assert report["train"]["longest"] == 5
    assert report["train"]["truncated"] > 0
    assert f"{report['train']['truncated']} of 240 training examples have more than 5 tokens" in done.stderr
    assert "15/15" in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "huge"], "Invalid value for '--size'"),
        (["--size", "tiny", "--epochs", "0"], "Invalid value for '--epochs'"),
        (["--size", "tiny", "--metric", "f1"], "Invalid value for '--metric'"),
    ],
)
def test_bad_options_are_bad_use(separable, tmp_path, options, message):
    done = invoke(separable, tmp_path / "out", *options)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "received neither"),
        (["--size", "tiny", "--learning-rate", "-1"], "learning_rate must be a positive number; received -1.0"),
        (["--size", "tiny", "--label-column", "topic"], "topic"),
        (["--from", "missing/folder"], "missing/folder"),
        (["--from", "missing/folder", "--word-vectors"], "word_vectors must be false with --from"),
    ],
)
def test_bad_input_is_one_line(separable, tmp_path, options, message):
    done = invoke(separable, tmp_path / "out", *options)
    # `main`, the entry point, prints it and leaves with its exit code.
    assert isinstance(done.exception, AlbertEdgeError)
    assert done.exception.exit_code == 2
    assert message in str(done.exception)
    assert len(str(done.exception).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_help_gives_the_defaults_that_the_settings_have():
    helps = {option.name: option.help for option in text_classification.params if isinstance(option, click.Option)}
    scratch, checkpoint = (TrainingSettings.from_dict({}, from_checkpoint=given).to_dict() for given in (False, True))
    scratch["epochs"] = "by the number of texts"
    scratch["patience"] = checkpoint["patience"] = "a quarter of all"
    scratch["max_length"] = checkpoint["max_length"] = DEFAULT_MAX_LENGTH
    for name, value in scratch.items():
        other = "" if checkpoint[name] == value else f"; with --from {written(checkpoint[name])}"
        assert helps[name].endswith(f"  [default: {written(value)}{other}]"), name


def written(value):
    """A default as one writes it in a help text: 0.00005, 1, yes."""
    if value is None:
        return "the checkpoint's"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

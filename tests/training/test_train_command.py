"""`albert-edge train`: results on standard output, progress on standard error, one line for a mistake."""

import json

import click
import pytest
from click.testing import CliRunner
from small_sets import write_sets

from albert_edge.cli import cli
from albert_edge.cli.train import command
from albert_edge.errors import AlbertEdgeError
from albert_edge.tasks import TASKS
from albert_edge.training.recipes import OWN_SETTINGS, RECIPES
from albert_edge.training.settings import TrainingSettings

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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "task", "options", "rows", "last"),
    [
        ("tagging", "tag", [], ["label", "person", "place", "all"], "F1 "),
        (
            "multi_label",
            "classify",
            ["--problem-type", "multi_label_classification", "--label-separator", "|"],
            ["label", "food", "sport", "weather", "all"],
            "micro F1 ",
        ),
        ("answering", "answer", ["--max-length", "64"], [], "F1 "),
        ("cosine", "embed", ["--pair-objective", "cosine"], [], "spearman "),
    ],
)
def test_each_task_prints_its_scores(tmp_path, kind, task, options, rows, last):
    train, dev = write_sets(tmp_path, kind, rows=(24, 12))
    files = ["--train", str(train), "--dev", str(dev), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli, ["train", task, *files, *FAST, *options])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == rows
    assert lines[-1].startswith(f"{tmp_path / 'out'}: {last}")
    assert lines[-1].endswith(f" on {dev}, epoch 1")


@pytest.mark.slow
def test_dev_may_name_its_text_otherwise(separable, tmp_path):
    dev = tmp_path / "dev.tsv"
    text = (separable / "dev.tsv").read_text(encoding="utf-8")
    dev.write_text(text.replace("text\tlabel", "content\tlabel", 1), encoding="utf-8")
    files = ["--train", str(separable / "train.tsv"), "--dev", str(dev), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli, ["train", "classify", *files, *FAST, "--dev-text-column", "content", "--json"])
    assert json.loads(done.stdout)["request"]["dev_columns"]["text"] == "content"
    refused = CliRunner().invoke(cli, ["train", "classify", *files, *FAST, "--overwrite"])
    assert "the column 'text' must exist; received the columns 'content', 'label'" in str(refused.exception)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "huge"], "Invalid value for '--size'"),
        (["--size", "tiny", "--epochs", "0"], "Invalid value for '--epochs'"),
        (["--size", "tiny", "--metric", "f1"], "Invalid value for '--metric'"),
        (["--size", "tiny", "--stride", "8"], "No such option"),
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


@pytest.mark.parametrize("task", RECIPES)
def test_the_help_gives_the_defaults_that_the_settings_have(task):
    found = command.get_command(click.Context(command), task)
    helps = {option.name: option.help for option in found.params if isinstance(option, click.Option)}
    for name, value in TrainingSettings.from_dict({}, from_checkpoint=False, task=task).to_dict().items():
        if name in OWN_SETTINGS and name not in RECIPES[task].own_settings:
            assert name not in helps
        elif isinstance(value, (int, str)) and not isinstance(value, bool):
            assert f"[default: {value}" in helps[name], name
        else:
            assert "[default: " in helps[name], name


def test_the_help_gives_both_defaults_where_they_differ():
    found = command.get_command(click.Context(command), "classify")
    helps = {option.name: option.help for option in found.params if isinstance(option, click.Option)}
    assert helps["learning_rate"].endswith("[default: 0.001; with --from 0.00005]")
    assert helps["dropout"].endswith("[default: 0.2; with --from the checkpoint's]")
    assert helps["word_vectors"].endswith("[default: yes; with --from no]")
    assert helps["max_length"].endswith("[default: 128]")


@pytest.mark.parametrize("task", TASKS)
def test_both_names_of_a_task_are_one_command(task):
    context = click.Context(command)
    assert command.get_command(context, task.alias) is command.get_command(context, task.name)
    assert command.list_commands(context) == sorted(RECIPES)

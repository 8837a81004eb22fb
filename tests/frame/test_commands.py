"""The command line as a whole: every command has help with an example that parses, and bad use never a traceback."""

import json
import re
import signal
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from examples_in_help import examples, parse_example
from fresh_process import ROOT, assert_one_line_error, run_command_line

import albert_edge
from albert_edge.cli import COMMANDS, cli


def command_named(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_an_example(name):
    result = CliRunner().invoke(cli, [name, "--help"], prog_name="albert-edge")
    assert result.exit_code == 0, result.output
    shown = result.output.partition("Example:\n")[2]
    assert re.match(rf" +albert-edge {name} ", shown), result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_parses(name):
    command = command_named(name)
    lines = examples(command)
    assert lines
    for line in lines:
        parse_example(command, name, line)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_is_described(name):
    """An option without help says at least what it takes: a choice, a number with its default."""
    for parameter in command_named(name).params:
        if isinstance(parameter, click.Option):
            typed = not isinstance(parameter.type, click.types.StringParamType)
            assert parameter.help or (typed and parameter.show_default), (name, parameter.name)


@pytest.mark.parametrize(
    "line",
    [
        "albert-edge sizes --layer 6",
        "albert-edge sizes six",
        "albert-edge sizes --layers none",
        "albert-edge tokenize spiece.model",
        "python sizes --layers 6",
    ],
)
def test_an_example_that_does_not_parse_is_found(line):
    with pytest.raises(click.UsageError):
        parse_example(command_named("sizes"), "sizes", line)


def test_examples_are_read_as_they_stand():
    command = click.Command(
        "c", help="Do it.\n\n\b\nExample:\n  albert-edge c \\\n      --x 1\n  albert-edge c < in\n\nMore."
    )
    assert examples(command) == ["albert-edge c        --x 1", "albert-edge c < in"]
    assert examples(click.Command("c", help="Do it.")) == []


def test_commands_and_public_functions_are_the_same():
    """Each command is one function of the package; only `load`, whose result is no text, has no command, and `device`,
    which keeps a list of machines, no function."""
    functions = set(albert_edge.__all__) - {"AlbertEdgeError", "load"} | {"device"}
    # Python has a word of its own for the first of these; a corpus is a thing, and not its making.
    named_otherwise = {"import": "import_checkpoint", "export": "export_checkpoint", "corpus": "build_corpus"}
    assert {named_otherwise.get(name, name).replace("-", "_") for name in COMMANDS} == functions


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_bad_use(name):
    result = CliRunner().invoke(cli, [name, "--no-such-option"])
    assert result.exit_code == 2
    assert "No such option" in result.output
    assert "--no-such-option" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-option"],
        ["predict"],
        ["predict", "x.tflite", "--top", "0"],
        ["export", "model", "--out", "x"],  # click lists the choices of a missing option in lines of their own
        ["train", "text-classification", "--epochs"],
    ],
)
def test_bad_use_is_one_line(arguments):
    done = run_command_line(*arguments)
    assert_one_line_error(done)
    assert len(done.stderr.splitlines()) == 1


def test_a_group_without_a_command_shows_its_help():
    for arguments in ([], ["train"]):
        done = run_command_line(*arguments)
        assert "Commands:" in done.stdout + done.stderr
        assert "albert-edge: error" not in done.stderr


def test_an_unknown_command_is_bad_use():
    done = run_command_line("classify")
    assert_one_line_error(done)
    assert "'classify'" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["tokenize", "missing/spiece.model", "a text"],
        ["inspect", "missing/model.tflite"],
        ["predict", "missing/model.tflite", "a text"],
        ["bench", "missing/model.tflite"],
        ["evaluate", "missing/model.tflite", "--data", "missing/dev.tsv"],
        ["create", "--vocab", "missing/spiece.model", "--labels", "no,yes", "--out", "missing/out"],
        ["vocab", "missing/texts.txt", "--out", "missing/spiece.model"],
    ],
)
def test_a_missing_file_is_one_line(arguments):
    done = run_command_line(*arguments)
    assert_one_line_error(done)
    assert "missing/" in done.stderr
    assert not (ROOT / "missing").exists(), "what failed must leave nothing behind"


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        [
            *("train", "text-classification", "--train", "missing/a.tsv", "--dev", "missing/b.tsv"),
            *("--size", "tiny", "--out", "missing/out"),
        ],
        ["convert", "missing/model", "missing/out.tflite"],
        ["import", "missing/checkpoint", "--out", "missing/out"],
        ["export", "missing/model", "--format", "google-tf1", "--out", "missing/out"],
        ["verify", "missing/model.tflite", "--reference", "missing/model", "--data", "missing/dev.tsv"],
        ["evaluate", "missing/folder", "--data", "missing/dev.tsv"],
        ["demo", "--data", "missing/data", "--out", "missing/out"],
    ],
)
def test_a_missing_file_is_one_line_on_the_host(arguments):
    done = run_command_line(*arguments)
    assert_one_line_error(done)
    assert "missing/" in done.stderr


def test_a_reader_that_leaves_early_is_no_error(tmp_path, spm_30k):
    """`albert-edge tokenize ... | head -1`, with more output than a pipe holds."""
    (tmp_path / "lines.txt").write_text("Oil prices rise.\n" * 5000)
    process = start("tokenize", str(spm_30k), "--json", "--file", str(tmp_path / "lines.txt"))
    assert json.loads(process.stdout.readline())["text"] == "Oil prices rise."
    process.stdout.close()
    errors = process.stderr.read()
    assert (process.wait(60), errors) == (0, "")


def test_ctrl_c_is_one_line(spm_30k):
    """It leaves with a code of its own: 1 would tell a script that a check failed."""
    process = start("tokenize", str(spm_30k), "--json")
    process.stdin.write("Oil prices rise.\n")
    process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "albert-edge: interrupted\n"


def start(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "albert_edge", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=ROOT, encoding="utf-8", preexec_fn=_heed_ctrl_c
    )


def _heed_ctrl_c() -> None:
    """Tests started in the background of a shell ignore SIGINT, and hand that on to their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_the_readme_shows_every_command():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"albert-edge {name}" not in text] == []

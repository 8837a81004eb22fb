"""The pages are true: links and paths exist, commands parse, targets are in the Makefile, JSON keys come out."""

import re
from pathlib import Path
from typing import Callable

import click
import pytest
from documents import broken_links, code_lines, make_targets, missing_paths
from examples_in_help import parse_example
from fresh_process import ROOT

import albert_edge
from albert_edge.cli import COMMANDS, cli

PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "android_demo/README.md",
    "docs/android.md",
    "docs/architecture.md",
    "docs/checkpoints.md",
    "docs/compatibility.md",
    "docs/compression.md",
    "docs/gate.md",
    "docs/measuring.md",
    "docs/pretraining-cost.md",
    "docs/pretraining.md",
    "docs/targets.md",
    "docs/report.md",
    "docs/tasks.md",
    "docs/tokenizers.md",
    "docs/training.md",
    "examples/raspberry_pi/README.md",
    "examples/topics/README.md",
)


@pytest.fixture(params=PAGES)
def page(request) -> Path:
    return ROOT / request.param


@pytest.fixture
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_links_and_paths_exist(page, text):
    assert broken_links(page, text) == []
    assert missing_paths(text) == []


def test_commands_parse(text):
    for line in code_lines(text):
        if line.startswith("albert-edge "):
            name = line.split()[1]
            assert name in COMMANDS, line
            parse_example(cli.get_command(click.Context(cli), name), name, line)


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_make_targets_exist(text):
    assert make_targets(text) <= makefile_targets()


def test_ci_runs_what_exists():
    """Its own commands: make's targets, and the folders of the device's tests."""
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    commands = re.findall(r"- run: (.+)", workflow)
    assert any(command.startswith("make lint test") for command in commands)
    assert {"lint", "test"} <= makefile_targets()
    (tests,) = (command for command in commands if "pytest tests/" in command)
    assert [path for path in tests.split() if path.startswith("tests/") and not (ROOT / path).exists()] == []


def test_untrue_claims_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A title\n[a](gone.md) [b](page.md#no) [c](#a-title) [d](https://example.org/x)\n")
    assert broken_links(page, page.read_text()) == ["gone.md", "page.md#no"]
    assert missing_paths("`cli/gone.py` `text/` `cli/sizes.py` `a / b`") == ["cli/gone.py"]
    code = "make sure\n```\nmake lint tset  # both\napt install make x\n```\n`make demo`"
    assert make_targets(code) == {"lint", "tset", "demo"}
    assert code_lines("```\n$ albert-edge sizes \\\n  --json\n```\n") == ["albert-edge sizes    --json"]


# === docs/compatibility.md against what the functions return ===


def documented_keys(command: str) -> set[str]:
    """The keys in the command's row of the JSON table; what stands in brackets explains one."""
    page = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| `{command}` \|[^|]+\|(.+)\|$", page, re.MULTILINE)
    listed = re.findall(r"`([^`]+)`", re.sub(r"\([^)]*\)", "", row.split(";")[0]))
    return {key.strip() for keys in listed for key in keys.split(",")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "call"),
    [
        ("predict", lambda model, _: next(albert_edge.predict(model, ["Oil prices rise"])).to_dict()),
        ("tokenize", lambda model, _: next(albert_edge.tokenize(model, ["Oil prices rise"]))),
        ("inspect", lambda model, _: albert_edge.inspect(model)),
        ("evaluate", lambda model, topics: albert_edge.evaluate(model, topics / "dev.tsv", limit=20)),
        ("bench", lambda model, _: albert_edge.bench(model, lengths=[16], runs=30)),
    ],
)
def test_documented_keys_come_out(topics: Path, command: str, call: Callable):
    keys = documented_keys(command)
    assert len(keys) >= 4
    assert keys <= set(call(topics / "topics.tflite", topics))


def test_the_signature_is_documented(topics):
    page = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    report = albert_edge.inspect(topics / "topics.tflite")
    for argument in report["inputs"] + report["outputs"]:
        assert re.search(rf"`{argument['name']}` \| {argument['dtype']} ", page), argument


def test_the_manifest_is_documented():
    from albert_edge.artifact.manifest import _KEYS

    page = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    assert f"`{', '.join(_KEYS)}`" in page

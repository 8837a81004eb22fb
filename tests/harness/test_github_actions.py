"""The steps of examples/ci/github-actions.yml are run as they stand, on the sample model, with our command line."""

import os
import re
import shutil
import stat
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import albert_edge

yaml = pytest.importorskip("yaml", reason="needs PyYAML (pip install pyyaml)")

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / "examples" / "ci" / "github-actions.yml"
# They reach for the network or the sample's model folder: what they would leave behind is put there instead.
NOT_RUN = {"install", "fetch the last release", "convert"}


@pytest.fixture(scope="module")
def workflow():
    return yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def steps(workflow):
    return workflow["jobs"]["gate"]["steps"]


def shell_steps(steps):
    return {step["name"]: step for step in steps if "run" in step}


def test_it_converts_gates_and_uploads(workflow, steps):
    assert set(workflow[True]) == {"push", "pull_request"}, "YAML 1.1 reads the key `on` as true"
    assert workflow["permissions"] == {"contents": "read"}
    assert list(shell_steps(steps)) == [
        "install",
        "fetch the last release",
        "convert",
        "gate against the last release",
        "gate against the baseline",
        "summary",
    ]
    uploaded = steps[-1]
    assert uploaded["uses"].startswith("actions/upload-artifact@")
    assert uploaded["if"] == "${{ !cancelled() }}", "what failed is what one wants to see"
    assert uploaded["with"]["path"].splitlines() == [
        "${{ env.FILE }}",
        "against.xml",
        "against.md",
        "baseline.xml",
        "baseline.md",
    ]


def test_what_its_conditions_name_is_there(steps):
    conditions = [step["if"] for step in steps if "if" in step]
    named = {name for condition in conditions for name in re.findall(r"\bsteps\.(\w+)\.", condition)}
    assert named
    assert named <= {step.get("id") for step in steps}
    assert all(condition.startswith("${{") for condition in conditions), "YAML reads a bare ! as a tag"


def test_its_conversion_is_a_command_of_ours(steps, workflow):
    import click

    from albert_edge.cli import cli

    line = shell_steps(steps)["convert"]["run"]
    for name, value in workflow["env"].items():
        line = line.replace(f'"${name}"', str(value))
    program, command, *arguments = line.split()
    assert program == "albert-edge"
    parsed = cli.get_command(click.Context(cli), command).make_context(command, arguments)
    assert {"model/", "model.tflite", "dynamic-range"} <= {
        value for value in parsed.params.values() if isinstance(value, str)
    }


@pytest.fixture
def checkout(tmp_path, topics, workflow):
    """A folder as the runner has it after the conversion, with `albert-edge` on the PATH."""
    names = workflow["env"]
    for name in (names["DATA"], names["BASELINE"]):
        (tmp_path / name).parent.mkdir(parents=True)
    shutil.copy(topics / "topics.tflite", tmp_path / names["FILE"])
    shutil.copy(topics / "topics.tflite", tmp_path / names["RELEASED"])
    lines = (topics / "dev.tsv").read_text(encoding="utf-8").splitlines(keepends=True)[:41]
    (tmp_path / names["DATA"]).write_text("".join(lines), encoding="utf-8")
    albert_edge.baseline(
        tmp_path / names["BASELINE"],
        tmp_path / names["FILE"],
        "for the tests",
        data=tmp_path / names["DATA"],
        lengths=[16],
    )
    program = tmp_path / "bin" / "albert-edge"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m albert_edge "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return tmp_path


@pytest.mark.slow
def test_its_steps_run(steps, workflow, checkout):
    environment = {
        **os.environ,
        **{name: str(value) for name, value in workflow["env"].items()},
        "PATH": f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GITHUB_STEP_SUMMARY": str(checkout / "summary.md"),
    }
    for name, step in shell_steps(steps).items():
        if name not in NOT_RUN:
            # The runner's own call of a step without a `shell`.
            done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=checkout, env=environment, capture_output=True)
            assert done.returncode == 0, (name, done.stderr.decode())
    cases = [case for name in ("against", "baseline") for case in _cases(checkout / f"{name}.xml")]
    assert len(cases) >= 12
    assert not [case.get("name") for case in cases if case.find("failure") is not None]
    summary = (checkout / "summary.md").read_text(encoding="utf-8")
    assert summary.count("Gate passed") == 2
    assert "max_bytes" in summary


def _cases(path):
    return list(ElementTree.parse(path).getroot().iter("testcase"))

"""requirements.txt pins the whole host environment, and to versions that pyproject.toml allows."""

from __future__ import annotations

import sys
from typing import Iterable

import pytest
from fresh_process import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def pinned(lines: Iterable[str]) -> dict[str, list[Requirement]]:
    """The pins of a requirements file by name: one, or one a marker. Raises `ValueError` on a looser line."""
    pins: dict[str, list[Requirement]] = {}
    for line in lines:
        if line.strip() and not line.startswith("#"):
            requirement = Requirement(line)
            if [specifier.operator for specifier in requirement.specifier] != ["=="]:
                raise ValueError(f"a requirement must be pinned with ==; received {line!r}")
            pins.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return pins


def missing(wanted: Iterable[Requirement], pins: dict[str, list[Requirement]]) -> list[str]:
    """What `wanted` asks for where this Python runs and `pins` do not give there, or give in another version."""
    problems = []
    for requirement in wanted:
        if requirement.marker and not requirement.marker.evaluate():
            continue
        here = [pin for pin in pins.get(canonicalize_name(requirement.name), []) if applies(pin)]
        versions = [specifier.version for pin in here for specifier in pin.specifier]
        if len(versions) != 1 or not requirement.specifier.contains(versions[0]):
            problems.append(f"{requirement}: pinned {versions}")
    return problems


def applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate()


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def pins() -> dict[str, list[Requirement]]:
    return pinned((ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines())


def asked_for(project: dict, part: str) -> list[Requirement]:
    """Of a part, `base` or an extra, with the extras of this project that it names in turn."""
    lines = project["dependencies"] if part == "base" else project["optional-dependencies"][part]
    found = []
    for requirement in map(Requirement, lines):
        own = requirement.name == project["name"]
        found += [each for extra in requirement.extras for each in asked_for(project, extra)] if own else [requirement]
    return found


@pytest.mark.parametrize("part", ["base", "host", "harness", "corpus", "privacy", "dev"])
def test_everything_asked_for_is_pinned(project, pins, part):
    assert missing(asked_for(project, part), pins) == []


def test_the_host_extra_is_named_whole(project, pins):
    """Whatever the Python: a package that only other Pythons get stands in the file with its marker."""
    names = [canonicalize_name(requirement.name) for requirement in asked_for(project, "host")]
    assert [name for name in names if name not in pins] == []


def test_the_older_runtime_stays_with_the_pythons_that_have_it(pins):
    (runtime,) = pins["tflite-runtime"]
    for python, here in {"3.10": True, "3.11": True, "3.12": False, "3.13": False}.items():
        environment = {"python_version": python, "python_full_version": f"{python}.1"}
        environment.update(sys_platform="linux", platform_machine="x86_64")
        assert runtime.marker.evaluate(environment) is here
        (numpy,) = (pin for pin in pins["numpy"] if applies_in(pin, environment))
        assert next(iter(numpy.specifier)).version.startswith("1.") is here


def applies_in(requirement: Requirement, environment: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(environment)


def test_a_gap_is_found():
    old_python = "; python_version < '3'"
    pins = pinned(["# a comment", "numpy==1.26.4 ; python_version >= '3'", "click==8.1", f"gone==1 {old_python}"])
    assert missing(map(Requirement, ["numpy<2", "Click>=8", f"x{old_python}"]), pins) == []
    wanted = ["numpy>=2", "click<8", "tqdm", "gone"]
    assert [problem.split(":")[0] for problem in missing(map(Requirement, wanted), pins)] == wanted


@pytest.mark.parametrize("line", ["numpy", "numpy>=1.26", "numpy==1.26,<2"])
def test_a_loose_line_is_found(line):
    with pytest.raises(ValueError, match="must be pinned"):
        pinned([line])

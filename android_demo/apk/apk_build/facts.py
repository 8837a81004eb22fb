"""What Maven says of its build in target/build.json (pom.xml writes it): the one thing that crosses from it to here."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

from .tools import BuildError


@dataclass(frozen=True)
class Facts:
    """One build of the app."""

    framework: str
    """The jar of Android's classes, without java.*, that the app compiles against."""
    oldest_framework: str
    """The signatures of everything public in the oldest Android that the app runs on, with java.*."""
    package: str
    min_sdk: int
    target_sdk: int
    tflite: str
    """TensorFlow Lite's version."""


def read_facts(target: Path) -> Facts:
    """Of the folder `target`, which `mvn package` filled."""
    path = target / "build.json"
    if not path.exists():
        raise BuildError(f"{path} is missing: mvn --file android_demo/pom.xml package writes it")
    values = json.loads(path.read_text(encoding="utf-8"))
    names = {field.name for field in fields(Facts)}
    if set(values) != names:
        raise BuildError(f"{path} must hold {', '.join(sorted(names))}; received {', '.join(sorted(values))}")
    facts = Facts(**values)
    for jar in (facts.framework, facts.oldest_framework):
        if not Path(jar).is_file():
            raise BuildError(f"{jar}, which {path} names, is missing: run mvn package anew")
    return facts

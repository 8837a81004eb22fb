"""Artifacts that the tests read, damage and compare."""

import json
from pathlib import Path
from typing import Any, Callable

import pytest
from small_models import FILES, TASK_FILES, small_artifact

from albert_edge.artifact import Artifact, artifact_bytes, write_artifact


@pytest.fixture(scope="session")
def artifact() -> Artifact:
    """The golden checkpoint in a loop, float32."""
    return small_artifact()


@pytest.fixture
def values(artifact: Artifact) -> dict[str, Any]:
    """What the manifest of `artifact` holds, to be changed."""
    return json.loads(artifact.manifest.to_bytes())


@pytest.fixture(scope="session")
def artifact_paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each file of `small_models` as a written artifact."""
    folder = tmp_path_factory.mktemp("artifacts")
    paths = {name: folder / f"{name}.tflite" for name in (*FILES, *TASK_FILES)}
    for name, path in paths.items():
        write_artifact(path, small_artifact(name))
    return paths


@pytest.fixture(scope="session")
def whole_bytes(artifact: Artifact) -> bytes:
    """The bytes of `artifact`'s file."""
    return artifact_bytes(artifact)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[bytes], Path]:
    """Writes bytes to a file and gives its path."""

    def write(data: bytes) -> Path:
        path = tmp_path / "some.tflite"
        path.write_bytes(data)
        return path

    return write

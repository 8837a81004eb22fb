"""What a result says of the file that was measured, whoever measured it."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from albert_edge.artifact import artifact_bytes
from albert_edge.harness.results import KIND, SCHEMA_VERSION

if TYPE_CHECKING:
    from albert_edge.artifact import Artifact
    from albert_edge.files import PathLike


def file_facts(path: PathLike, artifact: Artifact) -> dict[str, Any]:
    """The keys of a result from `schema_version` to `layout`, made now; `artifact` is what `path` holds."""
    # The reader takes only the bytes that the artifact has, so they needn't be read again.
    data, manifest = artifact_bytes(artifact), artifact.manifest
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        "created": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "file": Path(path).name,
        "file_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "model_bytes": len(artifact.model),
        "task": manifest.task,
        "tasks": [head.task for head in manifest.all_heads],
        "scheme": manifest.scheme,
        "layout": manifest.layout,
    }

"""The host's optional packages, imported by name when they are first needed."""

from __future__ import annotations

import importlib
from typing import Any

from albert_edge.errors import MissingPackageError


def host_package(name: str, purpose: str = "a model folder needs the host's packages", extra: str = "host") -> Any:
    """The module `name`, as `safetensors.numpy`; raises `MissingPackageError` if its package isn't installed.

    `purpose` says what needs it, `extra` of this project brings it.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as reason:
        # A module that is missing deeper down is a broken installation, and its own traceback says more.
        if reason.name is None or name.split(".")[0] != reason.name.split(".")[0]:
            raise
        raise MissingPackageError(f"{purpose} (pip install 'albert-edge[{extra}]'); received no {name!r}") from reason

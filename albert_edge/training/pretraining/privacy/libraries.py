"""The libraries that know numbering plans and check digits, imported by name when they are first needed."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from albert_edge.errors import MissingPackageError


@cache
def library(name: str) -> Any:
    """The module `name` of phonenumbers or python-stdnum; raises `MissingPackageError` if it isn't installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as reason:
        if name.split(".")[0] != reason.name:
            raise
        raise MissingPackageError(
            f"masking personal data needs packages (pip install 'albert-edge[corpus]'); received no {reason.name!r}"
        ) from reason

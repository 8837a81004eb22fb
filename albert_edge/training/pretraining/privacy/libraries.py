"""The libraries that know numbering plans and check digits, imported by name when they are first needed."""

from __future__ import annotations

from functools import cache
from typing import Any

from albert_edge.model.packages import host_package


@cache
def library(name: str) -> Any:
    """The module `name` of phonenumbers or python-stdnum; raises `MissingPackageError` if it isn't installed."""
    return host_package(name, "masking personal data needs packages", "corpus")

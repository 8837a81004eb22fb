"""Who takes part in a pretraining of several machines, as `TF_CONFIG` says. No TensorFlow here."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any, Mapping, Optional

from albert_edge.errors import AlbertEdgeError, ConfigError

VARIABLE = "TF_CONFIG"
_RULE = (
    f"{VARIABLE} must be JSON with the addresses of all workers and this one's place, as "
    '{"cluster": {"worker": ["host:port", "host:port"]}, "task": {"type": "worker", "index": 0}}'
)


class WorkerLostError(AlbertEdgeError):
    """Another worker is gone: this one can't go on alone, all started again can (the exit code is `EX_TEMPFAIL`)."""

    exit_code = 75


@dataclasses.dataclass(frozen=True)
class Workers:
    """All workers, and which of them this process is."""

    count: int = 1
    index: int = 0

    @property
    def is_chief(self) -> bool:
        """Whether this one writes the log, the snapshots and the model."""
        return self.index == 0


def configured_workers(environment: Optional[Mapping[str, str]] = None) -> Workers:
    """What `environment` (None: the process's) says, one worker if nothing; raises `ConfigError` for bad JSON, and for
    other tasks than workers."""
    text = (os.environ if environment is None else environment).get(VARIABLE, "")
    if not text.strip():
        return Workers()
    try:
        values = json.loads(text)
        return _workers(values, text)
    except (ValueError, TypeError, KeyError, AttributeError) as reason:
        raise ConfigError(f"{_RULE}; received {text!r}") from reason


def _workers(values: Any, text: str) -> Workers:
    # Colab and cloud notebooks set an environment without a cluster.
    cluster = values.get("cluster") or {}
    if not cluster:
        return Workers()
    addresses, task = cluster["worker"], values["task"]
    index = int(task["index"])
    if not isinstance(addresses, list) or not all(isinstance(each, str) for each in addresses):
        raise ConfigError(f"{_RULE}; received {text!r}")
    if set(cluster) != {"worker"} or task["type"] != "worker" or not 0 <= index < len(addresses):
        raise ConfigError(f"{_RULE}; received {text!r}")
    return Workers(len(addresses), index)

"""The record of a finished training, `training.json`: what was asked for, what was seen, what came out, and where."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import Any

from albert_edge.training.batches import epoch_batches, padding_share
from albert_edge.training.preparation import Prepared
from albert_edge.training.recipes import LOSS
from albert_edge.training.snapshot import Position

SCHEMA_VERSION = 1

_PACKAGES = ("tensorflow", "tf-keras", "numpy", "sentencepiece")


def training_report(prepared: Prepared, position: Position, threads: int) -> dict[str, Any]:
    """The record, as JSON values; rates are fractions, losses are in nats or, of numbers, squares.

    `dev` holds what the weights that are saved reach on the development set.
    """
    objective, start, best = prepared.objective, prepared.start, position.history[position.best_epoch or 0]
    return {
        "schema_version": SCHEMA_VERSION,
        "task": prepared.request.task,
        "labels": list(objective.labels),
        "parameters": sum(int(values.size) for values in start.tensors.values()),
        "vocabulary_size": start.tokenizer.vocab_size,
        "scores": [name for name in prepared.request.metrics if name != LOSS],
        "best_epoch": best["epoch"],
        "steps": position.step,
        "seconds": position.seconds,
        "dev": position.best_scores,
        "history": position.history,
        "train": _data_facts(prepared),
        "new_head": list(start.initialised),
        "dropped_tensors": list(start.dropped),
        "request": dict(prepared.facts),
        "environment": environment(threads),
    }


def _data_facts(prepared: Prepared) -> dict[str, Any]:
    settings, train = prepared.request.settings, prepared.train
    batches = epoch_batches(train.lengths, settings.batch_size, settings.seed, 0)
    return {
        "examples": len(prepared.objective.train.examples),
        "inputs": len(train.inputs),
        **prepared.objective.facts(),
        "tokens": sum(train.lengths),
        "longest": max(train.lengths),
        "truncated": train.truncated,
        "padding_share": padding_share(train.lengths, batches),
    }


def environment(threads: int) -> dict[str, Any]:
    """Machine and versions: the same request gives the same weights only where these are equal."""
    return {
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": threads,
        "os": platform.platform(),
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in _PACKAGES},
    }

"""The record of a finished training, `training.json`: what was asked for, what was seen, what came out, and where."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import TYPE_CHECKING, Any

from albert_edge.training.batches import epoch_batches, padding_share
from albert_edge.training.preparation import Prepared
from albert_edge.training.recipes import LOSS

if TYPE_CHECKING:
    from albert_edge.training.loop import Training

SCHEMA_VERSION = 1

_PACKAGES = ("tensorflow", "tf-keras", "numpy", "sentencepiece")


def training_report(prepared: Prepared, training: Training, threads: int) -> dict[str, Any]:
    """The record of the finished `training`, as JSON values; rates are fractions, losses are in nats or squares.

    `dev` holds what the weights that are saved reach on the development set; with `multi_exit` there is `dev_by_depth`,
    a report for each number of layers from 1 on, without the loss, which is that of all depths together.
    """
    objective, start, position = prepared.objective, prepared.start, training.position
    best = position.history[position.best_epoch or 0]
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
        **_by_depth(prepared, training),
        "history": position.history,
        "train": _data_facts(prepared),
        **({} if prepared.privacy is None else {"privacy": prepared.privacy.facts()}),
        **{addition.name: addition.facts() for addition in training.additions},
        "new_head": list(start.initialised),
        "dropped_tensors": list(start.dropped),
        "request": _request(prepared),
        "environment": environment(threads),
    }


def _request(prepared: Prepared) -> dict[str, Any]:
    """A private file's hash would let anybody test a guess of all its rows."""
    hidden = ("train_sha256",) if prepared.privacy is not None else ()
    return {name: value for name, value in prepared.facts.items() if name not in hidden}


def _by_depth(prepared: Prepared, training: Training) -> dict[str, Any]:
    if not prepared.request.settings.multi_exit:
        return {}
    whole = {name: value for name, value in training.position.best_scores.items() if name != LOSS}
    return {"dev_by_depth": [*training.dev_by_depth(), whole]}


def _data_facts(prepared: Prepared) -> dict[str, Any]:
    settings, train = prepared.request.settings, prepared.train
    if prepared.privacy is not None:
        # Every other figure is an exact one of private rows.
        return {"examples": prepared.privacy.examples}
    replay = prepared.replay
    chosen = None if replay is None else replay.inputs(0)
    batches = epoch_batches(train.lengths, settings.batch_size, settings.seed, 0, chosen)
    return {
        "examples": len(prepared.objective.train.examples),
        "inputs": len(train.inputs),
        **({} if replay is None else {"replay": replay.facts()}),
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

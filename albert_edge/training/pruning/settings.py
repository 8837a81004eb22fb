"""How a pruned model learns again: as it was trained, unless something else is chosen.

A model folder's `training.json` says how: its objective, its metric, its word dropout, its learning rate, of which
half is taken, since the weights are no longer random. A folder without a record (an imported checkpoint) gets the
defaults of `train --from` and what its `config.json` tells.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.files import read_json_object
from albert_edge.model.folder import TRAINING_FILE
from albert_edge.rules import is_number
from albert_edge.tasks import ORDER_LABELS
from albert_edge.training.recipes import PRIVATE_SETTINGS, recipe_of

_REPEATED = ("word_dropout", "batch_size", "max_length", "metric")
"""Beside the settings of the task's own: what of the earlier training is done again."""

RATE_SHARE = 0.5
"""The learning rate's part of that of the earlier training."""


def settings_of_a_further_training(
    folder: Path, config: AlbertConfig, task: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """What is chosen for the training that follows: `given` (None: not given), else as the model in `folder` learnt.

    `config`: the folder's. What is in neither has the default of `train --from`. Raises `ConfigError` for a folder with
    a privacy guarantee, which a pruning with the same rows would end, unnoticed.
    """
    chosen = {
        name: str(value) if isinstance(value, Path) else value for name, value in given.items() if value is not None
    }
    private = [name for name in chosen if name in PRIVATE_SETTINGS]
    if private:
        raise ConfigError(
            f"a pruning can't be private, since what it judges by is counted from the rows; received {private[0]}"
        )
    path = folder / TRAINING_FILE
    record = read_json_object(path, ConfigError) if path.exists() else {}
    _check_not_promised(folder, record)
    return {**_of_config(config, task), **_of_record(record, task), **chosen}


def _check_not_promised(folder: Path, record: Mapping[str, Any]) -> None:
    privacy = record.get("privacy")
    epsilon = privacy.get("epsilon") if isinstance(privacy, Mapping) else None
    if epsilon is not None:
        raise ConfigError(
            f"a pruning must start from a model without a privacy guarantee, since it learns its rows without noise "
            f"(train ... --sparsity --dp-epsilon keeps one); received {str(folder)!r}, of epsilon {epsilon}"
        )


def _of_config(config: AlbertConfig, task: str) -> dict[str, Any]:
    settings = config.settings
    values: dict[str, Any] = {
        "max_length": settings.max_length,
        "problem_type": config.problem_type,
        "stride": settings.stride,
        "pooling": settings.pooling,
        "normalize": settings.normalize,
        "multi_exit": settings.multi_exit,
    }
    if task == "sentence-order":
        values["pair_objective"] = next((kind for kind, names in ORDER_LABELS.items() if names == config.labels), None)
    own = (*recipe_of(task).own_settings, "max_length", "multi_exit")
    return {name: value for name, value in values.items() if name in own and value is not None}


def _of_record(record: Mapping[str, Any], task: str) -> dict[str, Any]:
    request = record.get("request")
    if not isinstance(request, Mapping) or request.get("task") != task:
        return {}
    names = {*recipe_of(task).own_settings, *_REPEATED} - {*PRIVATE_SETTINGS}
    repeated = {name: request[name] for name in names if request.get(name) is not None}
    rate: Any = request.get("learning_rate")
    return {**repeated, "learning_rate": RATE_SHARE * rate} if is_number(rate) else repeated

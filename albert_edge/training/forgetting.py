"""What a model that went on with new data forgot of the old: the same file, before and after.

Both models are scored as `evaluate` scores their folders: as they answer, with their own labels and thresholds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.model.folder import read_checkpoint
from albert_edge.model.hub import resolve_folder
from albert_edge.pipelines import make_pipeline
from albert_edge.training.differences import differences
from albert_edge.training.scoring import inputs_of
from albert_edge.training.start import is_of_task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.text.tokenizer import Tokenizer
    from albert_edge.training.objectives.base import Objective
    from albert_edge.training.preparation import Prepared


def check_old_dev(objective: Objective) -> None:
    """Read the file of old data, if there is one, as a question to the checkpoint.

    Raises `ConfigError` for a checkpoint of another task, `DataError` with the line of what it can't be asked.
    """
    request = objective.request
    if request.old_dev is None:
        return
    source = str(request.source.from_)
    config = AlbertConfig.load(resolve_folder(source))
    if not is_of_task(config, request.task):
        known = config.settings.task or ", ".join(config.architectures)
        raise ConfigError(
            f"old_dev must come with a checkpoint that has learnt {request.task}; received {source!r} ({known})"
        )
    found = read_checkpoint(source, request.task)
    pipeline = make_pipeline(request.task, found.config, found.tokenizer, found.config.max_position_embeddings)
    for question in objective.measuring(request.old_dev, found.config).questions():
        inputs_of(pipeline, question)


def forgotten(prepared: Prepared, config: AlbertConfig, weights: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    """What the finished model of `config` forgot, as the report's `forgotten`; nothing without old data to ask.

    `before` and `after` are the task's whole reports on the file, `change` has {before, after, difference} of every
    number in both, of each class too; `new_labels` are those behind the checkpoint's own.
    """
    request = prepared.request
    if request.old_dev is None:
        return {}
    start = read_checkpoint(str(request.source.from_), request.task)
    before = _measured(prepared.objective, request.old_dev, start.config, start.tokenizer, start.tensors)
    after = _measured(prepared.objective, request.old_dev, config, prepared.start.tokenizer, weights)
    known = start.config.labels if prepared.objective.labels else ()
    return {
        "forgotten": {
            "data": str(request.old_dev),
            "new_labels": [label for label in prepared.objective.labels if label not in known],
            "before": before,
            "after": after,
            "change": differences(before, after),
        }
    }


def _measured(
    objective: Objective,
    path: PathLike,
    config: AlbertConfig,
    tokenizer: Tokenizer,
    weights: Mapping[str, NDArray[np.float32]],
) -> dict[str, Any]:
    from albert_edge.model.heads import build_model
    from albert_edge.model.predictor import BatchScorer
    from albert_edge.model.weights import load_state_dict

    task = objective.request.task
    model = build_model(config, task)
    load_state_dict(model, weights)
    pipeline = make_pipeline(task, config, tokenizer, config.max_position_embeddings)
    return objective.measuring(path, config).score(BatchScorer(model), pipeline)

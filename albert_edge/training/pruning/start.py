"""The model that the training after a pruning starts from: written beside the output, so that a stop loses nothing.

Its folder is a model of its own. Of magnitude pruning it still has all weights, which go little by little while it
learns; what it would answer if they went at once is scored here too.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping

from albert_edge.config import AlbertConfig
from albert_edge.model.folder import write_folder
from albert_edge.model.hub import resolve_folder
from albert_edge.pipelines import make_pipeline
from albert_edge.training.pruning.figures import figures
from albert_edge.training.pruning.plan import PruningPlan
from albert_edge.training.pruning.surgery import best, cut, remaining
from albert_edge.training.pruning.zeros import pruned_tensors
from albert_edge.training.recipes import LOSS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from albert_edge.training.preparation import Prepared

Tensors = Mapping[str, "NDArray[np.float32]"]


def write_start(path: Path, prepared: Prepared, plan: PruningPlan, request: Mapping[str, Any]) -> dict[str, Any]:
    """Write the folder `path`; `request` is what it is made for. Returns the facts, which its record holds as well."""
    objective, before = prepared.objective, dataclasses.replace(prepared.start, config=_answering_config(prepared))
    config, tensors, kept = _cut(prepared, plan) if plan.structured else (before.config, before.tensors, {})
    at_once = tensors if plan.sparsity is None else pruned_tensors(tensors, plan.sparsity)
    facts = {
        "model": str(prepared.request.source.from_),
        "plan": dataclasses.asdict(plan),
        "attention_heads": {"before": before.config.num_attention_heads, "after": config.num_attention_heads},
        "ffn_units": {"before": before.config.intermediate_size, "after": config.intermediate_size},
        "kept_heads": kept,
        "dev": {
            "before": dev_scores(prepared, before.config, before.tensors),
            "after_pruning": dev_scores(prepared, config, at_once),
        },
        "before": figures(before.config, before.tensors),
    }
    record = {"request": dict(request), "pruning": facts}
    weights = objective.unscale(tensors)
    write_folder(path, config, weights, before.tokenizer, task=prepared.request.task, training=record)
    return facts


def dev_scores(prepared: Prepared, config: AlbertConfig, tensors: Tensors) -> dict[str, Any]:
    """The task's scores on dev of the model of `config` with `tensors`, which are as they learn."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.predictor import BatchScorer
    from albert_edge.model.weights import load_state_dict

    task, objective = prepared.request.task, prepared.objective
    model = build_model(config, task)
    load_state_dict(model, objective.unscale(tensors))
    pipeline = make_pipeline(task, config, prepared.start.tokenizer, config.max_position_embeddings)
    scores = objective.score(BatchScorer(model), pipeline)
    return {name: scores[name] for name in prepared.request.metrics if name != LOSS}


def _cut(prepared: Prepared, plan: PruningPlan) -> tuple[AlbertConfig, Tensors, dict[str, list[int]]]:
    """The smaller model, and the indices of the heads that each block keeps."""
    from albert_edge.training.pruning.importance import importance

    config = _answering_config(prepared)
    stays = remaining(config, plan.heads or 1.0, plan.ffn or 1.0)
    scores = importance(prepared, plan.importance)
    kept = {prefix: best(block.heads, stays.heads).tolist() for prefix, block in scores.items()}
    return *cut(config, prepared.start.tensors, scores, stays), kept


def _answering_config(prepared: Prepared) -> AlbertConfig:
    """The prepared configuration with the threshold that a training would find anew, without the unpruned model's
    ranges of activations."""
    own = AlbertConfig.load(resolve_folder(str(prepared.request.source.from_))).settings.no_answer_threshold
    return prepared.start.config.with_settings(no_answer_threshold=own, activation_ranges=None)

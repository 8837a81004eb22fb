"""What each task makes of a request before the network and of its outputs behind it, whatever runs the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from albert_edge.tasks import task_named

if TYPE_CHECKING:
    from albert_edge.config import AlbertConfig
    from albert_edge.pipelines.base import Pipeline
    from albert_edge.text.tokenizer import Tokenizer


def make_pipeline(task: str, config: AlbertConfig, tokenizer: Tokenizer, longest: int) -> Pipeline[Any, Any]:
    """The pipeline of `task` (long or short name) on a model that takes at most `longest` tokens.

    Only that task's module is imported. Raises `ConfigError` on another task and on labels that the task can't have.
    """
    return pipeline_class(task)(config, tokenizer, longest)


def pipeline_class(task: str) -> type[Pipeline[Any, Any]]:
    """The class of `task`'s pipeline, imported now; raises `ConfigError` on another task."""
    alias = task_named(task).alias
    if alias == "classify":
        from albert_edge.pipelines.classification import ClassificationPipeline

        return ClassificationPipeline
    if alias == "tag":
        from albert_edge.pipelines.tagging import TaggingPipeline

        return TaggingPipeline
    if alias == "answer":
        from albert_edge.pipelines.answering import AnsweringPipeline

        return AnsweringPipeline
    if alias == "embed":
        from albert_edge.pipelines.embedding import EmbeddingPipeline

        return EmbeddingPipeline
    if alias == "fill":
        from albert_edge.pipelines.filling import FillingPipeline

        return FillingPipeline
    from albert_edge.pipelines.order import OrderPipeline

    return OrderPipeline

"""Model folders that may teach, with random weights: any shape, the vocabulary and labels of another folder."""

from __future__ import annotations

from pathlib import Path

from albert_edge.config import AlbertConfig
from albert_edge.model.folder import read_checkpoint, write_folder
from albert_edge.model.initial import initial_tensors
from albert_edge.model.tensors import config_for_task


def write_teacher(folder: Path, out: Path, task: str = "text-classification", **changes) -> Path:
    """A folder `out` with the tokenizer of `folder` and its labels, 3 layers of 24, `changes` in its configuration."""
    like = read_checkpoint(folder)
    shape = {
        "embedding_size": 16,
        "hidden_size": 24,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "intermediate_size": 48,
        "max_position_embeddings": 128,
        "initializer_range": 0.3,
        "labels": like.config.labels,
        "problem_type": like.config.problem_type,
    }
    config = config_for_task(AlbertConfig(vocab_size=like.tokenizer.vocab_size, **{**shape, **changes}), task)
    write_folder(out, config, initial_tensors(config, task, 5), like.tokenizer, task=task, overwrite=True)
    return out

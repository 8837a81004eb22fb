"""ALBERT Edge: an ALBERT language model from training to one `.tflite` on a phone or a Raspberry Pi.

Each public function is also a command of `albert-edge`. They are imported when first used, so that `import
albert_edge` stays light and a device never needs the host's packages: `load`, `predict`, `similar`, `inspect`,
`tokenize`, `bench` and `evaluate` of a `.tflite` run without TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from albert_edge.errors import AlbertEdgeError

if TYPE_CHECKING:
    from albert_edge.artifact.inspection import inspect
    from albert_edge.harness.bench import bench
    from albert_edge.harness.evaluation import evaluate
    from albert_edge.harness.gate import baseline, gate
    from albert_edge.harness.report import report
    from albert_edge.harness.report.card import card
    from albert_edge.harness.scoring import score
    from albert_edge.model.create import create
    from albert_edge.model.sizes import sizes
    from albert_edge.runtime.predictor import load, predict, similar
    from albert_edge.text.tokenizer import tokenize
    from albert_edge.text.vocabulary import vocab
    from albert_edge.training.corpus.build import build_corpus
    from albert_edge.training.finetune import train
    from albert_edge.training.pretraining.adapt import adapt
    from albert_edge.training.pretraining.pretrain import pretrain
    from albert_edge.training.pruning.pruning import prune
    from converters.checkpoints.exporting import export_checkpoint
    from converters.checkpoints.importing import import_checkpoint
    from converters.demo import demo
    from converters.optimization.search import optimize
    from converters.pipeline import convert
    from converters.sensitivity import sensitivity
    from converters.verification import verify
    from converters.vocabulary import prune_vocab

__version__ = "0.1.0"

# Public name -> the module that defines it.
_FUNCTIONS = {
    "adapt": "albert_edge.training.pretraining.adapt",
    "baseline": "albert_edge.harness.gate",
    "bench": "albert_edge.harness.bench",
    "build_corpus": "albert_edge.training.corpus.build",
    "card": "albert_edge.harness.report.card",
    "convert": "converters.pipeline",
    "create": "albert_edge.model.create",
    "demo": "converters.demo",
    "evaluate": "albert_edge.harness.evaluation",
    "export_checkpoint": "converters.checkpoints.exporting",
    "gate": "albert_edge.harness.gate",
    "import_checkpoint": "converters.checkpoints.importing",
    "inspect": "albert_edge.artifact.inspection",
    "load": "albert_edge.runtime.predictor",
    "optimize": "converters.optimization.search",
    "predict": "albert_edge.runtime.predictor",
    "pretrain": "albert_edge.training.pretraining.pretrain",
    "prune": "albert_edge.training.pruning.pruning",
    "prune_vocab": "converters.vocabulary",
    "report": "albert_edge.harness.report",
    "score": "albert_edge.harness.scoring",
    "sensitivity": "converters.sensitivity",
    "similar": "albert_edge.runtime.predictor",
    "sizes": "albert_edge.model.sizes",
    "tokenize": "albert_edge.text.tokenizer",
    "train": "albert_edge.training.finetune",
    "verify": "converters.verification",
    "vocab": "albert_edge.text.vocabulary",
}

__all__ = [
    "AlbertEdgeError",
    "adapt",
    "baseline",
    "bench",
    "build_corpus",
    "card",
    "convert",
    "create",
    "demo",
    "evaluate",
    "export_checkpoint",
    "gate",
    "import_checkpoint",
    "inspect",
    "load",
    "optimize",
    "predict",
    "pretrain",
    "prune",
    "prune_vocab",
    "report",
    "score",
    "sensitivity",
    "similar",
    "sizes",
    "tokenize",
    "train",
    "verify",
    "vocab",
]


def __getattr__(name: str) -> Any:
    if name not in _FUNCTIONS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_FUNCTIONS[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_FUNCTIONS])

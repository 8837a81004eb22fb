"""What training, `evaluate`, `score` and the demo report, a file a kind of task. numpy only.

Every report is a dict of plain Python numbers, rates as fractions of 1 (`squad` alone gives percentages, as the
official scripts do). Ids, tags, numbers and vectors come in, never texts to clean: that is the part of `pipelines`.
"""

from __future__ import annotations

from albert_edge.metrics.classification import classification_report, confusion_matrix, matthews
from albert_edge.metrics.correlation import pearson, regression_report, spearman
from albert_edge.metrics.entities import entity_report
from albert_edge.metrics.multilabel import multilabel_report
from albert_edge.metrics.pieces import piece_report, piece_scores
from albert_edge.metrics.retrieval import mean_reciprocal_rank, pair_cosines, recall_at_k, retrieval_report
from albert_edge.metrics.squad import squad_report

__all__ = [
    "classification_report",
    "confusion_matrix",
    "entity_report",
    "matthews",
    "mean_reciprocal_rank",
    "multilabel_report",
    "pair_cosines",
    "pearson",
    "piece_report",
    "piece_scores",
    "recall_at_k",
    "regression_report",
    "retrieval_report",
    "spearman",
    "squad_report",
]

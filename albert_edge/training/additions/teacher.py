"""Distillation: the objective's loss and the teacher's share one sum, `distillation.py` says what the teacher's is.

The teacher reads each text as it is, without dropout and without dropped words. If only its answers are wanted and the
texts are the same in every epoch, they are computed once, before the first step, and kept in memory; else it runs
inside each step. It never changes. With `multi_exit` its last depth teaches every depth of the student.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Optional, Sequence

import numpy as np

from albert_edge.model.heads import Outputs, build_model
from albert_edge.model.keras import tf
from albert_edge.model.predictor import BatchScorer, pad
from albert_edge.model.weights import load_state_dict
from albert_edge.tasks import task_named
from albert_edge.training.additions.base import Addition, StepTensors
from albert_edge.training.distillation import (
    Named,
    answer_loss,
    attention_divergence,
    hidden_error,
    teaching_layers,
)
from albert_edge.training.objectives.base import Items, TargetSpec
from albert_edge.training.scoring import CHUNK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.model.predictor import Outputs as TextOutputs
    from albert_edge.training.preparation import Prepared
    from albert_edge.training.reporting import Reporter
    from albert_edge.training.teacher import Teacher

_PROJECTION = 3
"""Keeps the random numbers of the projection apart from others of the same seed."""


class Distillation(Addition):
    """A teacher beside the objective."""

    name = "teacher"

    def __init__(self, prepared: Prepared, model: Any, teacher: Teacher) -> None:
        self._settings = prepared.request.settings
        self._task = task_named(prepared.request.task)
        self._teacher = teacher
        self._train = prepared.train
        self._pad_id = prepared.start.tokenizer.pad_id
        self._loss = answer_loss(prepared.objective)
        self._keras = build_model(teacher.config, self._task.name)
        load_state_dict(self._keras, teacher.tensors)
        student = model.config
        self._layers = teaching_layers(student.num_hidden_layers, teacher.config.num_hidden_layers)
        self._projection = self._make_projection(student.hidden_size, teacher.config.hidden_size)
        self._answers: list[TextOutputs] = []
        self._seconds = 0.0

    @property
    def _looks_inside(self) -> bool:
        return self._settings.teacher_hidden > 0 or self._settings.teacher_attention > 0

    @property
    def _answers_once(self) -> bool:
        """Whether the answers of one epoch are those of every other: masked places are drawn anew."""
        return not self._looks_inside and not self._task.takes_masks

    def _make_projection(self, width: int, taught: int) -> Optional[tf.Variable]:
        if self._settings.teacher_hidden == 0 or width == taught:
            return None
        generator = np.random.default_rng([self._settings.seed, _PROJECTION])
        first = generator.normal(0, width**-0.5, (width, taught)).astype(np.float32)
        return tf.Variable(first, name="projection")

    def variables(self) -> Sequence[tf.Variable]:
        """The projection from the student's width to the teacher's, where they differ."""
        return () if self._projection is None else (self._projection,)

    def objective_share(self) -> float:
        """What the teacher's answers leave."""
        return 1.0 - self._settings.teacher_weight

    # === Between updates ===

    def begin(self, reporter: Reporter) -> None:
        """Ask the teacher about every training text, where once is enough."""
        if not self._answers_once:
            return
        texts, started, scorer = self._train.inputs, time.perf_counter(), BatchScorer(self._keras)
        # Of about one length each, so that little of a batch is padding; the same ones after a stop.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index].input_ids))
        answers: list[TextOutputs] = [{} for _ in texts]
        chunks = [order[start : start + CHUNK] for start in range(0, len(order), CHUNK)]
        for chunk in reporter.over(chunks, f"the teacher answers {len(texts):,} training texts"):
            for index, named in zip(chunk, scorer.outputs([texts[index] for index in chunk])):
                answers[index] = named
        self._answers = answers
        self._seconds = time.perf_counter() - started

    def array_specs(self) -> Sequence[TargetSpec]:
        """The teacher's answers, an array an output; or the texts' ids before words were dropped."""
        if not self._answers_once:
            return (TargetSpec((None, None), "int32"),)
        return tuple(TargetSpec((None,) * (1 + len(axes)), "float32") for axes in self._task.outputs.values())

    def arrays(self, indices: NDArray[np.int64], items: Items) -> Sequence[NDArray[Any]]:
        """As `array_specs` say."""
        if not self._answers_once:
            return (pad(items.texts, self._pad_id)[0],)
        rows = [*indices, *(len(self._train.texts) + indices if self._train.others else ())]
        return tuple(_stacked([self._answers[row][name] for row in rows]) for name in self._task.outputs)

    # === Inside the graph of an update ===

    def loss(self, step: StepTensors) -> tf.Tensor:
        """The weighted losses against the teacher's answers, states and maps."""
        settings, inside = self._settings, None
        if self._answers_once:
            named = dict(zip(self._task.outputs, step.arrays))
        else:
            inside = self._keras(*step.inputs._replace(input_ids=step.arrays[0]), training=False)
            named = inside.named
        loss = settings.teacher_weight * self._answer_loss(step, self._in_order(named))
        if inside is not None and settings.teacher_hidden:
            loss += settings.teacher_hidden * self._hidden_loss(step, inside)
        if inside is not None and settings.teacher_attention:
            loss += settings.teacher_attention * self._attention_loss(step, inside)
        return loss

    def _in_order(self, named: Named) -> Named:
        """The answers with the student's labels in the student's order."""
        places = self._teacher.label_places
        if places is None or "logits" not in named:
            return named
        return {"logits": tf.gather(named["logits"], tf.constant(places), axis=-1)}

    def _known(self, named: Named) -> Named:
        """The student's answers, of the labels that the teacher knows."""
        known = self._teacher.known_labels
        if known is None or "logits" not in named:
            return named
        return {**named, "logits": tf.gather(named["logits"], tf.constant(known), axis=-1)}

    def _answer_loss(self, step: StepTensors, named: Named) -> tf.Tensor:
        heat = self._settings.temperature
        losses = [
            each.weight * tf.reduce_mean(self._loss(self._known(each.named), named, step.inputs, step.targets, heat))
            for each in step.exits
        ]
        return tf.add_n(losses)

    def _hidden_loss(self, step: StepTensors, inside: Outputs) -> tf.Tensor:
        losses = []
        for layer, taught in enumerate(self._layers, start=1):
            states = step.outputs.hidden_states[layer]
            if self._projection is not None:
                states = tf.tensordot(states, self._projection, axes=1)
            mask = step.inputs.attention_mask
            losses.append(tf.reduce_mean(hidden_error(states, inside.hidden_states[taught], mask)))
        return tf.add_n(losses) / len(losses)

    def _attention_loss(self, step: StepTensors, inside: Outputs) -> tf.Tensor:
        mask, own = step.inputs.attention_mask, step.outputs.attentions
        losses = [
            tf.reduce_mean(attention_divergence(own[layer], inside.attentions[taught - 1], mask))
            for layer, taught in enumerate(self._layers)
        ]
        return tf.add_n(losses) / len(losses)

    def facts(self) -> dict[str, Any]:
        """The teacher's shape, which of its layers teach, and whether its answers were computed once."""
        return {
            **self._teacher.facts(),
            "layers_taught_from": self._layers if self._looks_inside else [],
            "answers_computed": "once" if self._answers_once else "in each step",
            "answers_seconds": self._seconds,
        }


def _stacked(rows: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """[rows, ...]: each row filled up with 0 along its first axis to the longest."""
    if rows[0].ndim == 0 or len({row.shape for row in rows}) == 1:
        return np.stack(rows)
    table = np.zeros((len(rows), max(map(len, rows)), *rows[0].shape[1:]), np.float32)
    for place, row in zip(table, rows):
        place[: len(row)] = row
    return table

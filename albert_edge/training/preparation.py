"""Everything of a training that comes before TensorFlow: data files, labels, vocabulary, the model's first weights.

Whatever can be wrong with what was asked for comes to light here, in seconds.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
from typing import TYPE_CHECKING, Any, Mapping, Optional

from albert_edge.errors import ConfigError, MissingPackageError
from albert_edge.pipelines import make_pipeline
from albert_edge.training.batches import batch_count
from albert_edge.training.dp.plan import PrivacyPlan, accounting, make_plan, promise
from albert_edge.training.forgetting import check_old_dev
from albert_edge.training.objectives import make_objective
from albert_edge.training.replay import Replay, make_replay
from albert_edge.training.reporting import Reporter
from albert_edge.training.request import Request
from albert_edge.training.scoring import inputs_of
from albert_edge.training.start import Start, known_labels, make_start, with_word_vectors
from albert_edge.training.teacher import Teacher, read_teacher

if TYPE_CHECKING:
    from albert_edge.training.data import Encoded
    from albert_edge.training.objectives.base import Objective

_NEEDED = ("tensorflow", "tf_keras", "safetensors")


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A training that can begin."""

    request: Request
    facts: Mapping[str, Any]
    """The request as JSON values, with the SHA-256 of each file and of the vocabulary: what a snapshot is kept with."""
    objective: Objective
    start: Start
    train: Encoded
    dev: Encoded
    teacher: Optional[Teacher] = None
    replay: Optional[Replay] = None
    privacy: Optional[PrivacyPlan] = None


def prepare(request: Request, vocabulary: Optional[bytes], reporter: Reporter) -> Prepared:
    """Read the files of `request` and make its start.

    `vocabulary` is that of a session before, whose weights will replace the first ones: they need no word vectors.
    Raises `DataError`, `ConfigError`, `FolderError` or `TokenizerError` for what can't be used, and
    `MissingPackageError` where the training itself could not run.
    """
    _check_packages(request)
    objective = make_objective(request, known_labels(request))
    if request.source.trains_vocabulary and vocabulary is None:
        reporter.note(f"training a vocabulary on {len(objective.train.examples):,} examples")
    start = make_start(objective, vocabulary)
    teacher = read_teacher(objective, start)
    train, dev = objective.encode(start.config, start.tokenizer)
    _note_truncated(objective, train, start, reporter)
    if request.settings.word_vectors and vocabulary is None:
        start = with_word_vectors(start, train.inputs)
    tokenizer = start.tokenizer
    _check_questions(objective, start)
    facts = {
        **request.facts(),
        "vocabulary_sha256": hashlib.sha256(tokenizer.model).hexdigest(),
        "tokenizer": tokenizer.options.to_dict(),
    }
    check_old_dev(objective)
    _check_measured_rows(request, facts)
    replay, privacy = make_replay(objective, train), _privacy(request, train, reporter)
    return Prepared(request, facts, objective, start, train, dev, teacher, replay, privacy)


def _check_measured_rows(request: Request, facts: Mapping[str, Any]) -> None:
    """The report has exact scores on these files, and their hashes: neither may be of private rows."""
    if not request.settings.private:
        return
    for name in ("dev", "old_dev"):
        if facts.get(f"{name}_sha256") == facts["train_sha256"]:
            raise ConfigError(
                f"a private training must have a {name} of other rows than train; received {facts[name]}, "
                f"the same as {request.train}"
            )


def _privacy(request: Request, train: Encoded, reporter: Reporter) -> Optional[PrivacyPlan]:
    """What the training promises about its rows, said before it starts."""
    settings, rows = request.settings, len(train.texts)
    steps = settings.epochs_for(rows, request.recipe.texts_seen) * batch_count(rows, settings.batch_size)
    plan = make_plan(settings, rows, steps)
    if plan is not None:
        reporter.note(promise(plan))
    return plan


def _note_truncated(objective: Objective, train: Encoded, start: Start, reporter: Reporter) -> None:
    if train.truncated:
        reporter.note(
            f"{train.truncated:,} of {len(objective.train.examples):,} training examples have more than "
            f"{start.config.settings.max_length} tokens and lose their end (--max-length)"
        )


def _check_questions(objective: Objective, start: Start) -> None:
    """A text of dev that the pipeline can't take would else come to light after the first epoch."""
    config = start.config
    pipeline = make_pipeline(objective.request.task, config, start.tokenizer, config.max_position_embeddings)
    for question in objective.questions():
        inputs_of(pipeline, question)


def _check_packages(request: Request) -> None:
    """A vocabulary takes minutes to train: what the steps need is looked for first."""
    for name in _NEEDED:
        if importlib.util.find_spec(name) is None:
            raise MissingPackageError(
                f"a training needs the host's packages (pip install 'albert-edge[host]'); received no {name!r}"
            )
    if request.settings.private:
        accounting()

"""`question-answering`: where in a passage the answer starts and ends, or that it isn't there.

Follows Devlin et al. 2018, sections 4.2 and 4.3: a passage too long is learnt in windows, and in a window without the
answer, as for a question that the passage doesn't answer, `[CLS]` is the target. If the training set has unanswered
questions, the threshold that makes the best F1 on dev goes into the model's settings. Of several right answers the
first is learnt; the score knows all of them.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Sequence

import numpy as np

from albert_edge.files import PathLike
from albert_edge.metrics import squad_report
from albert_edge.metrics.squad import best_threshold
from albert_edge.pipelines.answering import Question as Request
from albert_edge.text.answers import answer_targets, question_windows, token_span
from albert_edge.text.questions import QuestionExample, read_questions
from albert_edge.training.data import Encoded
from albert_edge.training.objectives.base import Answered, Objective, Rows, TargetSpec, longest
from albert_edge.training.objectives.texts import check_segments
from albert_edge.training.scoring import Question

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.config import AlbertConfig
    from albert_edge.pipelines.answering import Answer
    from albert_edge.text.packing import Packed
    from albert_edge.text.tokenizer import Encoding, Tokenizer


class Answering(Objective):
    """Spans of passages."""

    target_specs = (TargetSpec((None, 2), "int32"),)
    finished: Optional[AlbertConfig] = None
    """Of a model that is measured: its threshold is no longer looked for."""

    def read(self, path: PathLike) -> list[QuestionExample]:
        """SQuAD's JSON, or JSON Lines."""
        return read_questions(path)

    @property
    def has_unanswered(self) -> bool:
        """Whether the model is to know that a passage may not answer."""
        return any(example.is_impossible for example in self.train.examples)

    def texts(self) -> list[str]:
        """Each passage once, and the questions."""
        passages = dict.fromkeys(example.passage for example in self.train.examples)
        return [*passages, *(example.question for example in self.train.examples)]

    def adapt(self, config: AlbertConfig) -> AlbertConfig:
        """The stride, if one is chosen; no threshold before one is found."""
        check_segments(config)
        return config.with_settings(stride=self.settings.stride, no_answer_threshold=None)

    def encode(self, config: AlbertConfig, tokenizer: Tokenizer) -> tuple[Encoded, Encoded]:
        """A window an item."""
        # Most passages have several questions, one after another.
        encode = functools.lru_cache(maxsize=64)(tokenizer.encode)
        return _encode(self.train, encode, config, tokenizer), _encode(self.dev, encode, config, tokenizer)

    def facts(self) -> dict[str, Any]:
        """How many questions have no answer."""
        return {"unanswered": sum(example.is_impossible for example in self.train.examples)}

    def losses(self, given: Answered) -> Any:
        """A loss a window."""
        from albert_edge.training.losses import spans

        _, mask, segments, _ = given.inputs
        return spans(given.outputs["start_logits"], given.outputs["end_logits"], mask, segments, given.targets[0])

    def questions(self) -> list[Question]:
        """The questions of dev."""
        return [
            Question(f"{self.dev.path}: the question {example.id}", Request(example.question, example.passage))
            for example in self.dev.examples
        ]

    def measuring(self, path: PathLike, config: AlbertConfig) -> Answering:
        """With the threshold of `config`."""
        other = super().measuring(path, config)
        assert isinstance(other, Answering)
        other.finished = config
        return other

    def report(self, predictions: Sequence[Answer]) -> dict[str, Any]:
        """`squad_report`, in percent; with the best threshold on dev where the model knows unanswered questions."""
        answers = {example.id: [answer.text for answer in example.answers] for example in self.dev.examples}
        found = {example.id: answer for example, answer in zip(self.dev.examples, predictions)}
        texts = {name: answer.text for name, answer in found.items()}
        if self.finished is not None:
            if not any(example.is_impossible for example in self.dev.examples):
                return squad_report(answers, texts, version="1.1")
            best = {name: answer.n_best[0].text for name, answer in found.items()}
            scores = {name: answer.no_answer_score for name, answer in found.items()}
            return squad_report(answers, best, scores, self.finished.settings.no_answer_threshold, "2.0")
        if not self.has_unanswered:
            return squad_report(answers, texts)
        doubts = {name: answer.no_answer_score for name, answer in found.items()}
        threshold = best_threshold(answers, texts, doubts).threshold
        return {
            **squad_report(answers, texts, doubts, threshold, version="2.0"),
            "no_answer_threshold": threshold,
        }

    def finish(self, config: AlbertConfig, report: Mapping[str, Any]) -> AlbertConfig:
        """The threshold, if there is one."""
        return config.with_settings(no_answer_threshold=report.get("no_answer_threshold"))


def _encode(rows: Rows, encode: Callable[[str], Encoding], config: AlbertConfig, tokenizer: Tokenizer) -> Encoded:
    texts: list[Packed] = []
    targets: list[NDArray[np.int32]] = []
    owners: list[int] = []
    for owner, example in enumerate(rows.examples):
        passage = encode(example.passage)
        answer = next(iter(example.answers), None)
        span = None if answer is None else token_span(passage.offsets, answer.start, answer.end)
        question = tokenizer.encode(example.question)
        for window in question_windows(tokenizer, question, passage, longest(config), config.settings.stride):
            texts.append(window.packed)
            targets.append(np.array(answer_targets(window, span), np.int32))
            owners.append(owner)
    return Encoded(texts, targets, owners=owners)

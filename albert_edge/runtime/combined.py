"""`CombinedPredictor`: several heads on one trunk, answered together.

The graph computes every head's outputs in each pass. So what one head has run is kept for the others while a request
lasts, and heads whose inputs are equal, as those of a classifier and a tagger are, share each pass. They are not equal
where the heads' settings cut a long text differently, and where a text has masks, which only fill-mask sees.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Mapping, Optional

from albert_edge.errors import ConfigError, DataError
from albert_edge.pipelines.base import TextRequest
from albert_edge.runtime.base import HeadPredictor, Predictor, Run, check_options, each, no_head
from albert_edge.runtime.predictors import PREDICTORS, Words, pair_of, tag_request
from albert_edge.tasks import task_named

if TYPE_CHECKING:
    from albert_edge.artifact import Artifact
    from albert_edge.pipelines.base import Outputs
    from albert_edge.runtime.session import Session
    from albert_edge.text.packing import Packed


@dataclasses.dataclass(frozen=True)
class CombinedRequest:
    """What the heads are asked."""

    text: str
    """Of question-answering the passage."""
    text_pair: Optional[str] = None
    """Of text-classification and sentence-order; the other heads answer for `text` alone."""
    question: Optional[str] = None
    words: Optional[Words] = None

    def of_task(self, task: str) -> Any:
        """As the pipeline of `task` takes it."""
        if task == "question-answering":
            from albert_edge.pipelines.answering import Question

            return Question(str(self.question), self.text)
        if task == "token-classification":
            return tag_request(self.text, self.words)
        if task == "fill-mask":
            return self.text
        return TextRequest(self.text) if task == "feature-extraction" else TextRequest(self.text, self.text_pair)


class CombinedPredictor(Predictor):
    """All heads of an artifact that has more than one."""

    def __init__(self, artifact: Artifact, session: Session) -> None:
        super().__init__(artifact, session)
        self._heads = {head.task: PREDICTORS[head.task](artifact, session) for head in artifact.heads}

    def head(self, task: str) -> HeadPredictor:
        """As `Predictor.head`: it runs the same graph and gives one head's answer."""
        name = task_named(task).name
        if name not in self._heads:
            raise no_head(self.artifact, task)
        return self._heads[name]

    def predict(
        self,
        text: Any,
        text_pair: Any = None,
        *,
        question: Optional[str] = None,
        words: Optional[Words] = None,
        n_best: Optional[int] = None,
        top: Optional[int] = None,
        max_depth: Optional[int] = None,
    ) -> Any:
        """Every head's prediction for `text`: a dict with the tasks as keys; of a list of texts a list of dicts.

        `text_pair` belongs to the heads that take pairs (text-classification, sentence-order), and the others answer
        for `text` alone. question-answering needs the `question` and takes `text` for the passage; `words`, `n_best`
        and `top` are as in `Tagger`, `Answerer` and `Filler`. Raises `ConfigError` on an argument that no head takes or
        that one lacks, and what the heads' own predictors raise.
        """

        def answered(one: str, two: Optional[str]) -> dict[str, Any]:
            return self._answer(CombinedRequest(one, two, question, words), max_depth, n_best=n_best, top=top)

        return each(answered, "text", text, "text_pair", text_pair)

    def answer_item(
        self, item: Any, max_depth: Optional[int] = None, exit_threshold: Optional[float] = None, **options: Any
    ) -> dict[str, Any]:
        """An item is a text, a pair of texts, or an object with the keys `text, text_pair, question, words`.

        Raises `ConfigError` on an `exit_threshold`: a graph of several heads has no exit.
        """
        if exit_threshold is not None:
            tasks = ", ".join(self._heads)
            raise ConfigError(f"exit_threshold needs a file with an exit; received {exit_threshold!r} for {tasks}")
        return self._answer(_request_of(item), max_depth, **options)

    def inputs_of(self, item: Any) -> list[Packed]:
        """As `Predictor.inputs_of`, of all heads; equal ones come once a head."""
        request = self._checked(_request_of(item))
        return [packed for task, head in self._heads.items() for packed in head.pipeline.inputs(request.of_task(task))]

    def _answer(self, request: CombinedRequest, max_depth: Optional[int], **options: Optional[int]) -> dict[str, Any]:
        check_options(options, list(self._heads.values()))
        self._checked(request)
        run = self._remembering(max_depth)
        answers = {}
        for task, head in self._heads.items():
            own = {name: options.get(name) for name in head.options}
            answers[task] = head.answer(request.of_task(task), run=run, **own)
        return answers

    def _checked(self, request: CombinedRequest) -> CombinedRequest:
        """Raise `ConfigError` if a part of `request` is for no head, or if a head lacks its part."""
        for name, tasks in _TAKEN_BY.items():
            value = getattr(request, name)
            if value is not None and not set(tasks) & set(self._heads):
                raise ConfigError(f"{name} must be left out for {', '.join(self._heads)}; received {value!r}")
        if request.question is None and "question-answering" in self._heads:
            raise ConfigError("question must be given for question-answering; received None")
        return request

    def _remembering(self, max_depth: Optional[int]) -> Run:
        """Runs an input the first time that it is asked for."""
        known: dict[tuple[bytes, ...], dict[str, Outputs]] = {}

        def run(packed: Packed) -> dict[str, Outputs]:
            masked = b"" if packed.masked_positions is None else packed.masked_positions.tobytes()
            key = packed.input_ids.tobytes(), packed.token_type_ids.tobytes(), masked
            if key not in known:
                known[key] = self.run(packed, max_depth)
            return known[key]

        return run


_TAKEN_BY = {
    "text_pair": ("text-classification", "sentence-order"),
    "question": ("question-answering",),
    "words": ("token-classification",),
}
"""Part of a request beside its text -> the tasks that it is for."""


def _request_of(item: Any) -> CombinedRequest:
    if isinstance(item, Mapping):
        unknown = sorted(set(item) - {"text", *_TAKEN_BY})
        if unknown or "text" not in item:
            raise DataError(f"an item must have text and may have {', '.join(_TAKEN_BY)}; received {sorted(item)}")
        return CombinedRequest(**item)
    return CombinedRequest(*pair_of(item))

"""What the objectives of whole texts share: rows of tables, single texts or pairs, one input each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence

from albert_edge.errors import ConfigError, DataError
from albert_edge.files import PathLike
from albert_edge.pipelines.base import TextRequest
from albert_edge.text.tables import Example, read_examples
from albert_edge.training.data import Encoded, encode
from albert_edge.training.objectives.base import Objective, Rows, longest
from albert_edge.training.scoring import Question

if TYPE_CHECKING:
    from albert_edge.config import AlbertConfig
    from albert_edge.text.tokenizer import Tokenizer
    from albert_edge.training.request import Request


class TextObjective(Objective):
    """Labelled rows; each kind says what their targets are."""

    def __init__(self, request: Request, known_labels: Optional[Sequence[str]] = None) -> None:
        super().__init__(request, known_labels)
        check_pairs(self.train, self.dev)
        if self.replay is not None:
            check_pairs(self.replay, self.dev)
        self.train_targets = self.targets(self.train)
        self.dev_targets = self.targets(self.dev)

    def read(self, path: PathLike) -> list[Example]:
        """The rows of a table."""
        return read_examples(path, self.request.columns_of(path))

    def targets(self, rows: Rows) -> Any:
        """A target a row; raises `DataError` with the line of a label that isn't one."""
        raise NotImplementedError

    def texts(self) -> list[str]:
        """First and second texts."""
        return texts_of(self.train.examples)

    def adapt(self, config: AlbertConfig) -> AlbertConfig:
        """The kind, as Hugging Face names it."""
        if self.train.examples[0].text_pair is not None:
            check_segments(config)
        return config.replace(problem_type=self.settings.problem_type)

    def encode(self, config: AlbertConfig, tokenizer: Tokenizer) -> tuple[Encoded, Encoded]:
        """A text or pair an item."""
        return (
            encode(self.train.examples, self.train_targets, tokenizer, longest(config)),
            encode(self.dev.examples, self.dev_targets, tokenizer, longest(config)),
        )

    def measuring(self, path: PathLike, config: AlbertConfig) -> TextObjective:
        """Whose labels are those of `config`."""
        other = super().measuring(path, config)
        assert isinstance(other, TextObjective)
        check_pairs(self.train, other.dev)
        other.dev_targets = other.targets(other.dev)
        return other

    def questions(self) -> list[Question]:
        """The texts of dev."""
        return [
            Question(f"{self.dev.path}:{example.line}", TextRequest(example.text, example.text_pair))
            for example in self.dev.examples
        ]


def texts_of(examples: Sequence[Example]) -> list[str]:
    """First and second texts, in their order."""
    pairs = ((example.text, example.text_pair) for example in examples)
    return [text for pair in pairs for text in pair if text is not None]


def check_pairs(train: Rows, dev: Rows) -> None:
    """Raises `DataError` if one file holds pairs and the other single texts."""
    pairs = [rows.examples[0].text_pair is not None for rows in (train, dev)]
    if pairs[0] != pairs[1]:
        kinds = ["pairs" if pair else "single texts" for pair in pairs]
        raise DataError(
            f"both data files must hold pairs, or both single texts; "
            f"received {kinds[0]} in {str(train.path)!r} and {kinds[1]} in {str(dev.path)!r}"
        )


def check_segments(config: AlbertConfig) -> None:
    """Raises `ConfigError` if the model can't tell the texts of a pair apart."""
    if config.type_vocab_size < 2:
        raise ConfigError(f"a model of pairs must have type_vocab_size 2; received {config.type_vocab_size}")

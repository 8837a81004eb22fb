"""The text that a pretraining learns from: one corpus, or one with a share of another in every batch.

A model that goes on with new text alone forgets the old; a part of each batch from the old text holds that up (Scialom
et al. 2022, *Fine-tuned Language Models are Continual Learners*, call it rehearsal). Each corpus has its own place in
its own order, so that both go on from where they were, and a batch has the same number of inputs of each every time.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple, Optional

import numpy as np

from albert_edge.errors import ConfigError
from albert_edge.training.pretraining.settings import REPLAY_SHARE, length_stages
from albert_edge.training.pretraining.stream import Example, Examples, Place

if TYPE_CHECKING:
    from albert_edge.text.tokenizer import Tokenizer
    from albert_edge.training.pretraining.records import Corpus
    from albert_edge.training.pretraining.settings import PretrainingSettings


class Places(NamedTuple):
    """What comes next of each corpus."""

    corpus: Place
    replay: Place


@dataclasses.dataclass(frozen=True)
class Mixture:
    """A corpus and, if it is given, another one of which each batch has a share."""

    corpus: Corpus
    replay: Optional[Corpus] = None
    replay_share: float = REPLAY_SHARE
    """In (0, 1): in a batch rounded to whole inputs."""

    def replayed(self, size: int) -> int:
        """Inputs of `replay` in a batch of `size`.

        Raises `ConfigError` for a share that comes to none of them, or to all.
        """
        if self.replay is None:
            return 0
        found = round(self.replay_share * size)
        if not 0 < found < size:
            raise ConfigError(
                f"replay_share must come to an input of each batch, and leave one of the corpus; "
                f"received {self.replay_share}, {found} of {size} inputs"
            )
        return found

    def check(self, settings: PretrainingSettings, workers: int) -> None:
        """Raises `ConfigError` as `replayed`, for the batches of every stage, each worker having some of both."""
        for length, _ in length_stages(settings.lengths, settings.steps):
            size = settings.inputs_at(length)
            replayed = self.replayed(size)
            if self.replay is not None and min(replayed, size - replayed) < workers:
                raise ConfigError(
                    f"replay_share must leave each of {workers} workers an input of both corpora; "
                    f"received {self.replay_share}, {replayed} of {size} inputs"
                )

    def batches(
        self,
        tokenizer: Tokenizer,
        settings: PretrainingSettings,
        length: int,
        places: Places,
        worker: int = 0,
        workers: int = 1,
    ) -> Iterator[tuple[Example, Places]]:
        """Batches of inputs of `length` tokens from `places` on, without end, each with the places behind it.

        The `worker` gets its rows of each, as of `Examples.batches`; the replayed ones are the last of a batch.
        """
        size = settings.inputs_at(length)
        replayed = self.replayed(size)
        first = size - replayed
        own = Examples(self.corpus, tokenizer, settings, length).batches(places.corpus, first, worker, workers)
        if self.replay is None:
            for batch, behind in own:
                yield batch, places._replace(corpus=behind)
            return
        replay = Examples(self.replay, tokenizer, settings, length)
        others = replay.batches(places.replay, replayed, (worker - first) % workers, workers)
        for (batch, behind), (other, behind_other) in zip(own, others):
            both: Iterator[Any] = map(np.concatenate, zip(batch, other))
            yield Example(*both), Places(behind, behind_other)

    def facts(self) -> dict[str, Any]:
        """What decides which inputs a training sees, as JSON values."""
        if self.replay is None:
            return {"corpus": self.corpus.facts()}
        return {"corpus": self.corpus.facts(), "replay": self.replay.facts(), "replay_share": self.replay_share}

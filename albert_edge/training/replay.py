"""Old data among new ones: which of them an epoch sees.

A model that learns new data alone forgets the old (McCloskey and Cohen 1989); a share of old data in each epoch holds
that up (Rolnick et al. 2019, *Experience Replay for Continual Learning*). The old examples come in an order by chance,
each once before any comes again, so that over the epochs all have their turn. Everything follows from the seed and the
epoch's number.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from albert_edge.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from albert_edge.training.data import Encoded
    from albert_edge.training.objectives.base import Objective

REPLAY_SHARE = 0.2
"""Of an epoch's inputs, if nothing else is chosen."""

_ROUNDS = 3
"""Keeps the random numbers of the order of old data apart from others of the same seed."""


@dataclasses.dataclass(frozen=True)
class Replay:
    """Of N inputs the last ones are old."""

    new: int
    """Inputs that each epoch has all of."""
    old: int
    """Those that it has some of."""
    share: float
    """Of the inputs of an epoch that are old."""
    seed: int

    @property
    def per_epoch(self) -> int:
        """Old inputs in an epoch: the share, in whole ones."""
        return round(self.share * self.new / (1 - self.share))

    def inputs(self, epoch: int) -> NDArray[np.int64]:
        """The indices of what the epoch (from 0) learns from: all that is new, and the epoch's old ones."""
        first, last = epoch * self.per_epoch, (epoch + 1) * self.per_epoch
        rounds = range(first // self.old, -(-last // self.old))
        drawn = [np.random.default_rng([self.seed, each, _ROUNDS]).permutation(self.old) for each in rounds]
        start = first - rounds.start * self.old
        old = np.concatenate(drawn)[start : start + self.per_epoch]
        return np.concatenate([np.arange(self.new), self.new + old])

    def facts(self) -> dict[str, Any]:
        """What the report says, as JSON values."""
        return {"inputs": self.old, "inputs_an_epoch": self.per_epoch}


def make_replay(objective: Objective, train: Encoded) -> Optional[Replay]:
    """How the items of `train` are replayed; None without a replay.

    Raises `ConfigError` for a share that comes to no input.
    """
    if objective.replay is None:
        return None
    share = objective.settings.replay_share or REPLAY_SHARE
    # A long text may be several items; a window too long to tell anything none.
    owners = train.owners or range(len(train.texts))
    new = sum(owner < objective.new_examples for owner in owners)
    replay = Replay(new, len(owners) - new, share, objective.settings.seed)
    if not replay.per_epoch:
        raise ConfigError(f"replay_share must come to an input of each epoch; received {share} beside {new} new ones")
    return replay

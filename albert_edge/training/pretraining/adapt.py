"""The public `adapt`: a model folder goes on with its pretraining, on a domain's text.

Gururangan et al. 2020, *Don't Stop Pretraining*. A model that learns a domain forgets some of what it knew: `replay`
puts general text into every batch, and held-out text of both is measured before and after, so that the report tells
what was gained in the domain and what was forgotten in general.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Collection, Mapping, Optional, Sequence

from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.training.differences import differences
from albert_edge.training.pretraining.folder import MASKED_HEAD, ORDER_HEAD, from_folder
from albert_edge.training.pretraining.mixing import Mixture
from albert_edge.training.pretraining.records import Corpus, open_corpus
from albert_edge.training.pretraining.running import (
    ALL_INPUTS,
    Plan,
    check_vocabulary,
    open_held_out,
    run,
    session_of,
)
from albert_edge.training.pretraining.settings import OF_A_FURTHER, REPLAY_SHARE, PretrainingSettings
from albert_edge.training.reporting import Reporter

if TYPE_CHECKING:
    from albert_edge.training.pretraining.start import Beginning
    from albert_edge.training.pretraining.trainer import Pretraining

SCORES = ("accuracy", "perplexity", "accuracy_of_pieces", "perplexity_of_pieces", "order_accuracy")
"""What is compared."""


def adapt(
    folder: PathLike,
    corpus: PathLike,
    out: PathLike,
    *,
    held_out: Sequence[PathLike] = (),
    general_held_out: Sequence[PathLike] = (),
    replay: Optional[PathLike] = None,
    replay_share: Optional[float] = None,
    reporter: Optional[Reporter] = None,
    **arguments: Any,
) -> dict[str, Any]:
    """Go on with the pretraining of the model in `folder` on the corpus folder `corpus` and write the folder `out`.

    Both must have one vocabulary. `replay`: a corpus of which each batch has `replay_share` (0.2 unless it is given) of
    its inputs, rounded to whole ones. `held_out` are corpora of the domain, `general_held_out` others, all of which are
    measured before the first update and after the last. The other arguments, an interruption, what is written and what
    is raised are as with `pretrain`; `OF_A_FURTHER` has the settings
    whose defaults are others.

    The report has beside `pretrain`'s `new_head` (tensors that the folder lacked, random at first), and `gained` and
    `forgotten`: corpus -> score -> {before, after, difference}, of the domain and of the other corpora.
    """
    session, settings = session_of(arguments)
    given = {name: value for name, value in settings.items() if value is not None}
    chosen = PretrainingSettings.from_dict({**OF_A_FURTHER, **given})
    text = _text(open_corpus(corpus), replay, replay_share)
    measured_on = open_held_out([*held_out, *general_held_out], text.corpus)
    domain = set(open_held_out(held_out, text.corpus))
    beginning = from_folder(folder, text.corpus, chosen)
    reporter = reporter or Reporter()
    _note_heads(folder, beginning, reporter)

    def further(training: Pretraining, report: Mapping[str, Any]) -> dict[str, Any]:
        before = training.scores_of(ALL_INPUTS, beginning.tensors())
        changes = _changes(before, report["held_out"], domain)
        return {"new_head": list(beginning.new_head), **changes}

    return run(Plan(beginning, text, measured_on, chosen), out, session, reporter, further)


def _text(corpus: Corpus, replay: Optional[PathLike], share: Optional[float]) -> Mixture:
    if replay is None:
        if share is not None:
            raise ConfigError(f"replay_share may be given with a replay only; received {share} without one")
        return Mixture(corpus)
    other = open_corpus(replay)
    check_vocabulary(other, corpus, "a replayed corpus", str(replay))
    share = REPLAY_SHARE if share is None else share
    if not 0 < share < 1:
        raise ConfigError(f"replay_share must be in (0, 1); received {share}")
    return Mixture(corpus, other, share)


def _note_heads(folder: PathLike, beginning: Beginning, reporter: Reporter) -> None:
    heads = {MASKED_HEAD: "masked pieces", ORDER_HEAD: "the order"}
    missing = [words for start, words in heads.items() if any(name.startswith(start) for name in beginning.new_head)]
    if missing:
        reporter.note(f"{folder} has no head of {' and of '.join(missing)}: a new one starts, with random weights")


def _changes(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]], domain: Collection[str]
) -> dict[str, Any]:
    changes = {
        name: differences({score: before[name][score] for score in SCORES}, scores) for name, scores in after.items()
    }
    return {
        "gained": {name: found for name, found in changes.items() if name in domain},
        "forgotten": {name: found for name, found in changes.items() if name not in domain},
    }

"""The public `pretrain`: from a corpus of documents to a model folder that `train --from` starts from."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from albert_edge.files import PathLike
from albert_edge.training.pretraining.mixing import Mixture
from albert_edge.training.pretraining.records import open_corpus
from albert_edge.training.pretraining.running import Plan, open_held_out, run, session_of
from albert_edge.training.pretraining.settings import PretrainingSettings
from albert_edge.training.pretraining.start import from_size
from albert_edge.training.reporting import Reporter


def pretrain(
    corpus: PathLike,
    out: PathLike,
    *,
    held_out: Sequence[PathLike] = (),
    size: str = "mini",
    layers: Optional[int] = None,
    reporter: Optional[Reporter] = None,
    **arguments: Any,
) -> dict[str, Any]:
    """Pretrain a model of a named `size` on the corpus folder `corpus` and write the folder `out`.

    `held_out`: corpora that are only measured. `arguments` are the fields of `Session` and of `PretrainingSettings`.
    After an interruption, a kill -9 too, the same call goes on from the last snapshot, at most `checkpoint_seconds`
    before, to the same weights. Returns the report that `out` also holds as `training.json`; raises as `run`.
    """
    session, settings = session_of(arguments)
    chosen = PretrainingSettings.from_dict(settings)
    learnt_from = open_corpus(corpus)
    measured_on = open_held_out(held_out, learnt_from)
    beginning = from_size(size, layers, learnt_from, chosen)
    return run(Plan(beginning, Mixture(learnt_from), measured_on, chosen), out, session, reporter or Reporter())

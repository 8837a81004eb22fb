"""The picture of a pretraining's log: loss, accuracy and order over the tokens seen. The same log, the same bytes."""

from __future__ import annotations

import io
import itertools
from typing import Any, Mapping, Sequence

from albert_edge.model.packages import host_package

_COLORS = ("#4269d0", "#efb118", "#ff725c", "#3ca951", "#a463f2")


def curves(lines: Sequence[Mapping[str, Any]]) -> bytes:
    """A PNG of the log's `lines`."""
    matplotlib, figures = host_package("matplotlib"), host_package("matplotlib.figure")
    with matplotlib.rc_context({"font.size": 9}):
        figure = figures.Figure(figsize=(13, 4.2), layout="constrained")
        axes = figure.subplots(1, 3)
        learnt = [line for line in lines if "held_out" not in line]
        _draw(axes, "training", "#9498a0", learnt, learnt)
        scored = [line for line in lines if "held_out" in line]
        names = list(dict.fromkeys(name for line in scored for name in line["held_out"]))
        for name, color in zip(names, itertools.cycle(_COLORS)):
            # A pretraining may go on with other corpora to measure on than it began with.
            own = [line for line in scored if name in line["held_out"]]
            _draw(axes, name, color, own, [line["held_out"][name] for line in own])
        titles = ("loss of masked pieces, nats", "accuracy of masked pieces", "accuracy of the order")
        for axis, title in zip(axes, titles):
            axis.set(title=title, xlabel="million tokens seen")
            axis.grid(alpha=0.3)
        axes[0].legend(frameon=False)
        stream = io.BytesIO()
        figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()


def _draw(
    axes: Any, name: str, color: str, lines: Sequence[Mapping[str, Any]], scores: Sequence[Mapping[str, Any]]
) -> None:
    tokens = [line["tokens"] / 1e6 for line in lines]
    for axis, score in zip(axes, ("loss", "accuracy", "order_accuracy")):
        axis.plot(tokens, [each[score] for each in scores], color=color, label=name, linewidth=1.2)

"""What a conversion writes into the model card: task, training data, its development figures, sizes, limits, licence.

Everything comes from the folder: `config.json`, `training.json` if it was trained here, the `license` of a Hugging Face
README.md. Equal folders give equal cards, so that conversion stays deterministic: no time, no path, nothing measured on
this machine. What was measured of the file is added to the card beside it (`albert-edge card`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Iterator, Mapping, NamedTuple, Optional, Sequence

from albert_edge.files import PathLike
from albert_edge.model.folder import Checkpoint
from albert_edge.model.hub import resolve_folder
from albert_edge.tasks import task_named
from albert_edge.training.recipes import RECIPES, recipe_of
from converters.schemes import Plan

NOT_STATED = "not stated"
MOST_LABELS = 40
"""Labels listed; the file has all of them."""


class CardFacts(NamedTuple):
    """What only the folder knows."""

    training: Mapping[str, Any]
    """`training.json`; empty without it."""
    licence: str
    """As stated, else empty."""


def card_facts(model: PathLike, licence: Optional[str]) -> CardFacts:
    """Of the folder `model`; `licence` overrides what its README.md says. Unreadable files tell nothing."""
    folder = resolve_folder(model)
    return CardFacts(_training(folder), licence if licence is not None else _stated_licence(folder))


def _training(folder: Path) -> Mapping[str, Any]:
    try:
        values = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _stated_licence(folder: Path) -> str:
    """`license:` of the front matter of a Hugging Face model card."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
    front = re.match(r"---\n(.*?)\n---", text, re.DOTALL)
    found = front and re.search(r"^license:[ \t]*[\"']?([\w.+-]+)", front[1], re.MULTILINE)
    return found[1] if found else ""


def card_text(checkpoints: Sequence[Checkpoint], plan: Plan, facts: CardFacts) -> str:
    """The Markdown."""
    config = checkpoints[0].config
    lines = [
        f"# ALBERT for {' and '.join(checkpoint.task for checkpoint in checkpoints)}",
        "",
        f"{config.num_hidden_layers} layers of {config.hidden_size}, {plan.described}.",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {_cell(value)} |" for name, value in _rows(checkpoints, facts)),
        "",
        "## Limits",
        "",
        *(f"- {line}" for line in _limits(checkpoints, facts)),
    ]
    return "\n".join(lines) + "\n"


def _cell(value: str) -> str:
    """A bar would end the cell, a line feed the table."""
    return " ".join(value.replace("|", "\\|").split())


def _rows(checkpoints: Sequence[Checkpoint], facts: CardFacts) -> Iterator[tuple[str, str]]:
    config = checkpoints[0].config
    for checkpoint in checkpoints:
        # transformers gives every folder two labels, also where the task has none.
        labels = list(checkpoint.config.labels or ()) if task_named(checkpoint.task).has_labels else []
        more = f" and {len(labels) - MOST_LABELS:,} more" if len(labels) > MOST_LABELS else ""
        yield "task", checkpoint.task + (f": {', '.join(labels[:MOST_LABELS])}{more}" if labels else "")
    yield "vocabulary", f"{config.vocab_size:,} pieces, {checkpoints[0].tokenizer.kind}"
    yield "parameters", f"{sum(int(each.size) for each in checkpoints[0].tensors.values()):,}"
    yield from _data(facts.training)
    yield "licence", facts.licence or NOT_STATED


def _data(training: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The training's data and what its best weights reached, by Keras."""
    request, seen, dev = (training.get(key) or {} for key in ("request", "train", "dev"))
    if not seen or not dev:
        yield "training data", NOT_STATED
        return
    start = request.get("from_")
    yield "started from", Path(str(start)).name if start else "random weights"
    for name, key, examples in (("training data", "train", seen), ("development data", "dev", dev)):
        digest = str(request.get(f"{key}_sha256") or "")[:12]
        source = Path(str(request.get(key) or "")).name
        # SQuAD's report counts its questions as `total`.
        count = examples.get("examples", examples.get("total", 0))
        yield name, f"{source}, {count:,} examples, SHA-256 {digest}..."
    for score in training.get("scores") or ():
        if isinstance(dev.get(score), float):
            percent = dev[score] if _is_in_percent(training) else 100 * dev[score]
            yield f"{score.replace('_', ' ')}, Keras on the development data", f"{percent:.1f} %"


def _is_in_percent(training: Mapping[str, Any]) -> bool:
    """Whether the task's scores are percentages already; a folder's task may be of a later version."""
    task = training.get("task")
    return task in RECIPES and recipe_of(task).in_percent


def _limits(checkpoints: Sequence[Checkpoint], facts: CardFacts) -> Iterator[str]:
    tasks = {checkpoint.task for checkpoint in checkpoints}
    if "text-classification" in tasks:
        yield "Every text gets an answer from the labels above, also one that is about none of them."
    if tasks & {"token-classification", "question-answering"}:
        yield "What is found is a part of the given text; nothing is looked up."
    yield "Figures hold for texts like those of the development data; measure your own with `albert-edge evaluate`."
    yield "Its texts' language, bias and age are its training data's; nothing was filtered or balanced here."
    if not facts.training:
        yield "How it was trained is not known: the folder had no training.json."
    yield "Logits differ between processors and runtimes (docs/compatibility.md); close labels may change places."

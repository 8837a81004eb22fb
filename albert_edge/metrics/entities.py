"""Entities found in tagged words, scored as the CoNLL shared tasks score them.

Follows `conlleval.pl` (Tjong Kim Sang, version of 2004-01-26, the script of CoNLL-2000 to 2003): an entity counts as
found if its first word, its last word and its type are right, and a tag sequence that breaks its scheme still has
entities by the script's rules for where one starts and ends. The figures are the script's for IOB1 and IOB2, valid or
not. The script knows E in part and S not at all, so that it reads two neighbours of one type in BIOES as one; here
they are two, and the figures are those that it gives for the same entities in IOB2.

Leaves out the script's LaTeX table and its raw tags (`-r`), and partly right entities.
"""

from __future__ import annotations

import collections
from typing import Any, Iterable, Iterator, Mapping, Sequence

from albert_edge.errors import DataError
from albert_edge.text.schemes import entity_spans, tags_of_labels

Entity = tuple[int, int, str]
"""Words [start, end) of a sentence, and the type."""


def entity_report(true_tags: Sequence[Sequence[str]], predicted_tags: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Score predicted tags against the true ones.

    Arguments:
        true_tags: of each sentence a tag a word: `O`, `B-person`, ... in IOB1, IOB2 or BIOES. What is no such tag is a
            type by itself, whose neighbouring words are one entity.
        predicted_tags: of the same sentences and words, in a scheme of their own.

    Returns a dict of plain Python numbers, all rates fractions and 0 where there is no case: `examples` (sentences),
    `tokens`, `accuracy` (tags that are equal as they are written), `precision`, `recall`, `f1` of the entities of all
    types together, `entities_true`, `entities_predicted`, `entities_correct`, and `per_type`: type -> `precision`,
    `recall`, `f1`, `true`, `predicted`, `correct`, types in alphabetical order.

    Raises `DataError` if there is no word, or a sentence has another number of predicted than of true tags.
    """
    _check(true_tags, predicted_tags)
    true: collections.Counter[str] = collections.Counter()
    predicted: collections.Counter[str] = collections.Counter()
    correct: collections.Counter[str] = collections.Counter()
    equal = 0
    for right, found in zip(true_tags, predicted_tags):
        right_entities, found_entities = set(entities_of(right)), set(entities_of(found))
        true.update(kind for *_, kind in right_entities)
        predicted.update(kind for *_, kind in found_entities)
        correct.update(kind for *_, kind in right_entities & found_entities)
        equal += sum(a == b for a, b in zip(right, found))
    tokens = sum(map(len, true_tags))
    overall = _rates(sum(true.values()), sum(predicted.values()), sum(correct.values()))
    return {
        "examples": len(true_tags),
        "tokens": tokens,
        "accuracy": equal / tokens,
        **{name: overall[name] for name in ("precision", "recall", "f1")},
        **{f"entities_{name}": overall[name] for name in ("true", "predicted", "correct")},
        "per_type": {kind: _rates(true[kind], predicted[kind], correct[kind]) for kind in sorted({*true, *predicted})},
    }


def entities_of(tags: Iterable[str]) -> Iterator[Entity]:
    """The entities of one sentence in order, by the script's rules for where one starts and ends."""
    return entity_spans(tags_of_labels(tags))


def _rates(true: int, predicted: int, correct: int) -> Mapping[str, Any]:
    precision, recall = (correct / cases if cases else 0.0 for cases in (predicted, true))
    f1 = 2 * correct / (true + predicted) if true + predicted else 0.0
    return {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "true": true,
        "predicted": predicted,
        "correct": correct,
    }


def _check(true_tags: Sequence[Sequence[str]], predicted_tags: Sequence[Sequence[str]]) -> None:
    if len(true_tags) != len(predicted_tags):
        raise DataError(f"tags must be given of {len(true_tags)} sentences; received those of {len(predicted_tags)}")
    for number, (right, found) in enumerate(zip(true_tags, predicted_tags)):
        if len(right) != len(found):
            raise DataError(f"sentence {number} must have a tag for each of {len(right)} words; received {len(found)}")
    if not any(map(len, true_tags)):
        raise DataError("tags must be given of at least one word; received none")

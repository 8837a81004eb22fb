"""Texts with people, places, organisations and dates, and others without, for the tagger of the demo.

A text is one to three templates of `texts.txt`, filled with names. The held-out texts have templates of their own, and
other names than the training's.
"""

import random
from typing import Iterator

from words import NAMES, PARTS, Names, sections

LABELS = {"P": "person", "L": "place", "O": "organisation", "D": "date"}

TEXTS = sections("texts.txt")
# Most clauses have neither.
STARTS = [""] * 7 + [f"{start} " for start in TEXTS["starts"]]
TAILS = [""] * 6 + [tail if tail.startswith(",") else f" {tail}" for tail in TEXTS["tails"]]


def templates_of(part: str) -> list:
    """Whole templates that only this part has."""
    others = TEXTS["held-out texts"]
    return {"train": TEXTS["texts"], "dev": others[0::2], "test": others[1::2]}[part]


def clause(generator: random.Random) -> str:
    """A template of the training that is put together from parts."""
    one = generator.choice
    people, firms, places = ("subjects", "deeds"), ("firms", "affairs"), ("places do",)
    kinds = [" ".join(one(TEXTS[part]) for part in parts) for parts in (people, people, firms, places)]
    doing, start, tail = one(kinds), one(STARTS), one(TAILS)
    return (start + doing + tail + ".").replace(start + "The", start + ("the" if start else "The"))


def filled(template: str, names: Names) -> tuple:
    """(text, entities) of a template."""
    draw = {"P": names.person, "L": names.place, "O": names.organisation, "D": names.date}
    template = template.replace("{J}", names.generator.choice(NAMES["jobs"]))
    text, entities = "", []
    for index, piece in enumerate(template.replace("}", "{").split("{")):
        if index % 2:
            name = draw[piece]()
            # An article isn't part of a name.
            start = len(text) + (4 if name.startswith("the ") else 0)
            text += name
            entities.append({"start": start, "end": len(text), "label": LABELS[piece]})
        else:
            text += piece
    return text[:1].upper() + text[1:], entities


def example(part: str, names: Names) -> dict:
    """One text, some in lower case, some without their last full stop."""
    generator = names.generator
    text, entities = "", []
    for _ in range(generator.choice((1, 1, 1, 2, 2, 3))):
        source = TEXTS["plain"] if generator.random() < 0.15 else templates_of(part)
        is_clause = part == "train" and generator.random() < 0.6
        more, found = filled(clause(generator) if is_clause else generator.choice(source), names)
        shift = len(text) + 1 if text else 0
        text = f"{text} {more}" if text else more
        entities += [{**each, "start": each["start"] + shift, "end": each["end"] + shift} for each in found]
    chance = generator.random()
    if chance < 0.15:
        text = text.lower()
    elif chance < 0.2 and len(text) == len(text.upper()):
        text = text.upper()
    elif chance < 0.3 and text[-1] == ".":
        text = text[:-1]
    return {"text": text, "entities": entities}


def examples(part: str, count: int) -> Iterator[dict]:
    """`count` different rows for `albert-edge train tag`, the same at every call.

    `names` has the names of `test` in the templates of the training.
    """
    names = Names("test" if part == "names" else part, random.Random((*PARTS, "names").index(part)))  # noqa: S311
    seen = set()
    while len(seen) < count:
        row = example("train" if part == "names" else part, names)
        if row["text"] not in seen:
            seen.add(row["text"])
            yield row

"""Data sets that a tiny model learns in seconds, one a kind of task: what is right follows from a few words."""

from __future__ import annotations

import json
import random
from pathlib import Path

FILLERS = ("the", "of", "was", "late", "today", "again", "before", "people", "over", "more")
TOPICS = {
    "food": ("bread", "soup", "cheese", "apples"),
    "sport": ("match", "goal", "referee", "stadium"),
    "weather": ("rain", "clouds", "thunder", "frost"),
}
NAMES = ("Anna", "Boris", "Carla", "Dmitri", "Elena", "Felix")
CITIES = ("Paris", "Rome", "Oslo", "Vienna", "Madrid", "Prague")


def write_sets(folder: Path, kind: str, rows: tuple[int, int] = (240, 60)) -> tuple[Path, Path]:
    """The files train and dev of `kind`, one of `WRITERS`."""
    suffix, write = WRITERS[kind]
    paths = []
    for name, count, seed in (("train", rows[0], 1), ("dev", rows[1], 2)):
        path = folder / f"{kind}-{name}{suffix}"
        path.write_text(write(random.Random(seed), count), encoding="utf-8")
        paths.append(path)
    return paths[0], paths[1]


def shuffled(generator: random.Random, words: list[str], fillers: int = 5) -> str:
    words = [*words, *generator.choices(FILLERS, k=generator.randint(1, fillers))]
    generator.shuffle(words)
    return " ".join(words)


def multi_label(generator: random.Random, count: int) -> str:
    lines = ["text\tlabel"]
    for _ in range(count):
        labels = [topic for topic in TOPICS if generator.random() < 0.5]
        words = [generator.choice(TOPICS[label]) for label in labels for _ in range(2)]
        lines.append(f"{shuffled(generator, words)}\t{'|'.join(labels)}")
    return "\n".join(lines) + "\n"


def regression(generator: random.Random, count: int) -> str:
    """1000 and 100 for each word of food."""
    lines = ["text\tlabel"]
    for _ in range(count):
        foods = generator.randint(0, 4)
        lines.append(f"{shuffled(generator, generator.choices(TOPICS['food'], k=foods))}\t{1000 + 100 * foods}")
    return "\n".join(lines) + "\n"


def tagging(generator: random.Random, count: int) -> str:
    sentences = []
    for _ in range(count):
        words = [(word, "O") for word in generator.choices(FILLERS, k=4)]
        words.insert(generator.randint(0, 2), (generator.choice(CITIES), "B-place"))
        first, last = generator.sample(NAMES, 2)
        words += [(first, "B-person"), (last, "I-person")]
        sentences.append("".join(f"{word}\t{tag}\n" for word, tag in words))
    return "\n".join(sentences)


def answering(generator: random.Random, count: int) -> str:
    """Who and where; one in four passages lacks what is asked for."""
    paragraphs = []
    for number in range(count):
        kinds = {"who": generator.choice(NAMES), "where": generator.choice(CITIES)}
        asked = generator.choice(sorted(kinds))
        answerable = generator.random() < 0.75
        words = [word for kind, word in kinds.items() if answerable or kind != asked]
        passage = shuffled(generator, words)
        spans = [{"text": kinds[asked], "answer_start": passage.index(kinds[asked])}] if answerable else []
        qa = {"id": str(number), "question": f"{asked} was it", "answers": spans, "is_impossible": not answerable}
        paragraphs.append({"context": passage, "qas": [qa]})
    return json.dumps({"version": "v2.0", "data": [{"title": "t", "paragraphs": paragraphs}]})


def ranking(generator: random.Random, count: int) -> str:
    """Partners share a name, a city and two words of food."""
    lines = ["text\ttext_pair"]
    for _ in range(count):
        shared = [generator.choice(NAMES), generator.choice(CITIES), *generator.sample(TOPICS["food"], 2)]
        lines.append(f"{shuffled(generator, shared, 2)}\t{shuffled(generator, shared, 2)}")
    return "\n".join(lines) + "\n"


def cosine(generator: random.Random, count: int) -> str:
    """5 for the partners of `ranking`, 1 where the second text is about the weather."""
    lines = ["text\ttext_pair\tlabel"]
    for row in ranking(generator, count).splitlines()[1:]:
        is_near = generator.random() < 0.5
        second = row.split("\t")[1] if is_near else shuffled(generator, generator.sample(TOPICS["weather"], 3), 2)
        first = row.split("\t")[0]
        lines.append(f"{first}\t{second}\t{5.0 if is_near else 1.0}")
    return "\n".join(lines) + "\n"


def filling(generator: random.Random, count: int) -> str:
    """A name always has its city, blank lines between."""
    lines = []
    for _ in range(count):
        number = generator.randrange(len(NAMES))
        lines.append(f"{NAMES[number]} went to {CITIES[number]} and {NAMES[number]} saw {CITIES[number]}\n")
    return "\n".join(lines)


def order(generator: random.Random, count: int) -> str:
    """Documents of two passages, the first of which is about food and the second about weather."""
    topics = ("food", "weather")
    documents = [
        "".join(shuffled(generator, generator.sample(TOPICS[topic], 2)) + "\n" for topic in topics)
        for _ in range(count)
    ]
    return "\n".join(documents)


WRITERS = {
    "multi_label": (".tsv", multi_label),
    "regression": (".tsv", regression),
    "tagging": (".conll", tagging),
    "answering": (".json", answering),
    "ranking": (".tsv", ranking),
    "cosine": (".tsv", cosine),
    "filling": (".txt", filling),
    "order": (".txt", order),
}
"""Kind -> the files' ending, and what makes a file's text."""

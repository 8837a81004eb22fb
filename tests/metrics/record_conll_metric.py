"""Writes tests/golden/conll_metric.json: random tag sequences, and what conlleval.pl says of them.

    python tests/metrics/record_conll_metric.py conlleval.pl tests/golden/conll_metric.json [cases]

conlleval.pl is the script of the CoNLL shared tasks (Erik Tjong Kim Sang, version of 2004-01-26), which is no part of
this project. It reads the tags as they are; those in BIOES with E written as I and S as B, since it takes two
neighbouring entities of one type in BIOES for one.
"""

import json
import random
import re
import subprocess
import sys
from pathlib import Path

TYPES = ("person", "place", "work-of-art")


def valid_entities(generator, words):
    """Entities [start, end, type] of one sentence, apart or touching."""
    entities, place = [], 0
    while place < words:
        length = generator.choice((1, 1, 2, 3))
        if generator.random() < 0.5 and place + length <= words:
            entities.append((place, place + length, generator.choice(TYPES)))
            place += length
        else:
            place += 1
    return entities


def written(entities, words, scheme):
    tags = ["O"] * words
    for start, end, kind in entities:
        tags[start:end] = [f"I-{kind}"] * (end - start)
        touches = start > 0 and tags[start - 1][2:] == kind
        if scheme != "iob1" or touches:
            tags[start] = f"B-{kind}"
        if scheme == "bioes":
            tags[end - 1] = f"S-{kind}" if end - start == 1 else f"E-{kind}"
    return tags


def moved(generator, entities, words):
    """A prediction that is partly right: some entities are missing, of another type, or a word longer or shorter."""
    found, place = [], 0
    for start, end, kind in entities:
        change = generator.random()
        if change < 0.15:
            continue
        if change < 0.3:
            kind = generator.choice(TYPES)
        if change > 0.85:
            start, end = start + generator.choice((-1, 0, 1)), end + generator.choice((-1, 0, 1))
        start, end = max(start, place), min(end, words)
        if start < end:
            found.append((start, end, kind))
            place = end
    return found


def noise(generator, words):
    return [generator.choice(("O", f"B-{kind}", f"I-{kind}")) for kind in generator.choices(TYPES, k=words)]


def case(generator, scheme, sentences):
    true, predicted = [], []
    for _ in range(sentences):
        words = generator.randint(1, 12)
        entities = valid_entities(generator, words)
        if scheme == "broken":
            true.append(noise(generator, words))
            predicted.append([tag if generator.random() < 0.7 else noise(generator, 1)[0] for tag in true[-1]])
        else:
            true.append(written(entities, words, scheme))
            predicted.append(written(moved(generator, entities, words), words, scheme))
    return true, predicted


def figures(script, true, predicted):
    """Counts of the script's first line, and percentages of the others, by type."""
    lines = []
    for right, found in zip(true, predicted):
        lines += [f"w {a} {b}\n" for a, b in zip(right, found)] + ["\n"]
    text = "".join(lines)
    for prefix, other in (("E-", "I-"), ("S-", "B-")):
        text = text.replace(f" {prefix}", f" {other}")
    done = subprocess.run(["perl", script], input=text, capture_output=True, encoding="utf-8", check=True)
    first, *rest = done.stdout.splitlines()
    counts = dict(zip(("tokens", "true", "predicted", "correct"), map(int, re.findall(r"\d+", first))))
    accuracy, *overall = map(float, re.findall(r"\d+\.\d+", rest[0]))
    per_type = {}
    for line in rest[1:]:
        kind, values = line.split(": ", 1)
        per_type[kind.strip()] = [float(value) for value in re.findall(r"\d+\.\d+|\d+$", values)]
    return {**counts, "accuracy": accuracy, "overall": overall, "per_type": per_type}


def main(script, target, cases=60):
    generator = random.Random(2003)
    recorded = []
    for number in range(int(cases)):
        scheme = ("iob1", "iob2", "bioes", "broken")[number % 4]
        true, predicted = case(generator, scheme, generator.randint(1, 6))
        row = {"scheme": scheme}
        for name, tags in (("true", true), ("predicted", predicted)):
            row[name] = [" ".join(sentence) for sentence in tags]
        recorded.append({**row, "figures": figures(script, true, predicted)})
    lines = ",\n".join(json.dumps(row) for row in recorded)
    Path(target).write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

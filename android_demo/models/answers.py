"""Short passages about people, companies, buildings and matches, with questions that they answer and some they don't.

A passage says two to four things about one subject; a question asks for one of them, or for something else. What makes
it hard: several names or dates of one kind. All questions are about the passage's subject: so small a model, without
pretraining, didn't learn to look for a name that it has never seen (10 % of such questions answered right). The last
sentence and the last question of each fact, in `facts.txt`, are kept for the held-out texts, which have other names.
"""

import random
from typing import Iterator, NamedTuple

from words import NAMES, PARTS, Names, sections, share

FILE = sections("facts.txt")
FILLERS = FILE.pop("fillers")


class Fact(NamedTuple):
    """What can be said of a kind of subject."""

    answer: str
    """P, L, O, Y, D or N, or words between bars."""
    sentences: list
    questions: list


def read_facts() -> dict:
    """Kind of subject -> name of the fact -> `Fact`."""
    facts: dict = {}
    for heading, lines in FILE.items():
        kind, name, answer = heading.split(" ")
        middle = lines.index("?")
        facts.setdefault(kind, {})[name] = Fact(answer, lines[:middle], lines[middle + 1 :])
    return facts


FACTS = read_facts()
NUMBERS = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "ninety",
]
BUILDINGS = [
    "Tower",
    "Castle",
    "Bridge",
    "Theatre",
    "Museum",
    "Palace",
    "Hall",
    "Library",
    "Stadium",
    "Cathedral",
    "Opera",
    "Gallery",
    "Hotel",
    "Lighthouse",
]
PRONOUNS = {"person": ("He", "She"), "company": ("The company", "It"), "building": ("It", "The building")}


class Subjects:
    """Draws subjects and answers of one part."""

    def __init__(self, part: str, generator: random.Random) -> None:
        self.generator = generator
        self.names = Names(part, generator)
        self.last = share(NAMES["last"], part)

    def subject(self, kind: str) -> str:
        """What a passage is about."""
        if kind == "person":
            return self.names.person(1.0)
        if kind == "company":
            return self.organisation()
        one = self.generator.choice
        return (
            f"the {one(self.last)} {one(BUILDINGS)}"
            if self.generator.random() < 0.6
            else f"{one(self.names.places)} {one(BUILDINGS)}"
        )

    def organisation(self) -> str:
        """One without an article."""
        name = self.names.organisation()
        return name[4:] if name.startswith("the ") else name

    def number(self) -> str:
        """A word or digits."""
        chance = self.generator.random()
        if chance < 0.35:
            return self.generator.choice(NUMBERS)
        return str(self.generator.randint(2, 99) if chance < 0.7 else self.generator.randint(100, 2999))

    def answer(self, kind: str) -> str:
        """Something that may be the answer where a `Fact` has that kind."""
        if "|" in kind:
            return self.generator.choice(kind.split("|"))
        draw = {
            "P": lambda: self.names.person(1.0),
            "L": self.names.place,
            "O": self.organisation,
            "Y": self.names.year,
        }
        return {**draw, "D": self.names.day, "N": self.number}[kind]()


def chosen(forms: list, part: str, generator: random.Random) -> str:
    """One of the forms: of the training all but the last, of `dev` and `test` the last."""
    return forms[-1] if part != "train" else generator.choice(forms[:-1])


def statements(part: str, kind: str, subject: str, facts: list, subjects: Subjects) -> list:
    """(fact, sentence, answer) for each of `facts`; the first sentence names the subject, others may say `she`."""
    generator, found = subjects.generator, []
    pronoun = generator.choice(PRONOUNS[kind])
    for index, fact in enumerate(facts):
        answer_kind, sentences, _ = FACTS[kind][fact]
        sentence, answer = chosen(sentences, part, generator), subjects.answer(answer_kind)
        is_short = index > 0 and sentence.startswith("{S}") and generator.random() < 0.45
        text = sentence.replace("{S}", pronoun if is_short else subject)
        found.append((fact, text, answer))
    return found


def passage_of(said: list, generator: random.Random) -> tuple:
    """(passage, the span of each answer) of (fact, sentence with {A}, answer)s."""
    passage, spans = "", []
    for _, sentence, answer in said:
        if generator.random() < 0.12:
            passage += generator.choice(FILLERS) + " "
        start = len(passage) + sentence.index("{A}")
        text = sentence.replace("{A}", answer)
        passage += text[:1].upper() + text[1:] + " "
        spans.append({"text": passage[start : start + len(answer)], "start": start})
    return passage.strip(), spans


def example(part: str, subjects: Subjects) -> dict:
    """One question, with its answer or none."""
    generator = subjects.generator
    kind = generator.choice(sorted(FACTS))
    subject, facts = subjects.subject(kind), sorted(FACTS[kind])
    generator.shuffle(facts)
    count = generator.randint(2, 4)
    said = statements(part, kind, subject, facts[:count], subjects)
    passage, spans = passage_of(said, generator)
    if generator.random() < 0.75:
        told = generator.randrange(count)
        fact, found = facts[told], [spans[told]]
    else:
        fact, found = generator.choice(facts[count:]), []
    question = chosen(FACTS[kind][fact][2], part, generator).replace("{S}", subject)
    if generator.random() < 0.15:
        question = question.lower() if generator.random() < 0.7 else question[:-1]
    return {"question": question, "passage": passage, "answers": found}


def examples(part: str, count: int) -> Iterator[dict]:
    """`count` rows for `albert-edge train question-answering`, the same at every call.

    `names` has the names of `test` in the sentences and questions of the training.
    """
    generator = random.Random(10 + (*PARTS, "names").index(part))  # noqa: S311
    subjects = Subjects("test" if part == "names" else part, generator)
    for _ in range(count):
        yield example("train" if part == "names" else part, subjects)

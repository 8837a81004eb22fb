"""Names for the demo models' texts, from `names.txt`, and made-up ones.

Every list is split once, by name: what the held-out texts have, no text of the training has.
"""

import random
from pathlib import Path

PARTS = ("train", "dev", "test")
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def sections(name: str) -> dict:
    """Heading to lines of a file beside this script, whose sections start with `== HEADING`."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    parts = (part.split("\n", 1) for part in text.split("\n== ")[1:])
    return {heading: [line for line in body.split("\n") if line] for heading, body in parts}


NAMES = {heading: "".join(lines).split("|") for heading, lines in sections("names.txt").items()}
ENDS = NAMES["organisation ends"]


def share(words: list, part: str) -> list:
    """The words of `train` (three quarters), `dev` or `test` (an eighth each); no word is in two."""
    mixed = sorted(set(words))
    random.Random(5).shuffle(mixed)  # noqa: S311
    eighth = len(mixed) // 8
    return {"dev": mixed[:eighth], "test": mixed[eighth : 2 * eighth], "train": mixed[2 * eighth :]}[part]


class Names:
    """Draws names of one part: `person()`, `place()`, `organisation()`, `date()`, `year()`."""

    def __init__(self, part: str, generator: random.Random) -> None:
        self.generator = generator
        self.first, self.last, self.places = (share(NAMES[key], part) for key in ("first", "last", "places"))
        self.starts, self.organisations = (share(NAMES[f"organisation{end}"], part) for end in (" starts", "s"))
        self.part = part

    def made_up(self, ends: str) -> str:
        """Syllables and one of the endings in the list `ends`."""
        one = self.generator.choice
        return (
            "".join(one(NAMES["syllables"]) for _ in range(self.generator.choice((1, 1, 2, 2, 3)))) + one(NAMES[ends])
        ).capitalize()

    def is_made_up(self) -> bool:
        """Whether the next name is to be made up: half of the training's."""
        return self.part == "train" and self.generator.random() < 0.5

    def person(self, whole: float = 0.8) -> str:
        """A full name, or by the chance that is left a first or a last one."""
        one = self.generator.choice
        first, last = (
            self.made_up("person ends") if self.is_made_up() else one(names) for names in (self.first, self.last)
        )
        if self.generator.random() < whole:
            middle = f" {one('ABCDEFGHJKLMRSTW')}." if self.generator.random() < 0.06 else ""
            return f"{first}{middle} {last}"
        return last if self.generator.random() < 0.6 else first

    def place(self) -> str:
        """A city, country or region."""
        if not self.is_made_up():
            return self.generator.choice(self.places)
        start = self.generator.choice(("",) * 12 + ("New ", "San ", "Port ", "North ", "Saint ", "Lake "))
        return start + self.made_up("place ends")

    def organisation(self) -> str:
        """A real one, one named after somebody or some place, or one put together."""
        one, chance = self.generator.choice, self.generator.random()
        if chance < 0.2:
            return self.made_up("person ends") if self.is_made_up() else one(self.organisations)
        if chance < 0.32:
            return f"{self.person(0)} {one(('& Sons', '& Co', 'Brothers', 'Group', 'Ltd', 'Inc', 'and Partners'))}"
        if chance < 0.42:
            return f"University of {self.place()}" if chance < 0.37 else f"{self.place()} {one(ENDS)}"
        return f"{one(self.starts)} {one(ENDS)}"

    def year(self) -> str:
        """Of this part alone."""
        # Each part has years of its own: those that leave 0, 1 or another remainder when divided by 8.
        remainders = {"dev": (0,), "test": (1,)}.get(self.part, (2, 3, 4, 5, 6, 7))
        return str(self.generator.choice([year for year in range(1890, 2028) if year % 8 in remainders]))

    def day(self) -> str:
        """What may follow `on`."""
        one = self.generator.choice
        day, month = self.generator.randint(1, 28), one(MONTHS)
        return one((f"{day} {month} {self.year()}", f"{month} {day}, {self.year()}", f"{day} {month}", one(DAYS)))

    def date(self) -> str:
        """A day, a month, a year or a weekday."""
        one = self.generator.choice
        day, month, year = self.generator.randint(1, 28), one(MONTHS), self.year()
        return one(
            (
                f"{day} {month} {year}",
                f"{month} {day}, {year}",
                f"{month} {year}",
                year,
                f"{day} {month}",
                one(DAYS),
                f"{one(DAYS)}, {day} {month}",
            )
        )

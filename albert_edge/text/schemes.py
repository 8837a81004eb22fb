"""How tags mark entities: `IOB1`, `IOB2` and `BIOES`, told apart, checked and turned into one another.

A tag is `O` or a prefix, a hyphen and a type (`B-person`):

    IOB2    an entity is B I I; every entity starts with B
    IOB1    an entity is I I I; B only where it follows directly on another of its type
    BIOES   B I E, and S for an entity of one word; also written with L for E (BILOU), U or W for S, M for I

Follows Ramshaw & Marcus (1995) for IOB1, Ratnaparkhi's IOB2 as Tjong Kim Sang & Veenstra (1999) name it, and
conlleval for where an entity begins. Leaves out IOE1 and IOE2, which mark ends, and nested entities.
"""

from __future__ import annotations

import functools
from typing import Iterable, Iterator, NamedTuple, Optional, Sequence

from albert_edge.errors import ConfigError
from albert_edge.settings import TAG_SCHEMES

_PREFIXES = {"B": "B", "I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S", "W": "S"}
_OTHER_NAMES = {"bio": "iob2", "iobes": "bioes", "bilou": "bioes", "bmes": "bioes"}


class Tag(NamedTuple):
    """`O` (whose type is empty), or B, I, E or S with an entity's type."""

    prefix: str
    type: str

    def __str__(self) -> str:
        return f"{self.prefix}-{self.type}" if self.type else self.prefix


OUTSIDE = Tag("O", "")


@functools.lru_cache(maxsize=4096)
def parse_tag(text: str) -> Optional[Tag]:
    """The tag that `text` writes, its prefix one of B, I, E, S and O; None if it is no tag."""
    if text == "O":
        return OUTSIDE
    prefix, hyphen, kind = text.partition("-")
    return Tag(_PREFIXES[prefix], kind) if hyphen and kind and prefix in _PREFIXES else None


def scheme_named(name: str) -> str:
    """One of `TAG_SCHEMES`, from its name or another of its names in any case; raises `ConfigError` listing them."""
    scheme = _OTHER_NAMES.get(name.lower(), name.lower())
    if scheme not in TAG_SCHEMES:
        raise ConfigError(f"a tag scheme must be one of {', '.join(TAG_SCHEMES)}; received {name!r}")
    return scheme


def may_follow(before: Tag, after: Tag, scheme: str) -> bool:
    """Whether `after` may stand behind `before`; the edge of a sentence counts as `O` on either side."""
    is_open = before.prefix in "BI"
    if scheme == "bioes":
        return after.prefix in "IE" and after.type == before.type if is_open else after.prefix in "OBS"
    dependent = "I" if scheme == "iob2" else "B"
    return after.prefix != dependent or (is_open and after.type == before.type)


def begins(before: Tag, after: Tag) -> bool:
    """Whether an entity begins at `after`: by its prefix, or since no entity of its type goes on.

    As conlleval's `startOfChunk`, it holds for all three schemes and also for a sequence that breaks its scheme.
    """
    if after.prefix in "BS":
        return True
    return after.prefix != "O" and not (before.prefix in "BI" and before.type == after.type)


def entity_spans(tags: Iterable[Tag]) -> Iterator[tuple[int, int, str]]:
    """The entities of one sentence in order, each as its words [start, end) and its type, as conlleval finds them."""
    first, before = 0, OUTSIDE
    for place, tag in enumerate([*tags, OUTSIDE]):
        # Between two words of entities one ends exactly where the next begins.
        if before.prefix != "O" and (tag.prefix == "O" or begins(before, tag)):
            yield first, place, before.type
        if begins(before, tag):
            first = place
        before = tag


def to_iob2(tags: Iterable[Tag]) -> list[Tag]:
    """The same entities in IOB2, from tags in any of the schemes."""
    converted = []
    before = OUTSIDE
    for tag in tags:
        if tag.prefix == "O":
            converted.append(OUTSIDE)
        else:
            converted.append(Tag("B" if begins(before, tag) else "I", tag.type))
        before = tag
    return converted


def from_iob2(tags: Sequence[Tag], scheme: str) -> list[Tag]:
    """The same entities in `scheme`, from tags in IOB2."""
    converted = []
    for index, tag in enumerate(tags):
        before = tags[index - 1] if index else OUTSIDE
        after = tags[index + 1] if index + 1 < len(tags) else OUTSIDE
        prefix = tag.prefix
        if scheme == "iob1" and prefix == "B" and before.type != tag.type:
            prefix = "I"
        elif scheme == "bioes" and prefix != "O" and after != Tag("I", tag.type):
            prefix = "S" if prefix == "B" else "E"
        converted.append(Tag(prefix, tag.type))
    return converted


def tags_of_labels(labels: Iterable[str]) -> list[Tag]:
    """A model's labels as tags; a label that is none (`PER`, `LABEL_1`) is an `I` of its own type, as transformers'
    token-classification pipeline has it."""
    return [parse_tag(label) or Tag("I", label) for label in labels]


def scheme_of_labels(tags: Sequence[Tag]) -> str:
    """The scheme of a model's label set.

    With an E or an S it is `bioes`. Where a type has I and no B, entities start with I, which only `iob1` allows.
    Else it is `iob2`, though a model trained on IOB1 may have the same labels: its settings must say so.
    """
    if any(tag.prefix in "ES" for tag in tags):
        return "bioes"
    headless = {tag.type for tag in tags if tag.prefix == "I"} - {tag.type for tag in tags if tag.prefix == "B"}
    return "iob1" if headless else "iob2"

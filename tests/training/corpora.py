"""Small corpora: documents of made sentences, written with the golden vocabulary of 1,000 pieces."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Sequence

import numpy as np

from albert_edge.training.pretraining.records import Record

WORDS = (
    *("the", "a", "old", "house", "king", "horse", "ship", "sea", "went", "came", "saw", "took", "gave"),
    *("night", "day", "river", "stone", "and", "with", "under", "over"),
)

OTHER_WORDS = (
    *("my", "every", "new", "court", "judge", "paper", "law", "money", "said", "wrote", "read", "asked", "told"),
    *("year", "month", "letter", "book", "or", "without", "before", "after"),
)


def made_text(documents: int, paragraphs: int = 6, seed: int = 1, topics: Sequence[Sequence[str]] = (WORDS,)) -> str:
    """Words by chance, those of a document all of one topic; the topics take turns."""
    generator = random.Random(seed)

    def sentence(words: Sequence[str]) -> str:
        chosen = generator.choices(words, k=generator.randint(4, 14))
        return " ".join(chosen).capitalize() + "."

    return "\n\n".join(
        "\n".join(" ".join(sentence(words) for _ in range(generator.randint(1, 4))) for _ in range(paragraphs))
        for words in itertools.islice(itertools.cycle(topics), documents)
    )


def write_made_corpus(folder: Path, vocab: Path, documents: int = 40, held_out: float = 0.2, **options):
    from albert_edge.training.corpus.build import build_corpus

    text = folder / "text.txt"
    text.write_text(made_text(documents, topics=options.pop("topics", (WORDS,))), encoding="utf-8")
    options = {"shards": 3, "workers": 1, "held_out": held_out, **options}
    return build_corpus([text], vocab, folder / "corpus", **options)


def numbered_records(documents: int, parts: int, segments: int, seed: int = 1) -> list[Record]:
    """Records whose ids say where they stand: document * 1,000,000 + place in the document, from 1,000 on."""
    generator = np.random.default_rng(seed)
    found = []
    for document in range(documents):
        place = document * 1_000_000 + 1_000
        for part in range(parts):
            lengths = generator.integers(3, 40, segments).astype(np.int32)
            ids = np.arange(place, place + lengths.sum(), dtype=np.int32)
            place += int(lengths.sum())
            found.append(Record(f"document {document}", part, lengths, ids))
    return found

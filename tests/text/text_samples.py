"""Texts that the tests of this folder share: the golden rows, and random ones full of what goes wrong."""

import json
import random

PARTS = [
    " ", "  ", "\t", "\n", "\xa0", "\u3000", "\u2028", "\u200b", "\ufeff", "\xad", "\x00", "\x07", "\x1f", "\u0085",
    "a", "the", "Ing", "ING", "word-", "'s", "``", "''", "`", "'", "'''", '"', "(x)", ".", ",", ",,", "-", "–", "£",
    "0", "9,", "5,,", "10,000", "1,234,567.89", "3.14,", "2,b", "a2,", "٣,", "²,", "½", "🄁", "①,", "㏠", "€",
    "é", "e\u0301", "\u0301", "\u0323\u0301", "ﬁ", "ǆ", "İ", "I\u0307", "ΟΔΟΣ", "Σ", "ς", "ß", "ẞ", "ｆｕｌｌ", "ﾊﾟ",
    "ﷺ", "\u00b4", "¨", "\ufe72", "한국어", "\u1112\u1161\u11ab", "日本語", "中文", "हिन्दी", "ไทย", "שלום", "مرحبا",
    "👍", "👩\u200d👩\u200d👧", "🇩🇪", "✈️", "𝒜𝓁", "\U0010ffff", "\ue000", "\ufffd", "\u2047", "\u2585", "Русский",
    "▁", "▁x", " ▁ ", "[MASK]", "[CLS]", "<unk>", "<pad>", "</s>", "<0x41>",
]  # fmt: skip


def random_texts(count, seed=20240607):
    """`count` texts: most made of PARTS, some of characters from anywhere in Unicode but the surrogates."""
    choose = random.Random(seed)
    texts = []
    for number in range(count):
        if number % 4:
            texts.append("".join(choose.choice(PARTS) for _ in range(choose.randrange(1, 25))))
        else:
            points = [choose.randrange(0x10FFFF - 0x800) for _ in range(choose.randrange(1, 40))]
            texts.append("".join(chr(point if point < 0xD800 else point + 0x800) for point in points))
    return texts


def golden_rows(golden):
    return json.loads((golden / "tokenizer.json").read_text(encoding="utf-8"))["rows"]

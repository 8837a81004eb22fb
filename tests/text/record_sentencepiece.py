"""Writes recorded/sentencepiece-VERSION.json: what the installed SentencePiece answers for the texts below.

Run it once in an environment of each release: the tests replay both recordings, whichever release they run on. Each
release also says, through an interface of its own that the adapter doesn't use, where a piece begins and ends.
"""

import json
import sys
from pathlib import Path

import sentencepiece

HERE = Path(__file__).resolve().parent
MODEL = HERE.parent / "golden" / "albert_spm" / "30k-clean.model"
TEXTS = [
    "",
    "oil prices rise",
    "in 1999, about 10,000, or 5, of 7,8",
    'a "quoted" (word) - and £5.',
    "\u1112\u1161\u11ab\u1100\u116e\u11a8 e\u0301te\u0301",
    "zero\u200bwidth \u200b spaces\ufeff",
    "bell\x07 rings\x07",
    "日本語 and 中文",
    "👍👩\u200d👩\u200d👧 x",
    "a \u2581 mark",
    "[MASK] <pad> [CLS]",
]


def own_offsets(processor, text):
    """Each piece's [begin, end), from the release's own interface: characters of `text` in 0.2.0, bytes in 0.2.3."""
    kind = "immutable_proto" if sentencepiece.__version__ == "0.2.0" else "proto"
    return [[piece.begin, piece.end] for piece in processor.encode(text, out_type=kind).pieces]


def refusal(processor, kind):
    """The message with which `out_type=kind` is refused, or None."""
    try:
        processor.encode("a", out_type=kind)
    except ValueError as reason:
        return str(reason)
    return None


def main():
    processor = sentencepiece.SentencePieceProcessor()
    processor.LoadFromSerializedProto(MODEL.read_bytes())
    rows = []
    for text in TEXTS:
        pieces = processor.encode(text, out_type=str)
        normalized, origins = processor.normalize(text, with_offsets=True)
        rows.append(
            {
                "text": text,
                "pieces": pieces,
                "ids": processor.piece_to_id(pieces),
                "normalized": normalized,
                "origins": origins,
                "own_offsets": own_offsets(processor, text),
            }
        )
    recording = {
        "version": sentencepiece.__version__,
        "python": sys.version.split()[0],
        "own_offsets_unit": "character" if sentencepiece.__version__ == "0.2.0" else "byte",
        "immutable_proto_refused": refusal(processor, "immutable_proto"),
        "rows": rows,
    }
    path = HERE / "recorded" / f"sentencepiece-{sentencepiece.__version__}.json"
    path.write_text(json.dumps(recording, ensure_ascii=True, indent=1) + "\n")


if __name__ == "__main__":
    main()

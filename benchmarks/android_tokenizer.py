"""Tokenizing news texts in Kotlin and by the C++ library through Python, in one run.

    python -m benchmarks.android_tokenizer --texts FILE.tsv --out out/android_tokenizer.json

Three things are timed over the same texts, in turns: the SentencePiece library alone (`encode` to ids, no clean-up),
this project's Python tokenizer (clean-up, pieces, offsets), and the Kotlin one (the same, on a warm JVM: the rounds
before the last ones are left out). What counts is the median of the rounds. Needs `make android-test` first.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import sentencepiece

from albert_edge.text.unigram import SentencePieceTokenizer

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "android_demo" / "core" / "target"
MODEL = ROOT / "tests" / "golden" / "albert_spm" / "30k-clean.model"
TEXTS = 1000
WARM_UP, ROUNDS = 20, 15


def news(path):
    """The first 1,000 texts of a table whose first column, or the one named `text`, is the text."""
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    column = header.split("\t").index("text") if "text" in header.split("\t") else 0
    return [row.split("\t")[column] for row in rows[:TEXTS]]


def rounds(encode, texts):
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for text in texts:
            encode(text)
        found.append(time.perf_counter() - start)
    return found


def kotlin_rounds(texts, folder):
    path = Path(folder) / "texts.json"
    path.write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
    jars = [*TARGET.glob("*.jar"), *(TARGET / "lib").glob("*.jar")]
    command = ["java", "-cp", ":".join(map(str, jars)), "albertedge.AnswerMainKt", "time", "sentencepiece", str(MODEL)]
    command += ['{"tokenizer_rules": "google"}', str(path), str(WARM_UP + ROUNDS)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(line) for line in output.split()][WARM_UP:]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    texts = news(options.texts)
    library = sentencepiece.SentencePieceProcessor(model_proto=MODEL.read_bytes())
    ours = SentencePieceTokenizer(MODEL.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        seconds = {
            "library": rounds(library.encode, texts),
            "python": rounds(ours.encode, texts),
            "kotlin": kotlin_rounds(texts, folder),
            "library_again": rounds(library.encode, texts),
        }
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    ratio = medians["kotlin"] / medians["library"]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"texts": len(texts), "seconds": seconds, "ratio": ratio}, indent=2) + "\n")
    for name, value in medians.items():
        print(f"{name:14} {value * 1000:8.1f} ms for {len(texts)} texts")
    print(f"kotlin / library {ratio:.2f}")


if __name__ == "__main__":
    main()

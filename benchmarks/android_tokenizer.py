"""Tokenizing news texts in Kotlin and by the C++ library through Python, in one run.

    python -m benchmarks.android_tokenizer --texts FILE.tsv --out out/android_tokenizer.json

Two things are timed over the same texts, a round of one after a round of the other: the SentencePiece library alone
(`encode` to ids, no clean-up), and the Kotlin tokenizer (clean-up, pieces, offsets) on a JVM that has warmed up. The
ratio is the median of the rounds' ratios, so that a change of the processor's clock meets both. This project's Python
tokenizer, which does what the Kotlin one does, follows. Needs `make android-test` first.
"""

from __future__ import annotations

import argparse
import contextlib
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
WARM_UP, ROUNDS = 30, 31


def news(path):
    """The first 1,000 texts of a table whose first column, or the one named `text`, is the text."""
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    column = header.split("\t").index("text") if "text" in header.split("\t") else 0
    return [row.split("\t")[column] for row in rows[:TEXTS]]


def timed(encode, texts):
    """Seconds of one round."""
    start = time.perf_counter()
    for text in texts:
        encode(text)
    return time.perf_counter() - start


@contextlib.contextmanager
def kotlin(texts):
    """A function that gives the seconds of one round of the Kotlin tokenizer, which has warmed up."""
    jars = [*TARGET.glob("*.jar"), *(TARGET / "lib").glob("*.jar")]
    command = ["java", "-cp", ":".join(map(str, jars)), "albertedge.AnswerMainKt", "time", "sentencepiece", str(MODEL)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.json"
        path.write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
        command += ['{"tokenizer_rules": "google"}', str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

            def one_round():
                process.stdin.write("\n")
                process.stdin.flush()
                return float(process.stdout.readline())

            for _ in range(WARM_UP):
                one_round()
            yield one_round
            process.stdin.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    texts = news(options.texts)
    library = sentencepiece.SentencePieceProcessor(model_proto=MODEL.read_bytes())
    ours = SentencePieceTokenizer(MODEL.read_bytes())
    seconds = {"library": [], "kotlin": []}
    with kotlin(texts) as kotlin_round:
        for _ in range(ROUNDS):
            seconds["library"].append(timed(library.encode, texts))
            seconds["kotlin"].append(kotlin_round())
    seconds["python"] = [timed(ours.encode, texts) for _ in range(ROUNDS)]
    ratio = statistics.median(ours / theirs for ours, theirs in zip(seconds["kotlin"], seconds["library"]))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"texts": len(texts), "seconds": seconds, "ratio": ratio}, indent=2) + "\n")
    for name, values in seconds.items():
        print(f"{name:10} {statistics.median(values) * 1000:8.1f} ms for {len(texts)} texts")
    print(f"kotlin / library {ratio:.2f}")


if __name__ == "__main__":
    main()

"""A document of 20,000 words through every task: each in windows, in memory that hardly grows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

WORDS = 20_000
MOST_MB = 40
"""More than for 200 words; measured were 9 (embed) to 30 (classify and tag together). The text itself, 120,000
characters, costs about 10 while its pieces and their offsets are Python objects, 0.5 kB a word; the windows' outputs
and what each word is tagged with cost the rest. Attention over the whole document would be 20,000 x 20,000 numbers,
1,600 MB a head."""

# Prints the peak of the resident memory in kB (macOS has bytes) and the answer's keys, once one item was answered.
PROGRAM = """
import json, random, resource, sys
import albert_edge

path, task, words = sys.argv[1], sys.argv[2], int(sys.argv[3])
vocabulary = ["oil", "prices", "rise", "team", "london", "again", "new", "vaccine", "Paris,", "match."]
text = " ".join(random.Random(1).choices(vocabulary, k=words))
item = {"answer": ("who won?", text), "fill": f"{text} [MASK]", "order": (text, text)}.get(task, text)
with albert_edge.load(path) as predictor:
    answer = predictor.answer_item(item)
    inputs = len(predictor.inputs_of(item))
found = answer if isinstance(answer, dict) else answer.to_dict()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"peak_mb": peak / 1e6, "inputs": inputs, "keys": list(found)}))
"""


def measured(path: Path, task: str, words: int) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), task, str(words)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is read as Unix tells it")
@pytest.mark.parametrize(
    ("name", "task", "has_windows"),
    [
        ("looped_float32", "classify", True),
        ("looped_tag", "tag", True),
        ("unrolled_tag", "tag", True),
        ("looped_answer", "answer", True),
        ("looped_embed", "embed", True),
        # A window around the one mask; the two ends that meet.
        ("looped_fill", "fill", False),
        ("looped_order", "order", False),
        ("looped_classify_tag", "both", True),
    ],
)
def test_memory_hardly_grows(name, task, has_windows, artifact_paths):
    short, long = (measured(artifact_paths[name], task, words) for words in (200, WORDS))
    assert long["keys"] == short["keys"]
    assert (long["inputs"] > 300) == has_windows
    assert long["peak_mb"] - short["peak_mb"] < MOST_MB, (short, long)

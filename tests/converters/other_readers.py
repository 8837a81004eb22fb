"""What MediaPipe and the Task Library say of this project's files; run by hand, each reader in a process of its own:

    python tests/converters/other_readers.py mediapipe FILE.tflite...
    python tests/converters/other_readers.py tflite_support FILE.tflite...

Each needs that package alone, in an environment of its own: `pip install mediapipe`, or
`pip install tflite-support==0.4.4 "numpy<2"` on Python 3.11. docs/compatibility.md has what they said; a line with
`answered` is a file that was misread. A crash ends the run with the file's name as the last line.
"""

from __future__ import annotations

import sys
from typing import Any, Callable

TEXT, QUESTION = "Oil prices rise in Paris", "What rises?"


def mediapipe_readers(path: str) -> dict[str, Callable[[], Any]]:
    from mediapipe.tasks import python as tasks
    from mediapipe.tasks.python import text

    base = tasks.BaseOptions(model_asset_path=path)
    classifier, embedder = text.TextClassifierOptions(base_options=base), text.TextEmbedderOptions(base_options=base)
    return {
        "TextClassifier": lambda: text.TextClassifier.create_from_options(classifier).classify(TEXT),
        "TextEmbedder": lambda: text.TextEmbedder.create_from_options(embedder).embed(TEXT),
    }


def task_library_readers(path: str) -> dict[str, Callable[[], Any]]:
    from tflite_support.task import text

    return {
        "BertNLClassifier": lambda: text.BertNLClassifier.create_from_file(path).classify(TEXT),
        "NLClassifier": lambda: text.NLClassifier.create_from_file(path).classify(TEXT),
        "BertQuestionAnswerer": lambda: text.BertQuestionAnswerer.create_from_file(path).answer(TEXT, QUESTION),
        "TextEmbedder": lambda: text.TextEmbedder.create_from_file(path).embed(TEXT),
    }


def outcome(call: Callable[[], Any]) -> str:
    try:
        return f"answered {str(call())[:100]}"
    except (ValueError, RuntimeError, OSError) as reason:
        return f"refused: {' '.join(str(reason).split())[-160:]}"


def main(package: str, paths: list[str]) -> None:
    readers = {"mediapipe": mediapipe_readers, "tflite_support": task_library_readers}[package]
    for path in paths:
        for name, call in readers(path).items():
            print(f"{path}  {name}", flush=True)
            print(f"  {outcome(call)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

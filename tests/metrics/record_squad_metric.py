"""Writes golden/squad_metric.json: what SQuAD's official scripts answer for the predictions below.

    python tests/metrics/record_squad_metric.py evaluate-v1.1.py evaluate-v2.0.py

Both scripts stand on SQuAD's site (rajpurkar.github.io/SQuAD-explorer) and are not part of the project. Each is run as
its users run it, on files, and its whole answer is kept.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "squad_metric.json"

# id -> (right answers, prediction, no-answer score). What each is about stands behind it.
ANSWERED = {
    "same": (["Denver Broncos"], "Denver Broncos", -3.0),
    "case": (["Denver Broncos"], "DENVER broncos", -2.5),
    "articles": (["the end of a war"], "An end of the war", -1.0),
    "article inside a word": (["theatre"], "atre", 0.5),
    "punctuation": (["U.S. (1990s)"], "US 1990s!", -0.5),
    "other punctuation": (["“Yes” – he said"], "Yes he said", 0.0),
    "article after punctuation": (["a-b"], "b", 0.0),
    "white space": (["ten  thousand\u00a0men"], " ten thousand\tmen ", -2.5),
    "half": (["in the year 1999"], "year 1999 or so", 1.0),
    "repeated words": (["no no no"], "no no yes", 1.0),
    "several": (["one", "twenty-one", "21 or so"], "21", -4.0),
    "nothing in common": (["red"], "blue", 2.0),
    "empty prediction": (["red"], "", 3.0),
    "only articles": (["red"], "the a an", -1.5),
    "nothing is left of the answer": (["The"], "", -1.0),
    "nothing is left of either": (["?!"], "...", -1.25),
    "nothing is left of one of two": (["A", "vitamin A"], "vitamin", 0.25),
    "accents": (["Café"], "cafe", 0.75),
    "digits": (["½"], "1/2", 0.0),
    "chinese": (["308分"], "308 分", -0.25),
    "long s": (["Straße"], "STRASSE", -0.75),
}
UNANSWERED = {
    "left empty": ([], "", 4.0),
    "answered": ([], "Denver", 0.0),
    "answered with confidence": ([], "Denver", -2.75),
    "answered with an article": ([], "the", 1.5),
    "answered with white space": ([], " ", 1.25),
}
THRESHOLDS = (-1.0, 0.0, 0.9)


def squad_json(cases):
    qas = [
        {"id": name, "question": name, "answers": [{"text": text, "answer_start": 0} for text in texts]}
        for name, (texts, _, _) in cases.items()
    ]
    return {"version": "1.1", "data": [{"title": "cases", "paragraphs": [{"context": "none", "qas": qas}]}]}


def official(folder, script, *options):
    command = [sys.executable, script, "data.json", "predictions.json", *map(str, options)]
    return json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout)


def recorded(name, cases, script_1, script_2):
    with tempfile.TemporaryDirectory() as folder:
        for file, values in (
            ("data", squad_json(cases)),
            ("predictions", {name: prediction for name, (_, prediction, _) in cases.items()}),
            ("scores", {name: score for name, (_, _, score) in cases.items()}),
        ):
            (Path(folder) / f"{file}.json").write_text(json.dumps(values))
        scored = ("--na-prob-file", "scores.json", "--na-prob-thresh")
        return {
            "name": name,
            "cases": cases,
            "1.1": official(folder, script_1) if all(texts for texts, _, _ in cases.values()) else None,
            "2.0": official(folder, script_2),
            "2.0 at thresholds": [[each, official(folder, script_2, *scored, each)] for each in THRESHOLDS],
        }


def main():
    scripts = [str(Path(path).resolve()) for path in sys.argv[1:]]
    sets = [("answered", ANSWERED), ("mixed", {**ANSWERED, **UNANSWERED}), ("unanswered", UNANSWERED)]
    rows = [recorded(name, cases, *scripts) for name, cases in sets]
    rows += [recorded(name, {name: case}, *scripts) for name, case in {**ANSWERED, **UNANSWERED}.items()]
    GOLDEN.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()

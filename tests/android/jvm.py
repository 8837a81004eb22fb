"""What runs files on the JVM, and the texts and tiny models that it is tested with."""

import itertools
import json
import os
import random
import subprocess
from pathlib import Path

from bionic import install

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "android_demo"
MODULES = ("core", "desktop", "tflite")
LIBRARY = DEMO / "libraries/target/tensorflow-lite/jni/x86_64/libtensorflowlite_jni.so"

# Scheme and layout of the files that are compared; dynamic-range as Android's runtime needs it.
FILES = (("float32", "looped"), ("dynamic-range", "looped"), ("float32", "unrolled"), ("dynamic-range", "unrolled"))
UNROLLED_LENGTH = 64

PEOPLE = ["Anna", "Boris", "Clara", "David", "Elena", "Felix", "Greta", "Hugo", "Irene", "Jonas"]
PLACES = ["Oslo", "Lima", "Cairo", "Delhi", "Rome", "Tokyo", "Boston", "Paris", "Accra", "Quito"]
FOOD = ["bread", "soup", "cheese", "apples", "pepper", "dinner"]
SPORT = ["match", "goal", "referee", "stadium", "runner", "medal"]
FILLERS = ["the", "of", "was", "late", "today", "again", "before", "people", "over", "more"]


class Jvm:
    """Runs the Kotlin programs in processes of their own, so that a crash of native code is a failed test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = itertools.count()
        install(LIBRARY, folder)
        libraries = sorted((DEMO / "desktop/target/lib").glob("*.jar"))
        self.paths = [DEMO / module / "target/classes" for module in (*MODULES, "libraries")]
        self.paths += [DEMO / "tflite/target/test-classes"]
        self.paths += [path for path in libraries if not path.name.startswith("albert-edge")]

    def run(self, main: str, *arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [
                "java",
                "-XX:TieredStopAtLevel=1",
                f"-Dorg.bytedeco.javacpp.cachedir={self.folder / 'cache'}",
                f"-Djava.library.path={self.folder}",
                *("-cp", ":".join(map(str, self.paths))),
                main,
                *map(str, arguments),
            ],
            capture_output=True,
            text=True,
            env={**os.environ, "LD_LIBRARY_PATH": str(self.folder)},
            timeout=120,
        )

    def app(self, *arguments: object) -> list:
        """The lines that the app's runner gives with Android's library."""
        done = self.run("albertedge.tflite.RunnerMainKt", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def answers(self, runner: str, path: Path, requests: list, xnnpack: bool = False, accelerator: str = "CPU") -> list:
        number = next(self.numbers)
        asked, answered = (self.folder / f"{number}-{name}.json" for name in ("requests", "answers"))
        asked.write_text(json.dumps(requests, ensure_ascii=False), encoding="utf-8")
        if runner == "desktop":
            done = self.run("albertedge.desktop.MainKt", path, asked, answered)
            assert done.returncode == 0, done.stderr
        else:
            lines = self.app("answer", path, asked, answered, str(xnnpack).lower(), accelerator)
            assert lines[0] == "tensorflow-lite 2.16.1"
        return json.loads(answered.read_text(encoding="utf-8"))


def stale() -> str:
    """Why the Kotlin modules can't be run; empty if they can."""
    for module in MODULES:
        classes = list((DEMO / module / "target/classes").rglob("*.class"))
        if not classes:
            return f"needs android_demo/{module} as `make android-test` builds it"
        sources = max(path.stat().st_mtime for path in (DEMO / module / "src/main").rglob("*.kt"))
        if sources > max(path.stat().st_mtime for path in classes):
            return f"needs android_demo/{module} built from the sources as they are: `make android-test`"
    return "" if LIBRARY.exists() else "needs TensorFlow Lite's archive, as `make android-test` unpacks it"


def sentence(generator: random.Random, label: str) -> str:
    words = generator.choices(FOOD if label == "food" else SPORT, k=2) + generator.choices(
        FILLERS, k=generator.randint(1, 9)
    )
    generator.shuffle(words)
    return " ".join(words)


def tagged(generator: random.Random) -> dict:
    text, entities = "", []
    for _ in range(generator.randint(1, 3)):
        for word in (
            generator.choice(PEOPLE),
            "moved",
            "to",
            generator.choice(PLACES),
            *generator.choices(FILLERS, k=3),
        ):
            if word in PEOPLE or word in PLACES:
                label = "person" if word in PEOPLE else "place"
                entities.append({"start": len(text), "end": len(text) + len(word), "label": label})
            text += word + " "
    return {"text": text.strip(), "entities": entities}


def question(generator: random.Random) -> dict:
    person, place, dish = (generator.choice(words) for words in (PEOPLE, PLACES, FOOD))
    facts = [f"{person} lives in {place}.", f"{person} likes {dish}.", sentence(generator, "sport") + "."]
    generator.shuffle(facts)
    asked, answer = generator.choice(
        ((f"Where does {person} live?", place), (f"What does {person} like?", dish), ("Who won the war?", None))
    )
    passage = " ".join(facts)
    answers = [] if answer is None else [{"text": answer, "start": passage.index(f" {answer}.") + 1}]
    return {"question": asked, "passage": passage, "answers": answers}


def rows_of(task: str, count: int, seed: int) -> list:
    """Labelled rows, as `albert_edge.train` takes them in JSON."""
    generator = random.Random(seed)
    if task == "text-classification":
        labels = [generator.choice(("food", "sport")) for _ in range(count)]
        return [{"text": sentence(generator, label), "label": label} for label in labels]
    make = tagged if task == "token-classification" else question
    return [make(generator) for _ in range(count)]


def requests_of(task: str, count: int) -> list:
    """Requests of all lengths in a mixed order: every fifth repeats its text until it is long, some beyond a window."""
    requests = []
    for index, row in enumerate(rows_of(task, count, seed=3)):
        key = "passage" if task == "question-answering" else "text"
        longer = " ".join([row[key]] * (1 + index % 7 if index % 5 == 0 else 1))
        requests.append({**{name: row[name] for name in ("question",) if name in row}, key: longer})
    return requests

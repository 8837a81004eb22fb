"""The Kotlin side: its command line, where it is built, and the script that writes its fixtures."""

import functools
import importlib.util
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "android_demo"
# Texts that the tests of `text` share, and the phone of those of `devices`.
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("text", "devices")]
TARGET = DEMO / "core" / "target"
JARS = (TARGET / "albert-edge-core-1.jar", TARGET / "albert-edge-core-1-tests.jar")


@pytest.fixture(scope="session")
def fixtures_script():
    """The module `android_demo/fixtures/make.py`."""
    spec = importlib.util.spec_from_file_location("android_fixtures", DEMO / "fixtures" / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def kotlin_words():
    """The words that start the Kotlin command line."""
    if shutil.which("java") is None or not all(jar.exists() for jar in JARS):
        pytest.skip("needs java, and the Kotlin core as `make android-test` builds it")
    sources = [path.stat().st_mtime for path in (DEMO / "core" / "src").rglob("*.kt")]
    if max(sources) > min(jar.stat().st_mtime for jar in JARS):
        pytest.skip("needs the Kotlin core built from the sources as they are: `make android-test`")
    classpath = ":".join(map(str, [*JARS, *(TARGET / "lib").glob("*.jar")]))
    return ["java", "-cp", classpath, "albertedge.AnswerMainKt"]


@pytest.fixture(scope="session")
def kotlin(kotlin_words):
    """Runs the Kotlin command line about a tokenizer, with some more arguments, and gives what it prints."""

    def run(command, kind, vocabulary, options, *rest):
        arguments = [command, kind, str(vocabulary), json.dumps(options), *map(str, rest)]
        return subprocess.run([*kotlin_words, *arguments], check=True, capture_output=True, text=True).stdout

    return run


@pytest.fixture(scope="session")
def jvm(tmp_path_factory):
    """Runs files on the JVM, with TensorFlow Lite for Linux or for Android."""
    from jvm import Jvm, stale

    if shutil.which("java") is None or shutil.which("cc") is None or platform.machine() != "x86_64":
        pytest.skip("needs java and a C compiler on x86-64")
    if stale():
        pytest.skip(stale())
    return Jvm(tmp_path_factory.mktemp("jvm"))


@pytest.fixture(scope="session")
def tiny_folders(tmp_path_factory):
    """Gives the folder of a tiny model of a task, trained once."""
    train = pytest.importorskip("albert_edge.training.finetune").train
    from jvm import rows_of

    folder = tmp_path_factory.mktemp("tiny")

    @functools.cache
    def trained(task):
        for name, count, seed in (("train", 300, 1), ("dev", 40, 2)):
            lines = [json.dumps(row) for row in rows_of(task, count, seed)]
            (folder / f"{task}-{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        files = (folder / f"{task}-{name}.jsonl" for name in ("train", "dev"))
        settings = {"size": "tiny", "vocab_size": 160, "learning_rate": 2e-3, "batch_size": 16, "max_length": 64}
        train(task, *files, folder / task, epochs=6, **settings)
        return folder / task

    return trained


@pytest.fixture(scope="session")
def model_files(tiny_folders, tmp_path_factory):
    """Gives the `.tflite` of a task, scheme and layout, its int8 weights as Android's runtime needs them."""
    from jvm import UNROLLED_LENGTH

    import albert_edge
    from converters.targets import installed_targets

    folder = tmp_path_factory.mktemp("files")
    targets = [target.label for target in installed_targets()]
    if "tflite-runtime==2.14.0" not in targets:
        pytest.skip("needs tflite-runtime 2.14.0, which takes the same int8 weights as Android's")

    @functools.cache
    def converted(task, scheme, layout):
        path = folder / f"{task}-{scheme}-{layout}.tflite"
        shape = {"layout": layout, "length": UNROLLED_LENGTH} if layout == "unrolled" else {}
        albert_edge.convert(tiny_folders(task), path, scheme=scheme, targets=targets, **shape)
        return path

    return converted

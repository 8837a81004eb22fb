"""The Kotlin side: its command line, where it is built, and the script that writes its fixtures."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "android_demo"
# Texts that the tests of `text` share.
sys.path.insert(0, str(ROOT / "tests" / "text"))
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
def kotlin():
    """Runs the Kotlin command line with some arguments and gives what it prints."""
    if shutil.which("java") is None or not all(jar.exists() for jar in JARS):
        pytest.skip("needs java, and the Kotlin core as `make android-test` builds it")
    sources = [path.stat().st_mtime for path in (DEMO / "core" / "src").rglob("*.kt")]
    if max(sources) > min(jar.stat().st_mtime for jar in JARS):
        pytest.skip("needs the Kotlin core built from the sources as they are: `make android-test`")
    classpath = ":".join(map(str, [*JARS, *(TARGET / "lib").glob("*.jar")]))

    def run(command, kind, vocabulary, options, *rest):
        arguments = [command, kind, str(vocabulary), json.dumps(options), *map(str, rest)]
        return subprocess.run(
            ["java", "-cp", classpath, "albertedge.AnswerMainKt", *arguments],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    return run

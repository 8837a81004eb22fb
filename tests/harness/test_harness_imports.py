"""The device's side never imports a host package: seen in a fresh process, which a damaged copy makes fail."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

DEVICE_SIDE = ("artifact", "harness", "runtime", "text", "config", "errors", "files", "metrics")
HOST_PACKAGES = ("tensorflow", "tf_keras", "keras", "tensorflow_model_optimization", "sklearn", "torch", "transformers")

# Imports every module named on the command line, and prints which host packages that brought in.
PROGRAM = f"""
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps([name for name in {HOST_PACKAGES} if name in sys.modules]))
"""


def device_modules(root):
    package = root / "albert_edge"
    paths = [path for part in DEVICE_SIDE for path in [package / f"{part}.py", *(package / part).rglob("*.py")]]
    names = [path.relative_to(root).with_suffix("").as_posix().replace("/", ".") for path in paths if path.is_file()]
    return ["albert_edge", *(name[: -len(".__init__")] if name.endswith(".__init__") else name for name in names)]


def run(program, root, *arguments):
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(root)},
        cwd=root,
    )


def host_packages_of(root, modules):
    done = run(PROGRAM, root, *modules)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_no_module_of_the_device_imports_a_host_package():
    modules = device_modules(ROOT)
    assert {"albert_edge.harness.bench", "albert_edge.runtime.interpreter", "albert_edge.text.tokenizer"} <= set(
        modules
    )
    assert host_packages_of(ROOT, modules) == []


@pytest.mark.parametrize("damage", ["import tensorflow", "from tensorflow import lite", "import helper_of_mine"])
def test_damaged_copy_is_found(tmp_path, damage):
    """Directly, and through another module."""
    shutil.copytree(ROOT / "albert_edge", tmp_path / "albert_edge", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tensorflow.py").write_text("lite = None\n")
    (tmp_path / "helper_of_mine.py").write_text("import tensorflow\n")
    with open(tmp_path / "albert_edge" / "harness" / "latency.py", "a") as damaged:
        damaged.write(f"\n{damage}\n")
    assert host_packages_of(tmp_path, device_modules(tmp_path)) == ["tensorflow"]


def test_scoring_and_measuring_do_without_host_packages(looped_file, tmp_path):
    """The whole way, with every host package made impossible to import."""
    (tmp_path / "data.tsv").write_text("text\tlabel\nOil prices rise\tLABEL_0\n")
    program = f"""
import sys
sys.modules.update(dict.fromkeys({HOST_PACKAGES}))
import albert_edge
from albert_edge.harness import latency
albert_edge.evaluate({str(looped_file)!r}, {str(tmp_path / "data.tsv")!r})
with albert_edge.load({str(looped_file)!r}) as predictor:
    latency.measure_latency(predictor.session, 8, runs=1)
print("done")
"""
    done = run(program, ROOT)
    assert done.stdout == "done\n", done.stderr


def test_import_of_the_package_is_timed():
    """Printed with `pytest -s`, not asserted: a busy machine says nothing about the import."""
    program = "import time; s = time.perf_counter(); import albert_edge; print(1000 * (time.perf_counter() - s))"
    start = time.perf_counter()
    done = run(program, ROOT)
    print(f"import albert_edge: {float(done.stdout):.1f} ms of {1000 * (time.perf_counter() - start):.0f} ms")

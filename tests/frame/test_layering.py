"""Who may import whom, held against every file; and each rule shown to trip on a damaged copy."""

import shutil
from pathlib import Path

import pytest
from import_graph import COMPUTED, COMPUTED_IMPORTS, EXCEPTIONS, ONE_DOOR, PACKAGES, imports_of, is_excepted, violations

ROOT = Path(__file__).resolve().parents[2]


def test_every_import_is_one_that_the_plan_allows():
    assert violations(ROOT) == []


def test_every_exception_is_needed():
    """An exception that nothing uses any more would let the next mistake through."""
    imports = imports_of(ROOT)
    for file, module in EXCEPTIONS:
        assert any(item.file == file and item.is_of(module) and is_excepted(item) for item in imports), (file, module)
    for file in COMPUTED_IMPORTS:
        assert any(item.file == file and item.module == COMPUTED for item in imports), file
    for door in (file for files in ONE_DOOR.values() for file in files):
        assert (ROOT / door).is_file(), door


def test_the_walk_sees_functions_strings_and_lazy_names(tmp_path):
    """Worked by hand: eight ways to name a module, and where each stands."""
    package = tmp_path / "albert_edge"
    package.mkdir()
    (package / "sample.py").write_text(
        "from typing import TYPE_CHECKING\n"
        "import numpy.linalg as la\n"
        "from albert_edge.text import packing\n"
        "from albert_edge import train\n"
        "if TYPE_CHECKING:\n"
        "    from albert_edge.model.folder import LoadedModel\n"
        "class C:\n"
        "    import click\n"
        "    def f(self, x=host_package('safetensors.numpy')):\n"
        "        import tensorflow\n"
        "        return importlib.import_module(x), albert_edge.convert, albert_edge.__version__\n"
    )
    assert [(item.line, item.module, item.at_the_top) for item in imports_of(tmp_path)] == [
        (2, "numpy.linalg", True),
        (3, "albert_edge.text.packing", True),
        (4, "albert_edge.training.finetune", True),
        (6, "albert_edge.model.folder.LoadedModel", False),
        (8, "click", True),
        (9, "safetensors.numpy", True),
        (10, "tensorflow", False),
        (11, COMPUTED, False),
        (11, "converters.pipeline", False),
        (11, "albert_edge", False),
    ]


@pytest.fixture(scope="module")
def undamaged() -> set[str]:
    """What the tree itself breaks: the first test's matter."""
    return set(violations(ROOT))


HARNESS = "albert_edge/harness/environment.py"
SIZES = "albert_edge/model/sizes.py"


@pytest.mark.parametrize(
    ("file", "damage", "complaint"),
    [
        (HARNESS, "def f():\n    import tensorflow\n", "harness must not import tensorflow"),
        (HARNESS, "import albert_edge\nalbert_edge.verify\n", "harness must not import converters"),
        ("albert_edge/harness/evaluation.py", "import albert_edge.model.folder\n", "harness must not import model"),
        ("albert_edge/text/packing.py", "from albert_edge import runtime\n", "text must not import runtime"),
        ("albert_edge/artifact/manifest.py", "import flatbuffers\n", "artifact must not import flatbuffers"),
        ("albert_edge/model/block.py", "from albert_edge.training import batches\n", "model must not import training"),
        (SIZES, "import albert_edge.artifact\n", "model must not import artifact"),
        (SIZES, "import tensorflow\n", "only albert_edge/model/keras.py"),
        ("albert_edge/metrics.py", "import_module('converters.targets')\n", "metrics must not import converters"),
        ("albert_edge/files.py", "import_module('con' + 'verters')\n", "a module's name must be written out"),
        ("albert_edge/cli/sizes.py", "import albert_edge.text.tables\n", "must import it inside its body"),
        ("converters/flatbuffer.py", "from ai_edge_litert import interpreter\n", "only albert_edge/runtime"),
        ("albert_edge/new_part.py", "import numpy\n", "new_part must not import numpy"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path, undamaged, file, damage, complaint):
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    with open(tmp_path / file, "a", encoding="utf-8") as damaged:
        damaged.write(f"\n{damage}")
    found = set(violations(tmp_path)) - undamaged
    assert all(line.startswith(f"{file}:") for line in found), found
    assert complaint in "\n".join(found)

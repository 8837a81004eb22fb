"""What each file of the project imports, wherever in the file it stands, and which of that the house's plan forbids.

Read from the syntax tree, so that an import inside a function counts too. Three other ways to reach a module count as
imports: `importlib.import_module("name")` and `host_package("name")` with a literal, and a public function taken from
the package (`albert_edge.convert`), which is imported when it is named.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import albert_edge

PACKAGES = ("albert_edge", "converters")

CORE = {
    "albert_edge",
    "config",
    "errors",
    "files",
    "quiet",
    "rules",
    "artifact",
    "metrics",
    "text",
    "tasks",
    "settings",
    "pipelines",
}
DEVICE = CORE | {"runtime", "harness"}
HOST = CORE - {"artifact"} | {"model", "training"}
EVERYTHING = DEVICE | HOST | {"converters", "cli"}
CORPUS_PACKAGES = {"apache_beam", "datasketch", "zstandard"}

# Part -> (parts of the project that it may import, packages that it may import). `albert_edge` is the package's own
# `__init__`: the version, the error and the public functions, each of which counts as the module that defines it.
MAY_IMPORT: dict[str, tuple[set[str], set[str]]] = {
    **dict.fromkeys(CORE - {"albert_edge"}, (CORE, {"numpy", "sentencepiece"})),
    "runtime": (CORE, {"numpy", "ai_edge_litert", "tflite_runtime", "tensorflow"}),
    "harness": (DEVICE, {"numpy", "jinja2", "asyncssh", "junitparser", "scipy"}),
    "model": (HOST - {"training"}, {"numpy", "tensorflow", "tf_keras", "safetensors", "huggingface_hub", "h5py"}),
    "training": (
        HOST,
        {"numpy", "tensorflow_model_optimization", "safetensors", "tqdm", "matplotlib", "dp_accounting"}
        | CORPUS_PACKAGES,
    ),
    "converters": (
        EVERYTHING - {"cli"},
        {"numpy", "flatbuffers", "tensorflow", "tf_keras", "google", "ai_edge_litert", "ai_edge_quantizer", "sklearn"}
        | {"matplotlib"},
    ),
    "cli": (EVERYTHING, {"click"}),
    "albert_edge": (EVERYTHING - {"cli"}, set()),
    "__main__": ({"cli"}, set()),
}

# What the table forbids and is right nevertheless, inside a function only: (file, module) -> the reason.
EXCEPTIONS = {
    ("albert_edge/harness/runners.py", "albert_edge.model"): "`evaluate` takes a Keras folder too, by name",
    ("albert_edge/harness/progress.py", "tqdm"): "a progress bar where tqdm happens to be installed",
}

# Package or module -> the only files that may import it.
ONE_DOOR = {
    "apache_beam": ("albert_edge/training/corpus/pipeline.py",),
    "asyncssh": ("albert_edge/harness/devices/sshlink.py",),
    "datasketch": ("albert_edge/training/corpus/duplicates.py",),
    "dp_accounting": ("albert_edge/training/dp/plan.py",),
    "jinja2": ("albert_edge/harness/report/page.py",),
    "junitparser": ("albert_edge/harness/gate/reports.py",),
    "matplotlib": ("albert_edge/training/pretraining/curves.py", "converters/optimization/picture.py"),
    "tensorflow": ("albert_edge/model/keras.py", "albert_edge/runtime/interpreter.py"),
    "tensorflow.lite.python.convert_phase": ("converters/tflite.py",),
    "tensorflow.core.protobuf": ("converters/checkpoints/protos.py",),
    "tf_keras": ("albert_edge/model/keras.py",),
    "tf_keras.protobuf": ("converters/checkpoints/protos.py",),
    "google.protobuf": ("converters/checkpoints/protos.py",),
    "ai_edge_litert": ("albert_edge/runtime/interpreter.py",),
    "ai_edge_litert.schema_py_generated": ("converters/flatbuffer.py",),
    "tflite_runtime": ("albert_edge/runtime/interpreter.py",),
    "scipy": ("albert_edge/harness/gate/statistics.py",),
    "zstandard": ("albert_edge/training/corpus/inputs.py",),
    "sentencepiece": ("albert_edge/text/pieces.py", "albert_edge/text/vocabulary.py"),
}

# Files that compute the name of a module that they import -> the reason.
COMPUTED_IMPORTS = {
    "albert_edge/__init__.py": "the public functions, imported when first used",
    "albert_edge/cli/__init__.py": "the commands, imported when called",
    "albert_edge/harness/devices/registry.py": "a device's kind, imported when one is asked for",
    "albert_edge/model/packages.py": "the host's packages, whose callers write the name",
    "albert_edge/runtime/interpreter.py": "the one interpreter that is installed",
    "albert_edge/training/pretraining/privacy/libraries.py": "a check a country, whose table has the name",
}

# What a command may import at the top of its file: all of it light, so that each `--help` answers at once.
AT_THE_TOP_OF_COMMANDS = (
    "albert_edge.cli",
    "albert_edge.config",
    "albert_edge.errors",
    "albert_edge.files",
    "albert_edge.model.formats",  # the names for --format; nothing else
    "albert_edge.model.sizes",  # the names for --size; standard library only
    "albert_edge.settings",
    "albert_edge.tasks",
    "albert_edge.training.corpus.settings",  # names and defaults; standard library only
    "albert_edge.training.pretraining.settings",  # names and defaults; standard library only
    "albert_edge.training.pruning.plan",  # the names for --importance; standard library only
    "albert_edge.training.recipes",  # which settings each task has, and their defaults; standard library only
    "albert_edge.training.settings",
    "click",
)


@dataclass(frozen=True)
class Import:
    """One thing that a file asks for."""

    file: str
    line: int
    module: str
    """Dotted; `from module import name` gives `module.name`, whether that is a module or not."""
    at_the_top: bool
    """Whether importing the file does it: not inside a function, not for the type checker alone."""

    def is_of(self, module: str) -> bool:
        return self.module == module or self.module.startswith(f"{module}.")


def imports_of(root: Path) -> list[Import]:
    """Every import in the packages under `root` but those of the standard library."""
    found: list[Import] = []
    for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        file = path.relative_to(root).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=file)
        found += [Import(file, *rest) for rest in _walk(tree, at_the_top=True)]
    return [item for item in found if item.module.split(".")[0] not in sys.stdlib_module_names]


def violations(root: Path) -> list[str]:
    """One line for each import under `root` that the plan forbids."""
    return [f"{item.file}:{item.line}: {item.module}: {rule}" for item in imports_of(root) for rule in _broken(item)]


def part_of(module: str) -> str:
    """The part of the house that a module of the project belongs to; of another module its package."""
    package, *rest = module.split(".")
    return rest[0] if package == "albert_edge" and rest else package


def is_excepted(item: Import) -> bool:
    return any(item.file == file and item.is_of(module) for file, module in EXCEPTIONS) and not item.at_the_top


def _broken(item: Import) -> Iterator[str]:
    if item.module == COMPUTED:
        if item.file not in COMPUTED_IMPORTS:
            yield "a module's name must be written out"
        return
    importer, imported = part_of(_module_of(item.file)), part_of(item.module)
    parts, packages = MAY_IMPORT.get(importer, (set(), set()))
    allowed = parts | {importer} if item.module.split(".")[0] in PACKAGES else packages
    if imported not in allowed and not is_excepted(item):
        yield f"{importer} must not import {imported}"
    doors = [name for name in ONE_DOOR if item.is_of(name)]
    if doors and item.file not in ONE_DOOR[max(doors, key=len)]:
        yield f"only {', '.join(ONE_DOOR[max(doors, key=len)])} may import it"
    light = item.module == "albert_edge" or any(map(item.is_of, AT_THE_TOP_OF_COMMANDS))
    if importer == "cli" and item.at_the_top and not light:
        yield "a command must import it inside its body"


def _module_of(file: str) -> str:
    return file[: -len(".py")].replace("/", ".").replace(".__init__", "")


# === The syntax tree ===

COMPUTED = "a computed name"
_IMPORTERS = ("import_module", "host_package", "__import__")


def _walk(node: ast.AST, at_the_top: bool) -> Iterator[tuple[int, str, bool]]:
    for line, module in _named_by(node):
        yield line, module, at_the_top
    for field, value in ast.iter_fields(node):
        in_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and field == "body"
        for_types = isinstance(node, ast.If) and field == "body" and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _walk(child, at_the_top and not in_function and not for_types)


def _named_by(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Import):
        yield from ((node.lineno, alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute here"
        yield from ((node.lineno, _member(str(node.module), alias.name)) for alias in node.names)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in _IMPORTERS:
        name = node.args[0]
        yield node.lineno, str(name.value) if isinstance(name, ast.Constant) else COMPUTED
    elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "albert_edge":
        yield node.lineno, _member("albert_edge", node.attr)


def _member(module: str, name: str) -> str:
    """`module.name`; a member that the package itself defines or fetches stands for the module that it comes from."""
    if module != "albert_edge":
        return f"{module}.{name}"
    if name.startswith("__"):
        return module
    return {"AlbertEdgeError": "albert_edge.errors", **albert_edge._FUNCTIONS}.get(name, f"{module}.{name}")

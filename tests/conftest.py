"""Fixtures that every part's tests share: where golden files and data sets lie."""

import contextlib
import os
import random
from pathlib import Path

import pytest

# It can't read a model's signatures if TensorFlow was loaded before it.
with contextlib.suppress(ImportError):
    import tflite_runtime.interpreter  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def golden() -> Path:
    """Reference checkpoints and token ids, copied into the tests."""
    return ROOT / "tests" / "golden"


@pytest.fixture(scope="session")
def topics() -> Path:
    """The embedded data set with train.tsv, dev.tsv and test.tsv."""
    return ROOT / "examples" / "topics"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Public data sets that are not part of the project."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("needs the data sets in ../shared/data, which are not here")
    return folder


@pytest.fixture(scope="session")
def spm_30k(golden: Path) -> Path:
    """ALBERT's own SentencePiece model, 30,000 pieces."""
    return golden / "albert_spm" / "30k-clean.model"


@pytest.fixture(scope="session")
def separable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.tsv (240 rows) and dev.tsv (60): three labels, told apart by a few words each."""
    folder = tmp_path_factory.mktemp("separable")
    generator = random.Random(1)
    for name, rows in (("train", 240), ("dev", 60)):
        lines = ["text\tlabel", *(_separable_row(generator) for _ in range(rows))]
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


_WORDS = {
    "food": ("bread", "soup", "cheese", "apples", "pepper", "dinner"),
    "sport": ("match", "goal", "referee", "stadium", "runner", "medal"),
    "weather": ("rain", "clouds", "thunder", "sunshine", "frost", "wind"),
}
_FILLERS = ("the", "of", "was", "late", "today", "again", "before", "people", "over", "more")


def _separable_row(generator: random.Random) -> str:
    label = generator.choice(sorted(_WORDS))
    words = generator.choices(_WORDS[label], k=2) + generator.choices(_FILLERS, k=generator.randint(1, 8))
    generator.shuffle(words)
    return f"{' '.join(words)}\t{label}"


@pytest.fixture(scope="session")
def trained_folder(separable: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder trained on `separable` with size tiny: a few seconds, and right about nearly every row of dev."""
    train = pytest.importorskip("albert_edge.training.finetune").train
    folder = tmp_path_factory.mktemp("trained") / "model"
    train(
        "text-classification",
        separable / "train.tsv",
        separable / "dev.tsv",
        folder,
        size="tiny",
        vocab_size=120,
        epochs=6,
        batch_size=16,
        learning_rate=2e-3,
    )
    return folder


@pytest.fixture(scope="session")
def golden_folder(golden: Path) -> Path:
    """A model folder with random weights: 3 layers of 48, five labels, 1,000 pieces."""
    return golden / "base_like" / "sequence_classification"


@pytest.fixture(scope="session")
def artifact_path(golden_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`golden_folder` as a dynamic-range `.tflite` for every runtime that is installed."""
    import albert_edge
    from converters.targets import installed_targets

    path = tmp_path_factory.mktemp("artifact") / "golden.tflite"
    albert_edge.convert(golden_folder, path, targets=[target.label for target in installed_targets()])
    return path


@pytest.fixture(scope="session")
def transformers_python() -> str:
    """The interpreter of an environment with transformers and PyTorch."""
    own = ROOT / ".venv-transformers" / "bin" / "python"
    found = os.environ.get("ALBERT_EDGE_TRANSFORMERS_PYTHON") or (str(own) if own.exists() else None)
    if found is None:
        pytest.skip(
            "needs an environment with transformers and PyTorch: run `make transformers-env`, or set "
            "ALBERT_EDGE_TRANSFORMERS_PYTHON to the Python of one"
        )
    return found

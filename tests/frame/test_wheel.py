"""The wheel: what it holds, and that its base install alone classifies a text, on each Python that is at hand."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import resource
import sys
import zipfile
from pathlib import Path

import pytest
from clean_environment import Environment, build_wheel, find_python
from fresh_process import assert_one_line_error

import albert_edge

pytestmark = pytest.mark.slow

PYTHONS = ("this one", "3.9", "3.12", "3.13", "3.14")

COLD_START_S = 1.0
"""From the shell's call to the answer, interpreter's start included, on a desktop machine."""

TIE_LOGITS = 0.1
"""Two runtimes differ by up to 0.05 in a quantized logit, so a lead below twice that may change hands."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="module", params=PYTHONS)
def device(request, wheel, tmp_path_factory) -> Environment:
    """A clean environment with the base install."""
    python = sys.executable if request.param == "this one" else find_python(request.param)
    if python is None:
        pytest.skip(f"needs python{request.param} on PATH")
    return Environment.create(python, wheel, tmp_path_factory.mktemp("device"))


@pytest.fixture(scope="module")
def model() -> Path:
    return Path(__file__).resolve().parents[2] / "examples" / "topics" / "topics.tflite"


def test_the_wheel_holds_the_packages_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    dist_info = f"albert_edge-{albert_edge.__version__}.dist-info"
    assert {name.split("/")[0] for name in names} == {"albert_edge", "converters", dist_info}
    assert {"albert_edge/py.typed", "albert_edge/cli/predict.py", "converters/pipeline.py"} <= set(names)
    assert any(name.startswith(dist_info) and name.endswith("/LICENSE") for name in names)
    inside = [name for name in names if not name.startswith(dist_info)]
    assert {Path(name).suffix for name in inside} == {".c", ".css", ".html", ".json", ".py", ".typed"}


def test_the_wheel_holds_every_module(wheel):
    """A folder without `__init__.py` is left out of a wheel, and works from the tree all the same."""
    root = Path(albert_edge.__file__).resolve().parents[1]
    files = [file for package in ("albert_edge", "converters") for file in (root / package).rglob("*.py")]
    with zipfile.ZipFile(wheel) as archive:
        assert {file.relative_to(root).as_posix() for file in files} <= set(archive.namelist())


def test_the_base_install_has_no_tensorflow(device):
    done = device.python("import tensorflow")
    assert done.returncode == 1
    assert "ModuleNotFoundError: No module named 'tensorflow'" in done.stderr


def test_version(device):
    done = device.albert_edge("--version")
    assert (done.returncode, done.stdout) == (0, f"albert-edge, version {albert_edge.__version__}\n")


def test_predict_gives_the_labels_that_the_host_gives(device, model, topics):
    texts = texts_of(topics / "test.tsv")
    done = device.albert_edge("predict", str(model), "--json", text="\n".join(texts) + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    answers = json_lines(done.stdout)
    assert [answer["text"] for answer in answers] == texts
    expected = [prediction.to_dict() for prediction in albert_edge.predict(model, texts)]
    clear = [(a["label"], b["label"]) for a, b in zip(answers, expected) if lead(b["scores"]) > TIE_LOGITS]
    assert len(clear) > 0.9 * len(texts)
    assert [pair for pair in clear if pair[0] != pair[1]] == []


def texts_of(table: Path) -> list[str]:
    with open(table, encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def json_lines(output: str) -> list[dict]:
    """An object a line; a text may hold what `str.splitlines` would cut at."""
    return [json.loads(line) for line in output.split("\n") if line]


def lead(scores: dict[str, float]) -> float:
    """By how much the best logit leads the second: the softmax keeps differences as ratios."""
    second, first = sorted(scores.values())[-2:]
    return math.log(first / second)


def time_of_children() -> float:
    """Seconds on the processor of all processes that were started and waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_cold_start(device, model):
    """The best of five, of the processor's time: what other programs take isn't in it."""
    seconds = []
    for _ in range(5):
        began = time_of_children()
        done = device.albert_edge("predict", str(model), "Oil prices rise", "--json")
        seconds.append(time_of_children() - began)
        assert done.returncode == 0, done.stderr
    assert min(seconds) < COLD_START_S, seconds


def test_inspect(device, model):
    done = device.albert_edge("inspect", str(model), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert report["weight_copies"] == 1


def test_tokenize_gives_the_reference_ids(device, spm_30k, golden):
    """The recorded ids of ALBERT's own tokenizer, with whichever sentencepiece this Python gets."""
    recorded = json.loads((golden / "tokenizer.json").read_text(encoding="utf-8"))
    rows = [row for row in recorded["rows"] if not {"\n", "\r"} & set(row["text"])]
    text = "".join(row["text"] + "\n" for row in rows)
    done = device.albert_edge("tokenize", str(spm_30k), "--json", text=text)
    assert done.returncode == 0, done.stderr
    assert [answer["ids"] for answer in json_lines(done.stdout)] == [row["ids"] for row in rows]


def test_evaluate(device, model, topics):
    done = device.albert_edge("evaluate", str(model), "--data", str(topics / "dev.tsv"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["examples"] == len(texts_of(topics / "dev.tsv"))


def test_bench(device, model):
    done = device.albert_edge("bench", str(model), "--lengths", "16", "--json")
    assert done.returncode == 0, done.stderr
    (length,) = json.loads(done.stdout)["lengths"]
    assert length["tokens"] == 16
    assert 0 < length["min_ms"] <= length["p50_ms"] <= length["p99_ms"]


def test_sizes_needs_no_host_packages(device):
    done = device.albert_edge("sizes", "--json")
    assert done.returncode == 0, done.stderr
    assert {"tiny", "base"} <= {row["name"] for row in json.loads(done.stdout)}


@pytest.mark.parametrize(
    "arguments",
    [
        [
            *("train", "text-classification", "--train", "{topics}/train.tsv", "--dev", "{topics}/dev.tsv"),
            *("--size", "tiny", "--out", "out"),
        ],
        ["convert", "{golden}/base_like/sequence_classification", "out.tflite"],
        ["verify", "{model}", "--reference", "{golden}/base_like/sequence_classification"],
        ["demo", "--data", "{topics}", "--size", "tiny", "--out", "out"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_host_command_names_what_is_missing(device, model, topics, golden, arguments):
    done = device.albert_edge(*(word.format(topics=topics, golden=golden, model=model) for word in arguments))
    assert_one_line_error(done)
    assert "albert-edge[host]" in done.stderr
    assert [path for path in device.folder.rglob("*") if path.is_file() and "env" not in path.parts] == []

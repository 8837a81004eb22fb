"""Parts of the compression benchmark on a tiny set, from the model to the table."""

import json
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from compression_runs import SMALL, cells

from benchmarks.compression import __main__ as program
from benchmarks.compression import exits, schemes, vocabulary
from benchmarks.compression.work import DataSet, Plan, Work
from converters.targets import installed_targets


@pytest.fixture(scope="module")
def small_work(separable, trained_folder, tmp_path_factory) -> Work:
    """A run on `separable` whose plain model is `trained_folder`."""
    files, settings = (separable / "train.tsv", separable / "dev.tsv"), {"epochs": 3}
    data = DataSet("separable", *files, settings, tuning_epochs=1, few=files[0])
    folder = tmp_path_factory.mktemp("compression")
    return Work(folder, {data.name: data}, Plan(**SMALL), trained={data.name: trained_folder})


def test_unknown_parts_are_bad_use(tmp_path):
    from click.testing import CliRunner

    done = CliRunner().invoke(program.main, ["--data", str(tmp_path), "--out", str(tmp_path / "o"), "--only", "exit"])
    assert done.exit_code == 2
    assert "received exit" in done.output


def test_what_trains_needs_data(tmp_path):
    from click.testing import CliRunner

    done = CliRunner().invoke(program.main, ["--out", str(tmp_path / "o"), "--only", "shape,exits"])
    assert done.exit_code == 2
    assert "received exits" in done.output


@pytest.mark.slow
def test_schemes_are_measured_and_kept(small_work, monkeypatch):
    mixture = {"part": "mixed", "bytes_saved": 2_000_000, "drop": 0.25, "relative_error": 0.01}
    proposed = {"rows": [], "mixture": mixture, "mixed": {"embedding": "int8"}}
    monkeypatch.setattr(schemes, "_sensitivity", lambda *_: proposed)
    monkeypatch.setattr(schemes, "QAT", ())
    monkeypatch.setattr(schemes, "installed_targets", lambda: installed_targets()[:1])
    monkeypatch.setattr(schemes, "OPTIONS", {name: schemes.OPTIONS[name] for name in ("float32", "dynamic-range")})
    program.run(small_work, ["schemes"])
    text = (small_work.folder / "schemes.md").read_text()
    found = {(row["scheme"], row["runtime"].partition("=")[0]): row for row in cells(text)}
    small, large = found["dynamic-range", "litert"], found["float32", "litert"]
    assert float(small["model MB"]) < 0.5 * float(large["model MB"])
    assert (large["points lost"], large["rows lost"], large["labels as Keras"]) == ("0.00", "0", "100.0 %")
    assert large["times float32's"] == "1.00, 1.00"
    assert float(found["mixed", "litert"]["model MB"]) < float(large["model MB"])
    assert "| separable | mixed | 2.00 | 0.25 | 0.010 |" in text
    assert text in (small_work.folder / "tables.md").read_text()
    monkeypatch.setattr(schemes, "scored", lambda *_, **__: pytest.fail("measured again"))
    assert schemes.measure(small_work) == text


@pytest.mark.slow
def test_vocabulary_pruning_keeps_the_answers(small_work):
    rows = cells(vocabulary.measure(small_work))
    assert [row["answers by"] for row in rows] == ["Keras", "file"]
    for row in rows:
        assert row["equal"] == row["texts whose pieces survive"]
        assert int(row["equal"]) + int(row["other texts"]) == 60


@pytest.mark.slow
def test_a_changed_answer_shows(small_work):
    vocabulary.measure(small_work)
    stored = json.loads((small_work.folder / "vocabulary.json").read_text())["rows"]["separable"]
    index = stored["survive"].index(True)
    stored["Keras"]["after"]["labels"][index] = "another"
    row = vocabulary._cells(next(iter(small_work.sets.values())), stored, "Keras")
    assert row["equal"] == row["texts whose pieces survive"] - 1


@pytest.mark.slow
def test_exits_are_walked_through(small_work):
    rows = cells(exits.measure(small_work))
    runs = [row["run"] for row in rows if row["model"] == "plain"]
    assert runs[:3] == ["entropy", "patience", "entropy, never taken"]
    assert all(re.fullmatch(r"depth \d+", run) for run in runs[3:])
    assert all(float(row["mean ms"]) > 0 for row in rows)

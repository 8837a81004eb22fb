"""The benchmark of what pretraining is worth: both starts alike but for the start, and a table of their means."""

import json

import pytest
from click.testing import CliRunner

import albert_edge
from benchmarks import pretrained


@pytest.fixture
def trainings(tmp_path, monkeypatch):
    """Small sets in a folder, and the arguments of each training: pretrained ones are right on 80 %, others on 60."""
    for name, header in (("sst2", "label\ttext"), ("ag_news", "label\ttext")):
        (tmp_path / name).mkdir()
        for part in ("train", "dev"):
            rows = [header, *(f"1\ta text {number}" for number in range(600))]
            (tmp_path / name / f"{part}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"num_hidden_layers": 6}', encoding="utf-8")
    calls = []

    def train(task, files, dev, out, **arguments):
        calls.append({"rows": len(files.read_text(encoding="utf-8").splitlines()) - 1, "out": out.name, **arguments})
        return {"dev": {"accuracy": (0.8 if "from_" in arguments else 0.6) + arguments["seed"] / 1000}}

    monkeypatch.setattr(albert_edge, "train", train)
    return calls


def run(tmp_path, *more):
    arguments = ["--folder", tmp_path / "model", "--data", tmp_path, "--out", tmp_path / "out" / "results.json", *more]
    (tmp_path / "out").mkdir(exist_ok=True)
    done = CliRunner().invoke(pretrained.main, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_the_starts_differ_in_nothing_else(tmp_path, trainings):
    run(tmp_path, "--seeds", "1", "--only", "ag_news")
    start = {"from_", "size", "layers", "vocab", "epochs", "out", "reporter"}
    ours, other = trainings
    assert {name: ours[name] for name in ours.keys() - start} == {name: other[name] for name in other.keys() - start}
    assert ours["from_"] == other["vocab"] == tmp_path / "model"
    assert (other["layers"], ours["rows"], ours["learning_rate"]) == (6, 500, 5e-4)


def test_the_table_has_means_and_differences_and_nothing_is_done_twice(tmp_path, trainings):
    table = run(tmp_path)
    assert "| sst2 | pretrained | 80.1, 80.2, 80.3 | 80.2 | +20.0 |" in table
    assert "| ag_news | random | 60.1, 60.2, 60.3 | 60.2 | +0.0 |" in table
    assert len(trainings) == 12
    results = tmp_path / "out" / "results.json"
    stored = json.loads(results.read_text(encoding="utf-8"))
    del stored["sst2/random/2"]
    results.write_text(json.dumps(stored), encoding="utf-8")
    assert run(tmp_path) == table
    assert [call["out"] for call in trainings[12:]] == ["sst2-random-2"]

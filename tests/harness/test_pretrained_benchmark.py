"""The benchmark of what pretraining is worth: what each start is trained with, and a table of their means."""

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

import albert_edge
from benchmarks import pretrained


@pytest.fixture
def trainings(tmp_path, monkeypatch):
    """Small sets in a folder, and the arguments of each training: adapted models are right on 90 %, pretrained ones on
    80, others on 65 with word vectors and on 60 without."""
    for name, row in (("sst2", "{0}\ttext {1}"), ("ag_news", "text {1}\t{0}")):
        (tmp_path / name).mkdir()
        for part in ("train", "dev"):
            rows = ["a\theader", *(row.format(number % 2, number % 450) for number in range(600))]
            (tmp_path / name / f"{part}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"num_hidden_layers": 6}', encoding="utf-8")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"weights")
    calls = []

    def train(task, files, dev, out, **arguments):
        calls.append({"rows": len(files.read_text(encoding="utf-8").splitlines()) - 1, "out": out.name, **arguments})
        random = 0.65 if arguments.get("word_vectors") else 0.6
        score = {"model": 0.8, "": random}.get(getattr(arguments.get("from_"), "name", ""), 0.9)
        return {"dev": {"accuracy": score + arguments["seed"] / 1000}}

    def build_corpus(files, vocab, out, **_):
        calls.append({"texts": files[0].read_text(encoding="utf-8").split("\n\n")})
        return {"train": SimpleNamespace(folder=out / "train")}

    def adapt(folder, corpus, out, **arguments):
        out.mkdir()
        calls.append({"adapted": folder, "out": out, "corpus": corpus, **arguments})

    for name, function in (("train", train), ("build_corpus", build_corpus), ("adapt", adapt)):
        monkeypatch.setattr(albert_edge, name, function)
    return calls


def run(tmp_path, *more, code=0):
    arguments = ["--folder", tmp_path / "model", "--data", tmp_path, "--out", tmp_path / "out" / "results.json", *more]
    (tmp_path / "out").mkdir(exist_ok=True)
    done = CliRunner().invoke(pretrained.main, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == code
    return done.output


def differing(first, second):
    return {key for key in first.keys() | second.keys() if first.get(key) != second.get(key)}


def test_the_starts_differ_in_nothing_else(tmp_path, trainings):
    run(tmp_path, "--seeds", "1", "--start", "random", "--start", "pretrained")
    start = {"from_", "size", "layers", "vocab", "out", "reporter"}
    for name, other, ours in (("sst2", *trainings[:2]), ("ag_news", *trainings[2:])):
        assert differing(ours, other) - start == ({"epochs"} if name == "ag_news" else {"dropout"}) | {"word_vectors"}
        assert (ours["from_"], other["vocab"], other["layers"]) == (tmp_path / "model", tmp_path / "model", 6)
    assert [(call["rows"], call["word_dropout"]) for call in trainings[::2]] == [(600, 0.1), (500, 0.3)]


def test_random_weights_without_word_vectors_know_nothing_of_the_texts(tmp_path, trainings):
    run(tmp_path, "--seeds", "1", "--start", "random", "--start", "word-vectors")
    for plain, told in (trainings[:2], trainings[2:]):
        assert differing(plain, told) == {"word_vectors", "out", "reporter"}
        assert (plain["word_vectors"], told["word_vectors"]) == (False, True)


def test_an_adapted_start_learnt_from_the_texts_of_the_same_rows_once(tmp_path, trainings):
    run(tmp_path, "--seeds", "2", "--only", "ag_news", "--start", "adapted")
    corpus, adaptation, *fine_tunings = trainings
    assert corpus["texts"] == [f"text {number}" for number in range(450)]
    assert (adaptation["adapted"], adaptation["steps"]) == (tmp_path / "model", 600)
    assert [(call["from_"], call["seed"]) for call in fine_tunings] == [(adaptation["out"], seed) for seed in (1, 2)]


def test_other_weights_are_another_run(tmp_path, trainings):
    """Its figures would be taken for these, and so would a folder that was adapted from others."""
    arguments = ("--seeds", "1", "--only", "ag_news", "--start", "adapted")
    run(tmp_path, *arguments)
    (tmp_path / "model" / "model.safetensors").write_bytes(b"others")
    assert "--out must be of a run with the same weights; received " in run(tmp_path, *arguments, code=2)
    (tmp_path / "out" / "results.json").unlink()
    run(tmp_path, *arguments)
    first, second = (call["out"].name for call in trainings if "adapted" in call)
    assert first != second


def test_the_table_has_means_and_differences_and_nothing_is_done_twice(tmp_path, trainings):
    table = run(tmp_path)
    assert "| sst2 | random | 60.1, 60.2, 60.3 | 60.2 | +0.0 | -5.0 |" in table
    assert "| sst2 | word-vectors | 65.1, 65.2, 65.3 | 65.2 | +5.0 | +0.0 |" in table
    assert "| sst2 | pretrained | 80.1, 80.2, 80.3 | 80.2 | +20.0 | +15.0 |" in table
    assert "| ag_news | adapted | 90.1, 90.2, 90.3 | 90.2 | +30.0 | +25.0 |" in table
    assert table.count("| TF-IDF |") == 2
    done = len(trainings)
    results = tmp_path / "out" / "results.json"
    stored = json.loads(results.read_text(encoding="utf-8"))
    del stored["accuracy_percent"]["sst2/random/2"]
    results.write_text(json.dumps(stored), encoding="utf-8")
    assert run(tmp_path) == table
    assert [call["out"] for call in trainings[done:]] == ["sst2-random-2"]

"""The model card: what a folder says goes into the file under its hash, comes out again, and no reader stumbles."""

import json
import shutil

import pytest

import albert_edge
from albert_edge.artifact import read_artifact
from albert_edge.errors import ArtifactError, DataError
from converters.card import NOT_STATED, card_facts

pytestmark = pytest.mark.slow

TRAINING = {
    "scores": ["accuracy"],
    "dev": {"accuracy": 0.87654, "examples": 60},
    "train": {"examples": 240},
    "request": {"train": "somewhere/train.tsv", "dev": "dev|1.tsv", "train_sha256": "a" * 64, "from_": None},
}


@pytest.fixture(scope="module")
def folder(golden_folder, tmp_path_factory):
    """The golden model as if it had been trained here and stated a licence."""
    folder = tmp_path_factory.mktemp("card") / "model"
    shutil.copytree(golden_folder, folder)
    (folder / "training.json").write_text(json.dumps(TRAINING), encoding="utf-8")
    (folder / "README.md").write_text("---\nlanguage: en\nlicense: cc-by-4.0\n---\n# A model\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def file(folder):
    path = folder.parent / "news.tflite"
    albert_edge.convert(folder, path, scheme="float32")
    return path


def test_the_file_carries_it(file):
    report = albert_edge.inspect(file)
    assert report["licence"] == "cc-by-4.0"
    for line in (
        "# ALBERT for text-classification",
        "| training data | train.tsv, 240 examples, SHA-256 aaaaaaaaaaaa... |",
        "| accuracy, Keras on the development data | 87.7 % |",
        "| licence | cc-by-4.0 |",
        "## Limits",
    ):
        assert line in report["card"].splitlines()
    assert "dev\\|1.tsv" in report["card"]
    assert "somewhere" not in report["card"], "a path of the training machine"


def test_the_licence_is_of_the_metadata_s_own_field(file):
    """Found by the slots of tflite-support's schema, with the flatbuffers package: not by this project's reader."""
    import flatbuffers
    from flatbuffers import number_types as types
    from flatbuffers.table import Table

    artifact = read_artifact(file)
    start, size = artifact.facts.buffers[artifact.facts.metadata["TFLITE_METADATA"]]
    data = bytearray(artifact.model[start : start + size])
    table = Table(data, flatbuffers.encode.Get(types.UOffsetTFlags.packer_type, data, 0))
    texts = {slot: table.String(table.Offset(4 + 2 * slot) + table.Pos).decode() for slot in (1, 5)}
    assert texts == {1: albert_edge.inspect(file)["card"], 5: "cc-by-4.0"}


def test_nothing_else_in_the_file_knows_of_it(file):
    """Readers of before demand the zip's files and the manifest's keys one by one."""
    report = albert_edge.inspect(file)
    assert [row["name"] for row in report["files"]] == ["albert_edge.json", "labels.txt", "spiece.model"]
    assert read_artifact(file).manifest.schema_version == 3


def test_a_changed_letter_is_refused(file, tmp_path):
    data = file.read_bytes()
    place = data.index(b"cc-by-4.0 |")
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(data[:place] + b"CC" + data[place + 2 :])
    with pytest.raises(ArtifactError, match="SHA-256 of the flatbuffer"):
        albert_edge.inspect(damaged)


def test_it_lies_beside_the_file_too(file):
    beside = file.with_suffix(".card.md").read_text(encoding="utf-8")
    report = albert_edge.inspect(file)
    assert beside.startswith(report["card"].rstrip())
    assert f"| SHA-256 | {report['sha256']} |" in beside
    assert beside == albert_edge.card(file)["card"]


def test_conversion_stays_deterministic(folder, file, tmp_path):
    albert_edge.convert(folder, tmp_path / "again.tflite", scheme="float32")
    assert (tmp_path / "again.tflite").read_bytes() == file.read_bytes()


def test_a_card_of_someone_else_is_not_replaced(folder, tmp_path):
    (tmp_path / "x.card.md").write_text("mine")
    with pytest.raises(albert_edge.AlbertEdgeError, match=r"x\.card\.md"):
        albert_edge.convert(folder, tmp_path / "x.tflite", scheme="float32")
    assert (tmp_path / "x.card.md").read_text() == "mine"
    assert not (tmp_path / "x.tflite").exists()


def test_what_is_not_known_is_said(golden_folder, tmp_path):
    facts = card_facts(golden_folder, None)
    assert (facts.training, facts.licence) == ({}, "")
    assert card_facts(golden_folder, "MIT").licence == "MIT"
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "training.json").write_text("not JSON")
    assert card_facts(folder, None) == ({}, "")


def test_a_file_of_before_has_a_sentence(golden_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("converters.pipeline.card_text", lambda *_: "")
    albert_edge.convert(golden_folder, tmp_path / "before.tflite", scheme="float32")
    card = albert_edge.card(tmp_path / "before.tflite")
    assert card["card"].startswith("# ALBERT for text-classification\n\n3 layers of 48, float32\n")
    assert card["licence"] == ""
    assert NOT_STATED not in card["card"]


def test_the_example_file_s_card_lies_beside_it(topics):
    card = albert_edge.card(topics / "topics.tflite")
    assert card["licence"] == "Apache-2.0", "as LICENSE and the data's README.md"
    assert card["card"] == (topics / "topics.card.md").read_text(encoding="utf-8")


def test_measured_figures_are_of_this_file(topics, tmp_path):
    path = topics / "topics.tflite"
    result = albert_edge.bench(path, lengths=[16], runs=30)
    (tmp_path / "result.json").write_text(json.dumps(result), encoding="utf-8")
    text = albert_edge.card(path, [tmp_path / "result.json"], tmp_path / "topics.card.md")["card"]
    assert (tmp_path / "topics.card.md").read_text(encoding="utf-8") == text
    assert f"## Measured on {result['environment']['cpu_model']}" in text
    assert "| median latency, 16 tokens | " in text
    (tmp_path / "result.json").write_text(json.dumps({**result, "sha256": "0" * 64}), encoding="utf-8")
    with pytest.raises(DataError, match="of the card's file"):
        albert_edge.card(path, [tmp_path / "result.json"])


def test_scores_of_squad_are_percentages_as_they_are(golden, tmp_path):
    """Its report counts questions as `total`, and the task has no labels, whatever config.json lists."""
    training = {
        "task": "question-answering",
        "scores": ["f1", "exact_match"],
        "dev": {"f1": 34.897, "exact_match": 33.667, "total": 600},
        "train": {"examples": 26000},
        "request": {"train": "train.json", "dev": "dev.json"},
    }
    model = tmp_path / "model"
    shutil.copytree(golden / "base_like" / "question_answering", model)
    (model / "training.json").write_text(json.dumps(training), encoding="utf-8")
    path = tmp_path / "answers.tflite"
    albert_edge.convert(model, path, scheme="float32")
    lines = albert_edge.inspect(path)["card"].splitlines()
    assert "| task | question-answering |" in lines
    assert any(line.startswith("| development data | dev.json, 600 examples, ") for line in lines)
    assert "| f1, Keras on the development data | 34.9 % |" in lines

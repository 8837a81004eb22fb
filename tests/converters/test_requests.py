"""The texts of each task's data files, and `verify` on them."""

import json
from pathlib import Path

import pytest

import albert_edge
from albert_edge.errors import DataError
from albert_edge.pipelines.base import TagRequest, TextRequest
from albert_edge.tasks import task_named
from converters.requests import read_requests
from converters.targets import DEFAULT_TARGET

FILES = {
    "classify": ("texts.tsv", "text\tlabel\nThe rain fell\tx\nA ship came in\ty\nNobody waited for the letter\tx\n"),
    "tag": ("texts.conll", "Ada\tB-PER\nLovelace\tI-PER\nwrote\tO\n\nLondon\tB-LOC\nwaits\tO\n"),
    "answer": (
        "questions.json",
        json.dumps({"data": [{"title": "t", "paragraphs": [{"context": "Ada wrote notes in 1843.", "qas": [
            {"id": "1", "question": "Who wrote?", "answers": [{"text": "Ada", "answer_start": 0}]},
            {"id": "2", "question": "When did she write the notes?", "answers": [{"text": "1843", "answer_start": 19}]},
        ]}]}]}),
    ),
    "embed": ("texts.txt", "The rain fell\nA ship came in late\n\nNobody waited\n"),
    "fill": ("masks.txt", "The [MASK] fell on the town\nA ship came [MASK] the harbour [MASK] night\n"),
    "order": ("pairs.tsv", "text\ttext_pair\nThe rain fell.\tThen it stopped.\nA ship came in\tNobody saw it\n"),
}  # fmt: skip

FOLDERS = {
    "classify": "sequence_classification",
    "tag": "token_classification",
    "answer": "question_answering",
    "embed": "masked_lm",
    "fill": "masked_lm",
    "order": "pretraining",
}


EMPTY = {
    "nothing.tsv": "",
    "header.tsv": "text\n",
    "blank.txt": "\n\n",
    "blank.jsonl": "\n",
    "blank.conll": "\n",
    "no_articles.json": '{"data": []}',
    "no_questions.json": '{"data": [{"title": "t", "paragraphs": [{"context": "Ada wrote.", "qas": []}]}]}',
}


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("alias", FILES)
def test_a_file_without_requests_is_refused(alias: str, name: str, tmp_path: Path):
    """Who calibrates or checks on a file's texts relies on having some."""
    (tmp_path / name).write_text(EMPTY[name], encoding="utf-8")
    with pytest.raises(DataError):
        read_requests(task_named(alias), tmp_path / name)


def data_file(alias: str, folder: Path) -> Path:
    name, contents = FILES[alias]
    path = folder / name
    path.write_text(contents, encoding="utf-8")
    return path


def test_each_task_reads_its_requests(tmp_path: Path):
    found = {alias: read_requests(task_named(alias), data_file(alias, tmp_path)) for alias in FILES}
    assert found["classify"][1] == TextRequest("A ship came in")
    assert found["order"][0] == TextRequest("The rain fell.", "Then it stopped.")
    assert found["embed"] == [TextRequest(text) for text in ("The rain fell", "A ship came in late", "Nobody waited")]
    assert found["fill"][0] == "The [MASK] fell on the town"
    assert (found["answer"][0].question, found["answer"][1].passage) == ("Who wrote?", "Ada wrote notes in 1843.")
    assert [len(request.words) for request in found["tag"]] == [3, 2]


def test_plain_text_serves_where_a_line_is_a_request(tmp_path: Path):
    path = data_file("embed", tmp_path)
    assert read_requests(task_named("tag"), path)[0] == TagRequest("The rain fell")
    assert read_requests(task_named("classify"), path)[0] == TextRequest("The rain fell")
    path.write_text("\n \n")
    with pytest.raises(DataError, match="must have texts; received none"):
        read_requests(task_named("embed"), path)


def test_paragraphs_of_a_document_are_pairs(tmp_path: Path):
    path = tmp_path / "books.txt"
    path.write_text("One.\nTwo.\nThree.\n\nFour.\n", encoding="utf-8")
    pairs = [{request.text, request.text_pair} for request in read_requests(task_named("order"), path)]
    assert pairs == [{"One.", "Two."}, {"Two.", "Three."}]
    path.write_text("One.\n\nTwo.\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"books\.txt: a document must have two paragraphs"):
        read_requests(task_named("order"), path)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("one", "[MASK]"),
        ("one two", "one [MASK]"),
        ("1a 2a 3a 4a 5a 6a 7a 8a 9a 10a 11a 12a", "1a 2a 3a [MASK] 5a 6a 7a 8a 9a 10a [MASK] 12a"),
        ("石油价格上涨", "石油价[MASK]上涨"),
        ("a [MASK] b c d e f", "a [MASK] b c d e f"),
    ],
)
def test_words_are_hidden_where_no_mask_is(tmp_path: Path, text: str, masked: str):
    for name, contents in (("a.txt", f"{text}\n"), ("a.tsv", f"text\n{text}\n")):
        (tmp_path / name).write_text(contents, encoding="utf-8")
        assert read_requests(task_named("fill"), tmp_path / name) == [masked]


@pytest.mark.slow
@pytest.mark.parametrize("alias", FILES)
def test_a_file_is_verified_on_its_tasks_data(golden: Path, tmp_path: Path, alias: str):
    out, folder = tmp_path / "model.tflite", golden / "base_like" / FOLDERS[alias]
    albert_edge.convert(folder, out, task=alias, scheme="float32", targets=[DEFAULT_TARGET])
    report = albert_edge.verify(out, folder, data_file(alias, tmp_path))
    assert report["failures"] == []
    assert report["equal_token_ids"] == 1
    assert report["max_abs_difference"] < 1e-4
    assert (report["cosine"] is None) == (alias != "embed")
    # The other checkpoint has equal shapes: only the outputs tell.
    other = golden / "erf_two_labels" / FOLDERS[alias]
    if alias not in ("classify", "tag"):
        failures = albert_edge.verify(out, other, data_file(alias, tmp_path))["failures"]
        assert "must be within a relative error of 0.001" in failures[0]

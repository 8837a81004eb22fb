"""`albert-edge predict` and `similar` for every task: where requests come from, lines for people, bad use."""

import json
import re

import pytest
from click.testing import CliRunner

import albert_edge
from albert_edge.cli import cli
from albert_edge.cli.predictions import lines_of, lines_of_heads
from albert_edge.pipelines.answering import Answer, Found
from albert_edge.pipelines.classification import MultiLabelPrediction, Regression
from albert_edge.pipelines.order import Order
from albert_edge.pipelines.tagging import Tagging
from albert_edge.text.entities import Entity

PASSAGE = "The team from Paris\nwon the match."


def run(*arguments, **options):
    return CliRunner().invoke(cli, [*map(str, arguments)], **options)


def rows(result) -> list:
    assert result.exit_code == 0, (result.output, result.exception)
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


@pytest.fixture
def path(artifact_paths):
    return artifact_paths.__getitem__


def expected(path, *items, **options) -> list:
    return [answer.to_dict() for answer in albert_edge.predict(path, items, **options)]


# === JSON ===


@pytest.mark.parametrize(
    ("name", "arguments", "item"),
    [
        ("looped_tag", ["Oil in Paris"], "Oil in Paris"),
        ("looped_embed", ["Oil in Paris"], "Oil in Paris"),
        ("looped_fill", ["Oil [MASK] rise"], "Oil [MASK] rise"),
        ("looped_order", ["Oil", "--text-pair", "prices"], ("Oil", "prices")),
        ("looped_answer", ["--question", "Who?", "--passage", PASSAGE], ("Who?", PASSAGE)),
    ],
)
def test_each_task(name, arguments, item, path):
    assert rows(run("predict", path(name), *arguments, "--json")) == expected(path(name), item)


def test_options_of_a_task(path):
    answers = rows(run("predict", path("looped_fill"), "a [MASK]", "--top", 2, "--json"))
    assert answers == expected(path("looped_fill"), "a [MASK]", top=2)
    question = ("--question", "Who?", "--passage", PASSAGE, "--n-best", 2, "--json")
    (answer,) = rows(run("predict", path("looped_answer"), *question))
    assert len(answer["n_best"]) == 2


def test_passages_and_questions_from_files(path, tmp_path):
    (tmp_path / "match.txt").write_text(PASSAGE, encoding="utf-8")
    (tmp_path / "q.jsonl").write_text(
        "".join(json.dumps({"id": 1, "question": q, "passage": PASSAGE}) + "\n" for q in ("Who?", "What?"))
    )
    qas = [{"id": "1", "question": "Who?", "answers": [{"text": "Paris", "answer_start": 14}]}]
    squad = {"version": "1.1", "data": [{"title": "t", "paragraphs": [{"context": PASSAGE, "qas": qas}]}]}
    (tmp_path / "q.json").write_text(json.dumps(squad))
    first, second = expected(path("looped_answer"), ("Who?", PASSAGE), ("What?", PASSAGE))
    model = path("looped_answer")
    by_file = run("predict", model, "--question", "Who?", "--passage-file", tmp_path / "match.txt", "--json")
    assert rows(by_file) == [first]
    assert rows(run("predict", model, "--file", tmp_path / "q.jsonl", "--json")) == [first, second]
    assert rows(run("predict", model, "--file", tmp_path / "q.json", "--json")) == [first]


def test_several_heads(path):
    model = path("looped_classify_tag")
    (answer,) = rows(run("predict", model, "Oil in Paris", "--json"))
    assert list(answer) == ["text-classification", "token-classification"]
    (both,) = albert_edge.predict(model, ["Oil in Paris"])
    assert answer == {task: prediction.to_dict() for task, prediction in both.items()}
    assert rows(run("predict", model, "Oil in Paris", "--task", "tag", "--json")) == [answer["token-classification"]]
    lines = run("predict", model, "Oil in Paris").stdout.splitlines()
    assert {"text-classification:", "token-classification:"} <= set(lines)


def test_pairs_from_a_table(path, tmp_path):
    (tmp_path / "pairs.tsv").write_text("text\ttext_pair\nOil\tprices\n")
    answers = rows(run("predict", path("looped_order"), "--file", tmp_path / "pairs.tsv", "--json"))
    assert answers == expected(path("looped_order"), ("Oil", "prices"))


def test_similar(path, tmp_path):
    texts = ["The team won", "Oil prices", "a new vaccine"]
    (tmp_path / "texts.txt").write_text("".join(f"{text}\n" for text in texts))
    found = albert_edge.similar(path("looped_embed"), "Oil prices", texts, k=2)
    result = run("similar", path("looped_embed"), "Oil prices", "--file", tmp_path / "texts.txt", "-k", 2, "--json")
    assert rows(result) == [each.to_dict() for each in found]
    assert found[0].index == 1
    lines = run("similar", path("looped_embed"), "Oil prices", input="\n".join(texts)).stdout.splitlines()
    assert lines[0].split()[:2] == ["1.0000", "2"]
    assert len(lines) == 3


# === Bad use: one line, exit code 2 ===


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("looped_float32", ["a", "--top", 3], "top must be left out for text-classification; received 3"),
        ("looped_tag", ["a", "--n-best", 3], "n_best must be left out for token-classification; received 3"),
        ("looped_tag", ["a", "--text-pair", "b"], "--text-pair must be left out for token-classification; received"),
        ("looped_tag", ["--question", "a", "--passage", "b"], "--question must be left out for token-class"),
        ("looped_tag", ["a", "--passage", "b"], "--passage must be left out for token-class"),
        ("looped_answer", ["a"], "takes --question and --passage, no TEXTS; received 'a'"),
        ("looped_answer", [], "must have --question, or a --file of questions"),
        ("looped_answer", ["--passage", "a"], "must come with --question; received one without it"),
        ("looped_answer", ["--passage-file", "a.txt", "--file", "x.jsonl"], "must come with --question"),
        ("looped_answer", ["--file", "x.jsonl", "--text-column", "q"], "--text-column must be left out for question-a"),
        ("looped_answer", ["--question", "a"], "must have either --passage or --passage-file"),
        (
            "looped_answer",
            ["--question", "a", "--passage", "b", "--passage-file", "c"],
            "must have either --passage or --passage-file",
        ),
        ("looped_answer", ["--question", "a", "--passage", "b", "--file", "x.jsonl"], "--question must be left out"),
        ("looped_answer", ["--question", "a", "--passage-file", "missing.txt"], "missing.txt"),
        ("looped_answer", ["--question", "", "--passage", "b"], "text 1: a text must have a piece left"),
        ("looped_order", ["a"], "text 1: sentence-order must have two texts"),
        ("looped_fill", ["a"], "text 1: a text to fill must be a string that holds [MASK]"),
        ("looped_fill", ["a", "--task", "tag"], "task must be one of the file's, fill-mask; received 'tag'"),
        ("looped_fill", ["a", "--task", "dance"], "task must be one of text-classification (classify)"),
    ],
)
def test_bad_use(name, arguments, message, path, capsys):
    with pytest.raises(SystemExit) as left:
        albert_edge_main("predict", path(name), *arguments)
    printed = capsys.readouterr()
    assert (left.value.code, printed.out) == (2, "")
    assert printed.err.startswith("albert-edge: error: ")
    assert message in printed.err
    assert printed.err.count("\n") == 1


def albert_edge_main(*arguments):
    from albert_edge.cli import main

    return main([*map(str, arguments)])


@pytest.mark.parametrize("line", ["[]", "{", "3", '{"question": "a"}', ""])
def test_bad_lines_of_questions(line, path, tmp_path, capsys):
    (tmp_path / "q.jsonl").write_text('{"question": "Who?", "passage": "Paris won"}\n' + line + "\n")
    with pytest.raises(SystemExit) as left:
        albert_edge_main("predict", path("looped_answer"), "--file", tmp_path / "q.jsonl", "--json")
    printed = capsys.readouterr()
    assert left.value.code == 2
    assert json.loads(printed.out)["question"] == "Who?"
    assert re.search("q.jsonl:2: a row must (be a JSON object|have 'question' and 'passage'); received", printed.err)


def test_similar_needs_vectors(path, capsys):
    with pytest.raises(SystemExit) as left:
        albert_edge_main("similar", path("looped_tag"), "a", "--file", "x.txt")
    assert left.value.code == 2
    assert "task must be one of the file's, token-classification" in capsys.readouterr().err


@pytest.mark.parametrize(("alias", "text"), [("embed", "Paris"), ("tag", "Paris"), ("fill", "a [MASK]")])
def test_a_table_of_pairs_serves_a_task_of_single_texts(path, tmp_path, alias, text):
    table = tmp_path / "pairs.tsv"
    table.write_text(f"text\ttext_pair\tlabel\n{text}\tLondon\t1\n", encoding="utf-8")
    result = run("predict", path(f"looped_{alias}"), "--file", table, "--json")
    assert [row["text"] for row in rows(result)] == [text]


def test_similar_reads_tables(path, tmp_path):
    table = tmp_path / "texts.tsv"
    table.write_text("label\theadline\n1\tParis\n2\tLondon\n", encoding="utf-8")
    command = ("similar", path("looped_embed"), "Paris", "--file", table, "--text-column", "headline", "--json")
    found = rows(run(*command))
    assert [(row["text"], row["index"]) for row in found] == [("Paris", 0), ("London", 1)]


# === Lines for people ===


def shown(task, prediction) -> list:
    return list(lines_of(task, prediction))


def test_lines_of_entities():
    entities = (Entity("Paris", "LOC", 14, 19, 0.931),)
    tagging = Tagging(PASSAGE, entities, (), ())
    assert shown("token-classification", tagging) == [
        "The team from Paris won the match.",
        "   93.1%  LOC             14-19  Paris",
    ]


def test_lines_of_answers():
    found = tuple(
        Found(text, start, start + 5, score) for text, start, score in (("Paris", 14, 0.8), ("match", 28, 0.1))
    )
    answer = Answer("Who?", "Paris", 14, 19, 0.8, -3.0, found)
    assert shown("question-answering", answer) == [
        "Who?",
        "   80.0%        14-19  Paris",
        "   10.0%        28-33  match",
    ]
    none = Answer("Who?", "", None, None, 0.7, 3.0, found)
    assert shown("question-answering", none)[:3] == [
        "Who?",
        "   70.0%    no answer",
        "   80.0%        14-19  Paris",
    ]
    assert len(shown("question-answering", none)) == 4


def test_lines_of_labels_numbers_and_order():
    several = MultiLabelPrediction("a", ("x", "y"), {"x": 0.9, "y": 0.6, "z": 0.1})
    assert shown("text-classification", several) == ["x 90.0%, y 60.0%  a"]
    assert shown("text-classification", MultiLabelPrediction("a", (), {"x": 0.1}, "b")) == ["none  a  |  b"]
    assert shown("text-classification", Regression("a", {"LABEL_0": 3.14159}, "b")) == ["3.1416  a  |  b"]
    order = Order("a", "b", False, 0.75, {"in_order": 0.25, "swapped": 0.75})
    assert shown("sentence-order", order) == [" 75.0%  not in order  a  |  b"]
    assert list(lines_of_heads({"sentence-order": order})) == ["sentence-order:", "   75.0%  not in order  a  |  b"]


def test_lines_of_vectors_and_masks(path):
    (line,) = run("predict", path("looped_embed"), "Oil prices").stdout.splitlines()
    assert line.endswith("... 48 numbers]  Oil prices")
    lines = run("predict", path("looped_fill"), "a [MASK] b [MASK]", "--top", 2).stdout.splitlines()
    assert [line for line in lines if line.startswith("[MASK]")] == ["[MASK] 1", "[MASK] 2"]
    assert len(lines) == 6

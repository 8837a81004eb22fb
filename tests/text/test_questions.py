"""Reading questions: both forms by hand, each refusal, and how real sets read."""

import json

import pytest

from albert_edge.errors import DataError
from albert_edge.text.questions import AnswerSpan, QuestionExample, read_questions

PASSAGE = "The Broncos won in 1999."


def qa(name, answers, **others):
    return {"id": name, "question": f"{name}?", "answers": answers, **others}


def answer(text, start):
    return {"text": text, "answer_start": start}


def squad(*qas, **paragraph):
    return {"data": [{"title": "Football", "paragraphs": [{"context": PASSAGE, "qas": list(qas), **paragraph}]}]}


@pytest.fixture
def read(tmp_path):
    def read(values, suffix=".json"):
        path = tmp_path / f"questions{suffix}"
        path.write_bytes(values if isinstance(values, bytes) else json.dumps(values).encode())
        return read_questions(path)

    return read


def test_both_versions(read):
    found = read(
        squad(
            qa("who", [answer("Broncos", 4), answer("The Broncos", 0)]),
            qa("why", [], is_impossible=True, plausible_answers=[answer("nowhere", 99)]),
            qa(7, [answer("1999", 19)], is_impossible=False),
        )
    )
    assert found == [
        QuestionExample("who", "who?", PASSAGE, (AnswerSpan("Broncos", 4), AnswerSpan("The Broncos", 0)), "Football"),
        QuestionExample("why", "why?", PASSAGE, (), "Football"),
        QuestionExample("7", "7?", PASSAGE, (AnswerSpan("1999", 19),), "Football"),
    ]
    assert [each.is_impossible for each in found] == [False, True, False]
    assert all(PASSAGE[span.start : span.end] == span.text for each in found for span in each.answers)


def test_lines(read):
    rows = [
        {"question": "who?", "passage": PASSAGE, "answers": [{"text": "Broncos", "start": 4}]},
        {"id": "why", "question": "why?", "passage": PASSAGE, "answers": []},
    ]
    found = read("\n".join(json.dumps(row) for row in rows).encode(), ".jsonl")
    assert found == [
        QuestionExample("1", "who?", PASSAGE, (AnswerSpan("Broncos", 4),)),
        QuestionExample("why", "why?", PASSAGE, ()),
    ]


def without(values, key):
    return {name: value for name, value in values.items() if name != key}


GOOD = qa("who", [answer("Broncos", 4)])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (b"{", "must be JSON"),
        (b"[" * 100_000, "must be JSON"),
        (b'{"data": "\xff"}', "must be UTF-8; received the byte 0xff after 10 bytes of the file"),
        ([], "a JSON object must stand here"),
        ({}, "the key 'data' must exist; received the keys none"),
        ({"data": {}}, "'data' must be a list"),
        ({"data": []}, "must have questions; received none"),
        ({"data": [3]}, r"data\[0\]: a JSON object must stand here; received 3"),
        ({"data": [{"title": 3, "paragraphs": []}]}, "'title' must be a string; received 3"),
        ({"data": [{"paragraphs": [{"qas": []}]}]}, r"data\[0\]\.paragraphs\[0\]: the key 'context' must exist"),
        (squad(GOOD, context=" "), "'context' must be a text that isn't empty"),
        (squad(GOOD, context="\ud800 Broncos"), "lone surrogate"),
        (squad(without(GOOD, "id")), r"qas\[0\]: the key 'id' must exist; received the keys 'question', 'answers'"),
        (squad({**GOOD, "id": 1.5}), "'id' must be a string or a whole number; received 1.5"),
        (squad({**GOOD, "id": True}), "'id' must be a string or a whole number; received true"),
        (squad(GOOD, GOOD), "id must be its own; received 'who' twice"),
        (squad(without(GOOD, "question")), r"\(who\): the key 'question' must exist"),
        (squad({**GOOD, "question": "\n"}), r"\(who\): 'question' must be a text that isn't empty"),
        (squad({**GOOD, "question": 3}), r"\(who\): 'question' must be a text that isn't empty; received 3"),
        (squad(without(GOOD, "answers")), r"\(who\): the key 'answers' must exist"),
        (squad(qa("who", [])), r"\(who\): 'is_impossible' must be true where .* received false and 0 answers"),
        (squad({**GOOD, "is_impossible": True}), "received true and 1 answers"),
        (squad({**GOOD, "is_impossible": 0}), "received 0 and 1 answers"),
        (squad(qa("who", ["Broncos"])), r"answers\[0\]: a JSON object must stand here"),
        (squad(qa("who", [{"text": "Broncos"}])), r"\(who\): the key 'answer_start' must exist"),
        (squad(qa("who", [answer("Broncos", "4")])), "'answer_start' must be a number of characters"),
        (squad(qa("who", [answer("Broncos", -20)])), "'answer_start' must be a number of characters; received -20"),
        (squad(qa("who", [answer("Broncos", 5)])), r'\(who\): an answer must stand .* "Broncos" at 5, .* "roncos "'),
        (squad(qa("who", [answer("broncos", 4)])), "an answer must stand at its 'answer_start'"),
        (squad(qa("who", [answer("1999. ", 19)])), "an answer must stand at its 'answer_start'"),
        (squad(qa("who", [answer("", 4)])), "'text' must be a text that isn't empty"),
    ],
)  # fmt: skip
def test_refused(read, values, message):
    with pytest.raises(DataError, match=message):
        read(values)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"[1]", "questions.jsonl:1: a row must be a JSON object"),
        (b"who?", "questions.jsonl:1: a row must be a JSON object"),
        (b'{"question": NaN}', "questions.jsonl:1: a row must be a JSON object"),
        (b'{"question": ["\\ud800"], "passage": "we", "answers": []}', r'received \["\\ud800"\]$'),
        (b'{"question": "who?", "passage": "we"}', "questions.jsonl:1: the key 'answers' must exist"),
        (b'{"question": "who?", "passage": "we", "answers": [{"text": "we", "start": 1}]}', '"we" at 1, .* has "e"'),
        (b'{"id": 1, "question": "who?", "passage": "we", "answers": []}\n' * 2, "received '1' twice"),
        (b"\xff", "must be UTF-8"),
        (b"", "must have questions; received none"),
    ],
)
def test_refused_lines(read, line, message):
    with pytest.raises(DataError, match=message):
        read(line, ".jsonl")


def test_a_missing_file_is_named(tmp_path):
    for suffix in (".json", ".jsonl"):
        with pytest.raises(DataError, match=f"nowhere{suffix}"):
            read_questions(tmp_path / f"nowhere{suffix}")


def test_a_byte_order_mark_is_no_text(read):
    assert read(b"\xef\xbb\xbf" + json.dumps(squad(GOOD)).encode())[0].id == "who"


@pytest.mark.parametrize(
    ("file", "questions", "answers", "unanswered"),
    [
        ("squad_v1/half1.json", 4961, 17778, 0),
        ("squad_v2/part1.json", 3782, 6585, 2014),
        ("xquad/xquad.de.json", 1190, 1190, 0),
        ("xquad/xquad.zh.json", 1190, 1190, 0),
    ],
)
def test_real_sets_have_no_damaged_row(shared_data, file, questions, answers, unanswered):
    found = read_questions(shared_data / file)
    assert len(found) == questions
    assert sum(len(each.answers) for each in found) == answers
    assert sum(each.is_impossible for each in found) == unanswered

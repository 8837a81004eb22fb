"""`AnsweringPipeline` by hand: answers, no answer, n best, long passages, and what is refused."""

import random

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import CheckFailedError, ConfigError, DataError
from albert_edge.pipelines import make_pipeline
from albert_edge.pipelines.answering import AnsweringPipeline, Question
from albert_edge.text.tokenizer import Encoding, SentencePieceTokenizer, open_tokenizer

PASSAGE = "The Denver  Broncos won the game in 2016."
QUESTION = Question("Who won?", PASSAGE)
PIECES = ["▁the", "▁denver", "▁broncos", "▁won", "▁the", "▁game", "▁in", "▁2016", "."]
FIRST = 5
"""Where the passage begins behind `[CLS] ▁who ▁won ? [SEP]`."""


@pytest.fixture(scope="module")
def tokenizer(spm_30k):
    return open_tokenizer(spm_30k)


@pytest.fixture(scope="module")
def pipeline(golden_folder, tokenizer):
    def pipeline(longest=64, **settings):
        return AnsweringPipeline(AlbertConfig.load(golden_folder).with_settings(**settings), tokenizer, longest)

    return pipeline


def outputs(inputs, starts=(), ends=()):
    """Zeros, but for the (window, token, logit) given."""
    found = [
        {name: np.zeros(len(packed.input_ids), np.float32) for name in ("start_logits", "end_logits")}
        for packed in inputs
    ]
    for name, places in (("start_logits", starts), ("end_logits", ends)):
        for window, token, logit in places:
            found[window][name][token] = logit
    return found


def answered(pipeline, starts=(), ends=(), request=QUESTION, **options):
    inputs = pipeline.inputs(request)
    return pipeline.decode(request, inputs, outputs(inputs, starts, ends), **options)


def test_the_task_s_pipeline(golden_folder, tokenizer):
    assert isinstance(make_pipeline("answer", AlbertConfig.load(golden_folder), tokenizer, 64), AnsweringPipeline)


def test_an_answer_by_hand(pipeline, tokenizer):
    (packed,) = pipeline().inputs(QUESTION)
    assert packed.input_ids.tolist()[FIRST:-1] == [tokenizer.encode(PASSAGE).ids[place] for place in range(9)]
    assert tokenizer.encode(PASSAGE).pieces == PIECES
    answer = answered(pipeline(), [(0, FIRST + 1, 50)], [(0, FIRST + 2, 50)], n_best=2)
    assert answer.to_dict() == {
        "question": "Who won?",
        "text": "Denver  Broncos",
        "start": 4,
        "end": 19,
        "score": pytest.approx(1),
        "no_answer_score": -100,
        "n_best": [
            {"text": "Denver  Broncos", "start": 4, "end": 19, "score": pytest.approx(1)},
            {"text": "The Denver  Broncos", "start": 0, "end": 19, "score": pytest.approx(0)},
        ],
    }
    assert list(answer.to_dict()) == ["question", "text", "start", "end", "score", "no_answer_score", "n_best"]


def test_scores_are_shared_by_the_best_spans(pipeline):
    answer = answered(pipeline(max_answer_tokens=1), [(0, FIRST, np.log(3))], n_best=20)
    # Nine pieces, eight of which have the logit 0 and one log 3.
    assert [found.score for found in answer.n_best] == pytest.approx([3 / 11] + [1 / 11] * 8)
    answer = answered(pipeline(max_answer_tokens=1, no_answer_threshold=0.0), [(0, FIRST, np.log(3))], n_best=20)
    assert [found.score for found in answer.n_best] == pytest.approx([3 / 12] + [1 / 12] * 8)
    assert answer.text == "The"
    assert answer.no_answer_score == pytest.approx(-np.log(3))


@pytest.mark.parametrize(("threshold", "text"), [(None, "The"), (1.5, "The"), (1.0, "The"), (0.5, ""), (-7, "")])
def test_no_answer_is_one_above_the_threshold(pipeline, threshold, text):
    answer = answered(pipeline(no_answer_threshold=threshold, max_answer_tokens=1), [(0, FIRST, 2), (0, 0, 3)])
    assert answer.no_answer_score == 1
    assert answer.text == text
    assert answer.n_best[0].text == "The"
    if not text:
        assert (answer.start, answer.end) == (None, None)
        weights = np.exp([3, 2] + [0] * 8)
        assert answer.score == pytest.approx(weights[0] / weights.sum())


def test_a_long_passage(pipeline):
    request = Question("Who won?", " ".join(["word"] * 100) + " the Denver Broncos")
    one = pipeline(longest=30, stride=10)
    inputs = one.inputs(request)
    # 103 pieces in windows of 24: from 0, 10, ... 70, and the last from 79.
    assert len(inputs) == 9
    assert {len(packed.input_ids) for packed in inputs} == {30}
    answer = answered(one, [(8, 27, 4)], [(8, 28, 4)], request)
    assert answer.text == request.passage[answer.start : answer.end] == "Denver Broncos"
    # The windows' least no-answer logit counts: the last one's.
    answer = answered(one, [*[(window, 0, 9) for window in range(8)], (8, 0, -2), (8, 27, 1)], request=request)
    assert answer.no_answer_score == -3


def test_settings_say_how_long_an_input_is(pipeline):
    assert pipeline(longest=512, max_length=20).longest == 20
    assert pipeline(longest=16, max_length=20).longest == 16


def test_an_answer_s_text_is_always_the_passage_s(pipeline):
    draw = np.random.default_rng(1)
    choose = random.Random(1)
    parts = ["½", "  ", "\n", "e\u0301", "日本", "won", "$5", "—", "(", "İ", "\u200b", "ﷺ", "2013-14", "ﬁ", "\x1c", " "]
    for _ in range(60):
        request = Question("who?", "a" + "".join(choose.choices(parts, k=choose.randrange(60))))
        one = pipeline(longest=choose.randrange(8, 30))
        inputs = one.inputs(request)
        random_outputs = [
            {name: draw.normal(size=len(packed.input_ids)) for name in ("start_logits", "end_logits")}
            for packed in inputs
        ]
        answer = one.decode(request, inputs, random_outputs, n_best=30)
        for found in (answer, *answer.n_best):
            assert found.text == request.passage[found.start : found.end]
            assert found.text.strip() == found.text != ""
        scores = [found.score for found in answer.n_best]
        assert scores == sorted(scores, reverse=True)
        assert sum(scores) == pytest.approx(1)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Question("", PASSAGE), "a text must have a piece left"),
        (Question("\u200b", PASSAGE), "a text must have a piece left"),
        (Question("who?", " \n"), "a text must have a piece left"),
        (Question(3, PASSAGE), "a text must be a string; received 3"),
        (Question("who?", None), "a text must be a string; received None"),
        (Question("who?", "\ud800"), "lone surrogate"),
    ],
)
def test_refused_requests(pipeline, request_, message):
    with pytest.raises(DataError, match=message):
        pipeline().inputs(request_)


class Marks(SentencePieceTokenizer):
    """As a vocabulary of foreign normalization might: a text without characters is a word-start mark."""

    def encode(self, text):
        return super().encode(text) if "?" in text else Encoding([13], ["▁"], [(0, 0)])


def test_a_passage_without_an_answer_s_characters_is_refused(golden_folder, spm_30k):
    one = AnsweringPipeline(AlbertConfig.load(golden_folder), Marks(spm_30k.read_bytes()), 64)
    with pytest.raises(DataError, match="a passage must hold text to answer from; received 'x'"):
        one.inputs(Question("who?", "x"))


def test_no_room_is_said(pipeline):
    with pytest.raises(ConfigError, match="a window must have room for a piece"):
        pipeline(longest=4).inputs(QUESTION)


def test_damaged_outputs_are_refused(pipeline):
    one = pipeline()
    inputs = one.inputs(QUESTION)

    def decode(change, **options):
        damaged = outputs(inputs)
        change(damaged)
        one.decode(QUESTION, inputs, damaged, **options)

    with pytest.raises(CheckFailedError, match="a model's end_logits must be finite"):
        decode(lambda damaged: damaged[0]["end_logits"].__setitem__(3, np.nan))
    with pytest.raises(ConfigError, match="the outputs must have 'start_logits'"):
        decode(lambda damaged: damaged[0].pop("start_logits"))
    with pytest.raises(ConfigError, match=r"start_logits must have the shape \[15\]; received \[16\]"):
        decode(lambda damaged: damaged[0].update(start_logits=np.zeros(16, np.float32)))
    with pytest.raises(ConfigError, match="1 windows must each be run; received 1 inputs, 0 outputs"):
        decode(lambda damaged: damaged.pop())
    with pytest.raises(ConfigError, match="n_best must be at least 1; received 0"):
        decode(lambda damaged: None, n_best=0)

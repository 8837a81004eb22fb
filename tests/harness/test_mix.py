"""Latency over a data file: which texts, in which order, what lies inside the clock, when it stops."""

import pytest

from albert_edge.errors import DataError
from albert_edge.harness import mix
from albert_edge.harness.evaluations import make_evaluation
from albert_edge.harness.evaluations.base import DataFile
from albert_edge.harness.mix import Mix, drawn, measure_mix
from albert_edge.harness.presets import Preset
from albert_edge.harness.runners import open_runner


@pytest.fixture(scope="module")
def runner(topics):
    with open_runner(topics / "topics.tflite") as runner:
        yield runner


@pytest.fixture(scope="module")
def evaluation(runner, topics):
    return make_evaluation(runner.pipeline, DataFile(topics / "dev.tsv", limit=40))


def tokens_of(queries):
    return [sum(len(packed.input_ids) for packed in inputs) for inputs in queries]


def test_the_same_texts_come_in_the_same_order(runner, evaluation):
    all_tokens = tokens_of([evaluation.inputs(runner.pipeline, asked.request) for asked in evaluation.asked])
    first, again, few = (tokens_of(drawn(runner, evaluation, count)) for count in (100, 100, 7))
    assert first == again
    assert sorted(first) == sorted(all_tokens), "each once"
    assert first != all_tokens, "not as they stand in the file"
    assert first not in (sorted(first), sorted(first, reverse=True)), (
        "not by length, which would fit the graph less often"
    )
    assert len(few) == 7


def test_each_query_is_timed_once(runner, evaluation):
    found = measure_mix(runner, evaluation)
    assert found.texts == len(found.raw_ms) == 40
    assert list(found.tokens) == tokens_of(drawn(runner, evaluation, 40))
    assert min(found.raw_ms) > 0


def test_a_short_file_is_run_again(runner, topics):
    evaluation = make_evaluation(runner.pipeline, DataFile(topics / "dev.tsv", limit=8))
    found = measure_mix(runner, evaluation)
    assert (found.texts, len(found.raw_ms)) == (8, 30)
    assert found.tokens[:8] == found.tokens[8:16]


def test_a_text_that_cannot_be_packed_is_named(runner, topics, monkeypatch):
    evaluation = make_evaluation(runner.pipeline, DataFile(topics / "dev.tsv", limit=1))

    def refuse(*_):
        raise DataError("a text must have a word; received none")

    monkeypatch.setattr(type(evaluation), "inputs", refuse)
    with pytest.raises(DataError, match=r"dev\.tsv.*2.*: a text must have a word; received none"):
        measure_mix(runner, evaluation)


@pytest.fixture
def scripted(monkeypatch):
    """Each run takes 10 ms by a clock that doesn't wait; the order of runs and of other work is kept."""
    log = []

    def timed(_, inputs):
        log.append(len(inputs[0].input_ids))
        return 10.0

    monkeypatch.setattr(mix, "_timed_ms", timed)
    return log


@pytest.mark.parametrize(("queries", "seconds", "expected"), [(50, 0.1, 50), (50, 0.9, 90), (10, 0.0, 10)])
def test_a_preset_has_its_queries_and_its_seconds(runner, evaluation, scripted, queries, seconds, expected):
    found = measure_mix(runner, evaluation, Preset("test", queries, seconds))
    assert len(found.raw_ms) == expected


def test_other_work_is_done_in_between_and_the_last_text_again(runner, evaluation, scripted):
    measure_mix(runner, evaluation, Preset("test", 60, 0.0), lambda: scripted.append("other"))
    tokens = tokens_of(drawn(runner, evaluation, 60))
    places = [place for place, entry in enumerate(scripted) if entry == "other"]
    assert len(places) == 3, "before the first, after 250 ms, after 500 ms"
    assert scripted[:3] == tokens[:3], "warm-up"
    assert [scripted[place + 1] for place in places] == [tokens[0], scripted[places[1] - 1], scripted[places[2] - 1]]
    pairs = zip([None, *scripted[3:]], scripted[3:])
    timed = [entry for before, entry in pairs if entry != "other" and before != "other"]
    assert timed == [*tokens, *tokens][:60]


def test_the_summary_is_worked_by_hand():
    found = Mix(3, (10, 20, 30, 10), (1.0, 2.0, 4.0, 1.0))
    assert found.summary() == {
        "texts": 3,
        "mean_ms": 2.0,
        "p50_ms": 1.0,
        "p90_ms": 4.0,
        "p99_ms": 4.0,
        "mean_tokens": 17.5,
        "raw_ms": [1.0, 2.0, 4.0, 1.0],
    }

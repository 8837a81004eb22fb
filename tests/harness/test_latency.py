"""The measuring loop on sessions and a clock made by hand, so that every expected value is known."""

import numpy as np
import pytest

from albert_edge.errors import ConfigError
from albert_edge.harness import latency
from albert_edge.harness.latency import MINIMUM_RUNS, Latency, interleave, measure_latency, quantile, request
from albert_edge.runtime.session import InputSpec, Session

LOOPED = {
    "input_ids": InputSpec("int32", (1, -1), (1, 64), (0, 99)),
    "token_type_ids": InputSpec("int32", (1, -1), (1, 64), (0, 1)),
    "max_depth": InputSpec("int32", (1,)),
}
UNROLLED = {
    "input_ids": InputSpec("int32", (1, 24), (24, 24), (0, 99)),
    "token_type_ids": InputSpec("int32", (1, 24), (24, 24), (0, 1)),
    "attention_mask": InputSpec("int32", (1, 24), (24, 24), (0, 1)),
}


class Clock:
    """Stands still unless told."""

    def __init__(self):
        self.now_ns = 10**12

    def perf_counter_ns(self):
        return self.now_ns


class ScriptedSession(Session):
    """Takes `durations_ms` in turn, the last one for ever; remembers what it was given."""

    def __init__(self, clock, durations_ms, inputs=LOOPED, name="", log=None):
        super().__init__(inputs)
        self.clock, self.durations_ms, self.name = clock, list(durations_ms), name
        self.log = [] if log is None else log

    @property
    def runtime(self):
        return "scripted 1.0"

    def _invoke(self, inputs):
        self.log.append((self.name, inputs))
        duration_ms = self.durations_ms.pop(0) if len(self.durations_ms) > 1 else self.durations_ms[0]
        self.clock.now_ns += round(duration_ms * 1e6)
        return {"logits": np.zeros((1, 2), np.float32)}

    def _release(self):
        self.log.append((self.name, "released"))


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(latency, "time", clock)
    return clock


# === measure_latency ===


def test_values_are_the_runs_and_warm_ups_lie_apart(clock):
    session = ScriptedSession(clock, [50, 7, 6, 1.5, 2, 2.5, 9])
    result = measure_latency(session, 16, runs=4, warmup=3)
    assert result == Latency(tokens=16, warmup_ms=(50.0, 7.0, 6.0), raw_ms=(1.5, 2.0, 2.5, 9.0))
    assert result.summary() == {
        "tokens": 16,
        "p50_ms": 2.0,
        "p90_ms": 9.0,
        "p99_ms": 9.0,
        "min_ms": 1.5,
        "runs": 4,
        "first_ms": 50.0,
    }


def test_time_decides_where_runs_are_fast(clock):
    result = measure_latency(ScriptedSession(clock, [10]), 16, seconds=1.0)
    assert len(result.raw_ms) == 100


def test_slow_runs_are_still_enough_for_quantiles(clock):
    result = measure_latency(ScriptedSession(clock, [500]), 16, seconds=1.0)
    assert len(result.raw_ms) == MINIMUM_RUNS == 30


def test_given_runs_need_no_time(clock):
    assert len(measure_latency(ScriptedSession(clock, [0.001]), 16, runs=2, seconds=5.0).raw_ms) == 2


def test_request_is_made_outside_of_the_timed_region(clock, monkeypatch):
    def slow_request(*arguments):
        clock.now_ns += 10**9
        return request(*arguments)

    monkeypatch.setattr(latency, "request", slow_request)
    assert measure_latency(ScriptedSession(clock, [3]), 16, runs=5).raw_ms == (3.0,) * 5


@pytest.mark.parametrize("wrong", [{"runs": 0}, {"warmup": 0}, {"seconds": 0.0}, {"seconds": float("nan")}])
def test_numbers_below_their_least_are_refused(clock, wrong):
    with pytest.raises(ConfigError, match="must be above 0; received"):
        measure_latency(ScriptedSession(clock, [1]), 16, **wrong)


# === interleave ===


def test_sessions_take_turns(clock):
    log = []
    a = ScriptedSession(clock, [100, 1, 2, 3], name="a", log=log)
    b = ScriptedSession(clock, [200, 10, 20, 30], name="b", log=log)
    assert interleave({"first": a, "second": b}, tokens=8, rounds=3, warmup=1) == {
        "first": [1.0, 2.0, 3.0],
        "second": [10.0, 20.0, 30.0],
    }
    assert [name for name, _ in log] == ["a", "b"] * 4


def test_layouts_can_be_interleaved(clock):
    looped, unrolled = ScriptedSession(clock, [1]), ScriptedSession(clock, [2], UNROLLED)
    assert interleave({"looped": looped, "unrolled": unrolled}, 24, 2) == {"looped": [1.0, 1.0], "unrolled": [2.0, 2.0]}


@pytest.mark.parametrize(("sessions", "rounds"), [(0, 3), (1, 0)])
def test_nothing_to_interleave_is_refused(clock, sessions, rounds):
    with pytest.raises(ConfigError, match="must be above 0"):
        interleave({str(n): ScriptedSession(clock, [1]) for n in range(sessions)}, 8, rounds)


# === quantile ===


def test_quantiles_worked_by_hand():
    values = [7, 1, 10, 2, 9, 3, 8, 4, 6, 5]
    assert [quantile(values, fraction) for fraction in (0.01, 0.5, 0.51, 0.9, 0.91, 0.99, 1)] == [
        1,
        5,
        6,
        9,
        10,
        10,
        10,
    ]
    assert quantile([3.5], 0.5) == quantile([3.5], 0.99) == 3.5
    assert quantile(range(1, 101), 0.99) == 99


@pytest.mark.parametrize("count", [1, 2, 30, 99, 100, 101, 1000])
def test_equal_to_numpy(count):
    values = np.random.default_rng(count).exponential(size=count)
    for fraction in (0.5, 0.9, 0.99):
        assert quantile(list(values), fraction) == np.quantile(values, fraction, method="inverted_cdf")


def test_rounding_of_the_product_does_not_move_the_rank():
    assert 0.55 * 100 > 55
    assert quantile(range(1, 101), 0.55) == 55


@pytest.mark.parametrize(("values", "fraction"), [([], 0.5), ([1.0], 0), ([1.0], 1.1)])
def test_quantile_of_nothing_is_refused(values, fraction):
    with pytest.raises(ConfigError, match="a quantile needs values"):
        quantile(values, fraction)


# === request ===


def test_request_of_a_looped_file_has_its_exact_length(clock):
    session = ScriptedSession(clock, [1])
    inputs = request(session, 16, max_depth=2)
    assert set(inputs) == {"input_ids", "token_type_ids", "max_depth"}
    assert inputs["input_ids"].shape == inputs["token_type_ids"].shape == (1, 16)
    assert inputs["max_depth"].tolist() == [2]
    assert 0 <= inputs["input_ids"].min() < inputs["input_ids"].max() <= 99
    session.run(inputs)


def test_request_of_a_fixed_length_is_padded_and_masked(clock):
    session = ScriptedSession(clock, [1], UNROLLED)
    inputs = request(session, 16)
    assert inputs["attention_mask"].tolist() == [[1] * 16 + [0] * 8]
    assert inputs["input_ids"][0, 16:].tolist() == [0] * 8
    session.run(inputs)


def test_request_is_the_same_each_time(clock):
    first, second = (request(ScriptedSession(clock, [1]), 16)["input_ids"] for _ in range(2))
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("max_depth", [None, 0, -3, 2**40])
def test_any_depth_reaches_the_graph_as_one_it_takes(clock, max_depth):
    session = ScriptedSession(clock, [1])
    session.run(request(session, 4, max_depth))
    assert session.log[0][1]["max_depth"].tolist() == [2**31 - 1 if max_depth == 2**40 else 0]


@pytest.mark.parametrize(("inputs", "tokens", "longest"), [(LOOPED, 65, 64), (LOOPED, 0, 64), (UNROLLED, 25, 24)])
def test_lengths_that_the_file_does_not_take_are_refused(clock, inputs, tokens, longest):
    with pytest.raises(ConfigError, match=f"from 1 to the file's {longest}; received {tokens}"):
        request(ScriptedSession(clock, [1], inputs), tokens)


def test_depth_of_an_unrolled_file_is_refused(clock):
    with pytest.raises(ConfigError, match="looped layout; received 2"):
        request(ScriptedSession(clock, [1], UNROLLED), 24, max_depth=2)

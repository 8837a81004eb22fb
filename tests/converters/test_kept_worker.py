"""Which child of a conversion is kept for the next one; with children of this process's own making, so quickly."""

from typing import ClassVar

import pytest

from albert_edge.errors import ConfigError
from converters import worker


class Child:
    """Answers whatever it is sent."""

    made: ClassVar[list["Child"]] = []

    def __init__(self, module, environment):
        self.is_gone = self.is_closed = False
        self.answer = ({}, {})
        Child.made.append(self)

    def send(self, fields, arrays):
        assert not self.is_gone

    def receive(self):
        return self.answer

    def close(self, patience_s):
        self.is_closed = True


@pytest.fixture
def workers(monkeypatch):
    monkeypatch.setattr(Child, "made", [])
    monkeypatch.setattr(worker, "Child", Child)
    own = worker._Workers()
    yield own
    own.close()


def test_who_takes_every_answer_and_no_more_leaves_the_child_for_the_next(workers):
    answers = workers.exchange(({}, {}), 2)
    assert [next(answers), next(answers)] == [({}, {})] * 2
    answers.close()
    assert workers._kept is Child.made[0]
    list(workers.exchange(({}, {}), 1))
    assert len(Child.made) == 1


def test_who_stops_early_ends_the_child(workers):
    answers = workers.exchange(({}, {}), 2)
    next(answers)
    answers.close()
    assert workers._kept is None
    assert Child.made[0].is_closed


def test_a_child_that_ended_while_nothing_was_asked_is_replaced(workers):
    list(workers.exchange(({}, {}), 1))
    Child.made[0].is_gone = True
    list(workers.exchange(({}, {}), 1))
    assert workers._kept is Child.made[1]
    assert [child.is_closed for child in Child.made] == [True, False]


def test_of_two_at_once_one_is_kept_and_the_other_ended(workers):
    for _ in workers.exchange(({}, {}), 1):
        list(workers.exchange(({}, {}), 1))
    assert workers._kept is Child.made[0]
    assert [child.is_closed for child in Child.made] == [False, True]


def test_a_child_that_says_an_error_is_kept(workers):
    list(workers.exchange(({}, {}), 1))
    Child.made[0].answer = {"error": ["ConfigError", "so"]}, {}
    with pytest.raises(ConfigError, match="so"):
        list(workers.exchange(({}, {}), 2))
    assert workers._kept is Child.made[0]

"""Latency over a file's texts, in turn: what is taken, and how it is summed up."""

import pytest

from albert_edge.errors import ConfigError
from albert_edge.harness import walks


def test_means_are_of_each_text_s_fastest_round():
    texts = [[3.0, 1.0, 2.0], [9.0, 7.0, 8.0], [5.0, 5.0, 100.0]]
    assert walks.mean_ms(texts) == pytest.approx((1 + 7 + 5) / 3)
    assert walks.p50_ms(texts) == 5.0


def test_files_take_turns_and_texts_come_by_length(artifact_path, separable, monkeypatch):
    order = []
    real = walks._timed_ms

    def timed(runner, inputs):
        order.append((id(runner), len(inputs[0].input_ids)))
        return real(runner, inputs)

    monkeypatch.setattr(walks, "_timed_ms", timed)
    rows = [f"{'word ' * count}\tLABEL_0" for count in (9, 1, 5, 3)]
    data = separable.parent / "walked.tsv"
    data.write_text("text\tlabel\n" + "\n".join(rows) + "\n", encoding="utf-8")
    raw = walks.walk({"a": artifact_path, "b": artifact_path}, data, texts=2, rounds=3)
    assert {name: [len(rounds) for rounds in values] for name, values in raw.items()} == {"a": [3, 3], "b": [3, 3]}
    lengths = [tokens for _, tokens in order]
    assert lengths == sorted(lengths)
    # One round before the three that count, each of which starts with the other file.
    a, b = order[0][0], order[1][0]
    assert [runner for runner, _ in order[:8]] == [a, b, b, a, a, b, b, a]


@pytest.mark.parametrize("wrong", [{"files": {}}, {"texts": 0}, {"rounds": 0}])
def test_nothing_to_measure_is_refused(artifact_path, separable, wrong):
    (name,) = wrong
    with pytest.raises(ConfigError, match=f"{name} must be at least 1; received 0"):
        walks.walk(**{"files": {"a": artifact_path}, "data": separable / "dev.tsv", **wrong})

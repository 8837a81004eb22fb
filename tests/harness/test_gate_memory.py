"""Memory in a gate: enough processes that one which lies far out decides nothing."""

import pytest
from test_gate_figures import RSS, result, verdicts

from albert_edge.harness.gate import measuring
from albert_edge.harness.gate.measuring import MEMORY_PROCESSES
from albert_edge.harness.startup import Startup


def outlying(count):
    """Memory of so many processes, of which one has 7 % more above the runtime than the others."""
    rss = [*(58.2 + 0.02 * place for place in range(count - 1)), 59.7]
    bare = [38.2] * count
    return result(raw={**result()["raw"], "rss_mb": rss, "peak_rss_mb": rss, "bare_rss_mb": bare})


@pytest.mark.parametrize(("count", "verdict"), [(5, "inconclusive"), (MEMORY_PROCESSES, "same")])
def test_one_process_in_ten_may_lie_far_out(count, verdict):
    assert verdicts(outlying(count), outlying(count))["memory"] == verdict


def test_a_file_is_started_ten_times(monkeypatch, topics):
    asked = []

    def started(path, predictor, *, processes, **_):
        asked.append(processes)
        return Startup(64, *([9.0] * processes for _ in range(5)))

    monkeypatch.setattr(measuring, "bench", lambda *_, **__: result())
    monkeypatch.setattr(measuring, "measure_startup", started)
    found = measuring.measured(topics / "topics.tflite", [16], measuring.Ways())
    assert asked == [MEMORY_PROCESSES - len(RSS)]
    assert found["raw"]["rss_mb"] == [*RSS, *[9.0] * asked[0]]
    assert found["rss_tokens"] == 64
    assert found["rss_mb"] == pytest.approx((9.0 + 58.0) / 2)

"""What TensorFlow Lite's benchmark program is told, without a phone."""

from __future__ import annotations

import pytest

from albert_edge.errors import DeviceError
from albert_edge.harness.devices.benchmarking import Asked, asked_of, command_line, read_output


def test_options_become_what_was_asked_for():
    words = ["bench", "{path}", "--lengths=8,16", "--threads=2", "--runs=5", "--seconds=0.5", "--max-depth=3", "--json"]
    assert asked_of("phone", words) == Asked((8, 16), 2, 5, 0.5, 3)
    assert asked_of("phone", ["bench", "{path}", "--json"]) == Asked((16, 64, 128), 1, None, 1.0, None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bench", "{path}", "--preset=mlperf"], "what benchmark_model can do; received --preset=mlperf"),
        (["bench", "{path}", "--threads=1,2"], "a number must be given; received --threads=1,2"),
        (["evaluate", "{path}"], "must be asked for `bench FILE` without an app; received evaluate {path}"),
        ([], "must be asked for `bench FILE` without an app; received "),
    ],
)
def test_what_the_program_cannot_do_is_refused(words, message):
    with pytest.raises(DeviceError) as error:
        asked_of("phone", words)
    assert str(error.value).endswith(message)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked(seconds=2.5), ["--num_runs=30", "--min_secs=2.5"]),
        (Asked(runs=5, seconds=2.5), ["--num_runs=5", "--min_secs=0"]),
    ],
)
def test_given_runs_are_not_stretched_to_the_seconds(asked, expected):
    """The program goes on until it has both."""
    line = command_line("program", "graph", {}, "folder", asked)
    assert [word for word in line if word.startswith(("--num_runs", "--min_secs"))] == expected


def test_a_single_run_has_but_one_figure():
    timings = "Inference timings in us: Init: 5000, First inference: 900, Warmup (avg): 900, Inference (avg): 800\n"
    found = read_output("phone", 8, f"INFO: count=1 curr=800\n{timings}")
    assert (found.length["runs"], found.load_ms, found.growth_mb) == (1, 5.0, 0.0)
    assert {found.length[name] for name in ("p50_ms", "p90_ms", "p99_ms", "min_ms")} == {0.8}
    with pytest.raises(DeviceError, match="must print its timings"):
        read_output("phone", 8, f"INFO: count=0\n{timings}")

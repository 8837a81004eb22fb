"""Fresh processes: what they run, how they end, and how their values become figures."""

import contextlib
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from albert_edge.errors import ConfigError, RuntimeUnavailableError
from albert_edge.harness import processes, startup
from albert_edge.harness.memory import resident_mb
from albert_edge.harness.processes import Started, bare, probe
from albert_edge.harness.startup import Startup, measure_allocation, measure_startup, text_of_length
from albert_edge.runtime.interpreter import PACKAGES
from albert_edge.runtime.predictor import load
from albert_edge.text.tokenizer import open_tokenizer, read_tokenizer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def predictor(looped_file):
    with load(looped_file) as predictor:
        yield predictor


@pytest.fixture(scope="module")
def module(predictor):
    distribution = predictor.runtime.split()[0]
    return next(package.module for package in PACKAGES.values() if package.distribution == distribution)


def package_key(module):
    return next(name for name, package in PACKAGES.items() if package.module == module)


# === Processes ===


def test_bare_process_has_the_imports_and_ends(module):
    with bare(module) as started:
        assert started.answer == {}
        assert 10 < resident_mb(started.pid) < 200
    with pytest.raises(FileNotFoundError):
        resident_mb(started.pid)


def test_bare_process_imports_nothing_of_this_project(module):
    program = processes._BARE.format(module=module).replace("sys.stdin.read()", "print(list(sys.modules))")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", cwd=ROOT, check=True)
    assert "'numpy'" in done.stdout
    assert "'sentencepiece'" in done.stdout
    assert f"'{module}'" in done.stdout
    # Not just the letters: an editable installation has a finder of that name.
    assert "'albert_edge'" not in done.stdout
    assert "'albert_edge." not in done.stdout


def test_probe_answers_with_what_it_measured(module, looped_file):
    arguments = {"path": str(looped_file), "threads": 1, "runtime": package_key(module)}
    with probe(module, "load_interpreter", arguments) as started:
        assert list(started.answer) == ["load_ms"]
        assert 0 < started.answer["load_ms"] < 10_000


@pytest.mark.parametrize(
    ("module", "reason"), [("no_such_interpreter", "No module named 'no_such_interpreter'"), ("os; os.abort()", "")]
)
def test_process_that_dies_is_one_line(module, reason):
    with pytest.raises(RuntimeUnavailableError) as error, bare(module):
        pytest.fail("there is no process to look at")
    assert str(error.value).startswith("a fresh process must load and answer; received exit code ")
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_process_that_dies_while_writing_is_one_line():
    dying = bare("os; print('{', end='', flush=True); os._exit(3)")
    with pytest.raises(RuntimeUnavailableError, match="exit code 3"), dying:
        pytest.fail("there is no process to look at")


def test_file_that_went_away_is_one_line(module):
    arguments = {"path": "missing.tflite", "threads": 1, "runtime": package_key(module)}
    failing = probe(module, "load_interpreter", arguments)
    with pytest.raises(RuntimeUnavailableError, match=r"missing\.tflite: the file must be readable"), failing:
        pytest.fail("there is no process to look at")


# A program that does what a fresh process does, and lists the modules that were imported while the clock ran.
IMPORTED_WHILE_TIMED = """
import json, sys, time
import numpy, sentencepiece, {module}
from albert_edge.harness import probes

seen, clock = [], time.perf_counter_ns
def watched_clock():
    seen.append(set(sys.modules))
    return clock()

time.perf_counter_ns = watched_clock
probes.{name}(**json.loads(sys.argv[1]))
time.perf_counter_ns = clock
# The interpreter's native code asks numpy for its C interface under a name of its own.
print(json.dumps(sorted(name for name in seen[1] - seen[0] if not name.startswith("numpy._core"))))
"""


@pytest.mark.parametrize("name", ["load_interpreter", "open_and_answer"])
def test_no_import_lies_in_a_timed_region(name, module, looped_file):
    arguments = {"path": str(looped_file), "threads": 1, "runtime": package_key(module)}
    if name == "open_and_answer":
        arguments.update(item="the", max_depth=None, tasks=["text-classification"], tokenizer_kind="sentencepiece")
    program = IMPORTED_WHILE_TIMED.format(module=module, name=name)
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(arguments)],
        capture_output=True,
        encoding="utf-8",
        env=processes.child_environment(),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


# === From values to figures ===


def test_summary_is_made_of_medians():
    result = Startup(
        tokens=128,
        load_ms=(9.0, 30.0, 8.0),
        open_ms=(50.0, 40.0, 45.0),
        rss_mb=(60.0, 62.0, 90.0),
        bare_rss_mb=(40.0, 41.0, 39.0),
        peak_rss_mb=(66.0, 95.0, 65.0),
    )
    assert result.summary() == {
        "load_ms": 9.0,
        "open_ms": 45.0,
        "rss_mb": 62.0,
        "peak_rss_mb": 66.0,
        "rss_above_runtime_mb": 22.0,
        "peak_above_runtime_mb": 26.0,
        "rss_tokens": 128,
    }
    untold = dataclasses.replace(result, peak_rss_mb=())
    assert (untold.summary()["peak_rss_mb"], untold.summary()["peak_above_runtime_mb"]) == (None, None)


def test_values_come_from_the_processes_that_they_belong_to(monkeypatch, predictor, looped_file):
    """Scripted processes: pids name their memory, answers their times."""
    calls = []
    memory_mb, peaks_mb = {1: 40.0, 2: 999.0, 3: 63.0}, {1: 998.0, 2: 999.0, 3: 71.0}
    answers = {"load_interpreter": (2, {"load_ms": 9.0}), "open_and_answer": (3, {"open_ms": 41.0})}

    def scripted_bare(module):
        calls.append(("bare", {}))
        return contextlib.nullcontext(Started(1, {}))

    def scripted_probe(module, name, arguments):
        calls.append((name, arguments))
        return contextlib.nullcontext(Started(*answers[name]))

    monkeypatch.setattr(startup, "bare", scripted_bare)
    monkeypatch.setattr(startup, "probe", scripted_probe)
    monkeypatch.setattr(startup, "resident_mb", memory_mb.__getitem__)
    monkeypatch.setattr(startup, "peak_mb", peaks_mb.__getitem__)
    result = measure_startup(looped_file, predictor, tokens=20, threads=2, max_depth=1, processes=2)
    assert result == Startup(20, (9.0, 9.0), (41.0, 41.0), (63.0, 63.0), (40.0, 40.0), (71.0, 71.0))
    assert [name for name, _ in calls] == ["bare", "load_interpreter", "open_and_answer"] * 2
    opened = calls[-1][1]
    assert (opened["threads"], opened["max_depth"]) == (2, 1)
    assert len(predictor.pack(opened["item"]).input_ids) == 20


def test_text_is_cut_to_what_the_file_takes(predictor, looped_file):
    result = measure_startup(looped_file, predictor, tokens=128, processes=1)
    assert result.tokens == 64
    assert result.rss_mb[0] > result.bare_rss_mb[0]


def test_what_loading_allocates_grows_with_the_copies(predictor, looped_file, unrolled_file):
    """The same network: three layers that share one block in a loop, or one after another, each packed for itself."""
    looped = measure_allocation(looped_file, predictor)
    assert looped == measure_allocation(looped_file, predictor), "bytes of the allocator, the same in each process"
    with load(unrolled_file) as other:
        unrolled = measure_allocation(unrolled_file, other)
    assert (looped["copies"], unrolled["copies"]) == (1, 3)
    assert looped["unique_bytes"] == pytest.approx(unrolled["unique_bytes"], rel=0.1)
    assert unrolled["packed_bytes"] > looped["packed_bytes"] + looped["unique_bytes"] / 4


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_allocations_are_counted_without_the_allocators_cache(predictor, looped_file, monkeypatch):
    """With it one process in a hundred counts some bytes more or fewer."""
    variables = []

    @contextlib.contextmanager
    def looked_at(*arguments, **more):
        with probe(*arguments, **more) as started:
            variables.extend(Path(f"/proc/{started.pid}/environ").read_bytes().split(b"\0"))
            yield started

    monkeypatch.setattr(startup, "probe", looked_at)
    measure_allocation(looped_file, predictor)
    assert b"GLIBC_TUNABLES=glibc.malloc.tcache_count=0" in variables


def test_no_process_is_no_measurement(predictor, looped_file):
    with pytest.raises(ConfigError, match="processes must be at least 1; received 0"):
        measure_startup(looped_file, predictor, processes=0)


@pytest.mark.parametrize("tokens", [3, 4, 17, 64, 128, 512])
def test_text_has_the_length_asked_for(tokens, spm_30k, golden):
    for tokenizer in (
        open_tokenizer(spm_30k),
        read_tokenizer(golden / "base_like" / "sequence_classification"),
    ):
        assert len(tokenizer.encode(text_of_length(tokenizer, tokens)).ids) == tokens - 2


def test_vocabulary_without_the_words_gives_a_shorter_text():
    """Four pieces a word: the nearest length below, never one above."""

    class FourPieces:
        def encode(self, text):
            return type("Encoding", (), {"ids": [1] * 4 * len(text.split())})

    assert len(FourPieces().encode(text_of_length(FourPieces(), 20)).ids) == 16

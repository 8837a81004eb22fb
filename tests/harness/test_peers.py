"""The comparison with other engines: the protocol, failures as rows, turns, figures and promises by hand."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.compare import files, measure, verdicts
from benchmarks.compare.__main__ import Plan, main, run
from benchmarks.compare.engines import Engine, EngineError, EngineProcess
from benchmarks.compare.tables import markdown
from benchmarks.compare.texts import at_even_distances, ids_of_texts

IDS = np.array([[5, 6, 7]], np.int64)


def engine(variant: str, name: str = "") -> Engine:
    return Engine(name or variant, f"the {variant} one", "comparison_peer", variant)


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    """The child processes find this folder's `comparison_peer`."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


@pytest.fixture
def model(golden) -> Path:
    return golden / "base_like" / "sequence_classification"


# === An engine in its process ===


def test_an_engine_answers(tmp_path, model):
    with EngineProcess(engine("plain"), sys.executable) as process:
        assert process.imports() == {"numpy": np.__version__, "no-such-package": "none"}
        process.prepare(model, tmp_path, [IDS, IDS])
        load_ms, check_ms = process.load(tmp_path)
        raw_ms, logits = process.run(IDS, times=3)
    assert 0 < check_ms < 1000, "nothing to check"
    assert load_ms > 0
    assert len(raw_ms) == 3
    assert all(value > 0 for value in raw_ms)
    assert logits.tolist() == [18, 2]


def test_a_refusal_is_one_line(tmp_path, model):
    with (
        EngineProcess(engine("refuses"), sys.executable) as process,
        pytest.raises(EngineError, match=r"^prepare: ValueError: an operator must be known; received 'Loop'$"),
    ):
        process.prepare(model, tmp_path, [])


def test_a_crash_is_told(tmp_path, model):
    with EngineProcess(engine("crashes"), sys.executable) as process:
        process.prepare(model, tmp_path, [])
        process.load(tmp_path)
        with pytest.raises(EngineError, match=r"^run: a crash of the engine \(SIGABRT\)$"):
            process.run(IDS)


def test_an_environment_without_the_engine_is_told():
    missing = Engine("missing", "", "benchmarks.compare.peers.no_such_engine", "int8")
    with EngineProcess(missing, sys.executable) as process, pytest.raises(EngineError, match="ModuleNotFoundError"):
        process.imports()


# === Files ===


def test_files_are_made_once_for_a_model_and_samples(tmp_path, model):
    def made(samples):
        return files.prepared(engine("plain"), sys.executable, model, tmp_path, samples)[0] / "model.bin"

    first = made([IDS])
    stamp = first.stat().st_mtime_ns
    assert made([IDS]).stat().st_mtime_ns == stamp
    assert made([IDS, IDS]).stat().st_size == 2, "other samples make other files"
    assert files.file_bytes(first.parent) == 2


def test_a_refused_conversion_leaves_no_files(tmp_path, model):
    with pytest.raises(EngineError):
        files.prepared(engine("refuses"), sys.executable, model, tmp_path, [])
    assert not (tmp_path / "refuses").exists()


# === Turns ===


class Scripted:
    """A process that notes when it is asked."""

    def __init__(self, name, log, fails_at=None):
        self.name, self.log, self.fails_at = name, log, fails_at

    def run(self, ids, times):
        self.log.append(self.name)
        if len(self.log) == self.fails_at:
            raise EngineError("run: gone")
        return [9.0, float(len(self.log))], np.array([0.0, 1.0])


def scripted(**fails_at):
    log = []
    running = measure.Running("python", {})
    running.processes = {name: Scripted(name, log, number) for name, number in fails_at.items()}
    return running, log


def test_each_round_begins_with_another_engine():
    running, log = scripted(a=None, b=None)
    raw, first, logits = measure.in_turns(running, [IDS], 3)
    assert "".join(log) == "ab" + "ab" + "ba" + "ab"
    assert raw == {"a": [[3.0, 6.0, 7.0]], "b": [[4.0, 5.0, 8.0]]}, "the call that settles doesn't count"
    assert first == {"a": [[9.0]], "b": [[9.0]]}
    assert [each.tolist() for each in logits["a"]] == [[0.0, 1.0]]


def test_an_engine_that_fails_leaves_and_the_others_go_on():
    running, log = scripted(a=3, b=None)
    raw, _, logits = measure.in_turns(running, [IDS, IDS], 2)
    assert "".join(log) == "ab" + "ab" + "b" + "b" + "bb"
    assert set(raw) == set(logits) == {"b"}
    assert running.errors == {"a": "run: gone"}


# === Figures ===


def test_logits_are_compared_where_the_text_was_whole():
    answers = {
        "reference": [np.array([0.0, 1.0]), np.array([2.0, 0.0])],
        "off": [np.array([0.0, 1.5]), np.array([0.0, 9.0])],
    }
    used = {"reference": [True, True], "off": [True, False]}
    found = measure.errors_of_logits(answers, "reference", used)
    assert found["reference"]["max_abs"] == 0
    assert found["off"] == {"max_abs": 0.5, "mean_abs": 0.25, "top1_agreement": 1.0, "texts": 1}
    assert measure.errors_of_logits(answers, "another", used) == {}
    whole = measure.errors_of_logits(answers, "reference", {**used, "off": [True, True]})
    assert whole["off"]["top1_agreement"] == 0.5


def row(ms, mix=10.0, load=5.0, rss=60.0):
    return {
        "title": "one",
        "error": None,
        "versions": {"numpy": "1"},
        "file_bytes": 12_000_000,
        "raw_ms": {"16": [ms], "64": [ms], "128": [ms]},
        "mix_raw_ms": [[mix, 99.0]],
        "load_ms": [load],
        "rss_mb": [rss],
        "bare_rss_mb": [40.0],
    }


ROWS = {
    "albert-edge": row(4.0, mix=4.0),
    "onnxruntime-float32": row(8.0, rss=66.0),
    "onnxruntime-int8": row(10.0, rss=80.0),
    "openvino-int8": row(4.0, load=100.0, rss=160.0),
    "tflite-plain": row(9.0, mix=11.0, rss=140.0),
}


def verdict(rows, what):
    return next(each for each in verdicts.verdicts(rows) if each["what"].startswith(what))


def test_promises_are_judged_against_the_best_peer():
    short = verdict(ROWS, "p50 at 16 tokens, of ONNX Runtime's best")
    assert short == {**short, "peer": "onnxruntime-float32", "ratio": 0.5, "limit": 0.45, "verdict": "miss"}
    assert verdict(ROWS, "p50 at 64 tokens, of ONNX Runtime's best")["verdict"] == "pass"
    assert verdict(ROWS, "p50 at 16 tokens, of OpenVINO")["verdict"] == "miss"
    assert verdict(ROWS, "p50 at 64 tokens, of OpenVINO")["verdict"] == "pass"
    assert verdict(ROWS, "mean over the mix")["ratio"] == pytest.approx(4 / 11)
    memory = verdict(ROWS, "memory")
    assert (memory["peer"], memory["verdict"]) == ("onnxruntime-float32", "miss")
    assert memory["ratio"] == pytest.approx(20 / 26)
    assert verdict(ROWS, "load")["ratio"] == 0.05


def test_a_promise_about_engines_that_did_not_run_is_neither_kept_nor_broken():
    found = verdict(ROWS, "p50 at 16 tokens, of PyTorch's best")
    assert found == {**found, "peer": None, "ratio": None, "verdict": "not measured"}
    without_us = {name: each for name, each in ROWS.items() if name != "albert-edge"}
    assert {each["verdict"] for each in verdicts.verdicts(without_us)} == {"not measured"}


def test_texts_are_taken_at_even_distances():
    assert at_even_distances(list(range(10)), 2) == [2, 7]
    assert at_even_distances([1, 2], 5) == [1, 2]


def test_texts_are_cut_by_the_model_s_tokenizer(tmp_path, model):
    data = tmp_path / "texts.tsv"
    data.write_text("text\nthe old captain slept until dawn\na whale\n")
    ids = ids_of_texts(model, data, None, 8)
    assert [each.dtype for each in ids] == [np.int64] * 2
    assert ids[0].shape[1] < ids[1].shape[1]
    assert {(each[0, 0], each[0, -1]) for each in ids} == {(2, 3)}, "[CLS] and [SEP]"


# === From end to end, with stand-ins ===


def test_a_run_has_a_row_an_engine(tmp_path, model):
    engines = [engine("plain", "pytorch-float32"), engine("off"), engine("refuses"), engine("crashes")]
    plan = Plan(lengths=(8,), rounds=3, texts=2, text_rounds=2, processes=2, samples=1)
    result = run(engines, sys.executable, model, tmp_path, plan, [IDS, IDS], [IDS])
    rows = json.loads(json.dumps(result))["engines"]
    assert rows["refuses"]["error"].startswith("prepare: ValueError")
    assert rows["crashes"]["error"] == "run: a crash of the engine (SIGABRT)"
    assert rows["off"]["error"] is None
    assert len(rows["off"]["raw_ms"]["8"]) == 3
    assert [len(each) for each in rows["off"]["mix_raw_ms"]] == [2, 2]
    assert len(rows["off"]["load_ms"]) == len(rows["off"]["rss_mb"]) == 2
    assert min(rows["off"]["rss_mb"]) > 5
    assert rows["off"]["logits"] == {"max_abs": 1.0, "mean_abs": 0.5, "top1_agreement": 1.0, "texts": 3}
    assert rows["off"]["file_bytes"] == 1
    text = markdown(result)
    assert "| the off one |" in text
    assert "SIGABRT" in text
    assert text.count("not measured") == len(verdicts.PROMISES)


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [("--engines", "albert-edge,tensorrt", "received tensorrt"), ("--lengths", "16,x", "received '16,x'")],
)
def test_wrong_options_are_refused(tmp_path, model, option, value, complaint):
    done = CliRunner().invoke(main, ["--out", str(tmp_path / "out"), "--model", str(model), option, value])
    assert done.exit_code == 2
    assert complaint in done.output


def test_data_that_cannot_be_used_is_one_line(tmp_path, model, topics):
    words = ["--out", tmp_path / "out", "--model", model, "--data", topics / "dev.tsv", "--text-column", "body"]
    words += ["--lengths", "16"]
    command = [sys.executable, "-m", "benchmarks.compare", *map(str, words)]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=root, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.rstrip().endswith("the column 'body' must exist; received the columns 'text', 'label'")
    assert done.stderr.count("\n") == 1


def test_every_package_of_the_peers_is_pinned():
    lines = (Path(files.__file__).parent / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#") and "==" not in line] == []

"""A baseline is written with its reason and read back; anything else is refused in one line."""

import json

import pytest
from made_results import made_result

from albert_edge.errors import ConfigError, DataError
from albert_edge.harness.gate.baselines import read_baseline, write_baseline
from albert_edge.harness.gate.turns import Pass

PASSES = {"latency_16": [Pass((1.23456789, 2.0), (3.0, 4.0))] * 2}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "topics.json"
    write_baseline(path, made_result(), PASSES, "first release")
    return path


def test_what_was_written_is_read(path):
    found = read_baseline(path)
    assert found["passes"] == {"latency_16": [Pass((1.2346, 2.0), (3.0, 4.0))] * 2}
    assert found["result"]["file_bytes"] == made_result()["file_bytes"]
    assert found["result"]["raw"] == made_result()["raw"]
    (entry,) = found["history"]
    assert (entry["reason"], entry["sha256"]) == ("first release", made_result()["sha256"])


def test_the_history_goes_on(path):
    write_baseline(path, made_result(seed=2), PASSES, "a wanted\n loss")
    found = read_baseline(path)
    assert [entry["reason"] for entry in found["history"]] == ["first release", "a wanted loss"]
    assert found["result"]["sha256"] == made_result(seed=2)["sha256"]


def test_no_reason_no_baseline(path):
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="needs a reason"):
        write_baseline(path, made_result(seed=2), PASSES, "  ")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "bench"}, "must be what `albert-edge baseline` writes; received kind 'bench'"),
        ({"schema_version": 2}, "must be 1; received 2"),
        ({"history": []}, "at least one entry; received none"),
        ({"surplus": 1}, r"received unknown \['surplus'\]"),
        ({"passes": {"latency_16": [{"new_ms": [1.0], "old_ms": []}]}}, "as many times of both sides"),
        ({"passes": {"latency_16": [{"new_ms": [0.0], "old_ms": [1.0]}]}}, "all above 0"),
        ({"passes": {"latency_16": [{"new_ms": [1.0]}]}}, r"missing \['old_ms'\]"),
        ({"passes": {"latency_16": []}}, "at least one pass; received none"),
        ({"result": {}}, "received kind None"),
    ],
)
def test_what_is_no_baseline_is_refused(path, change, message):
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(DataError, match=message) as error:
        read_baseline(path)
    assert str(error.value).startswith(f"{path}: ")


def test_another_file_is_not_written_over(tmp_path):
    (tmp_path / "notes.json").write_text('{"mine": 1}')
    with pytest.raises(DataError, match="notes"):
        write_baseline(tmp_path / "notes.json", made_result(), PASSES, "why not")
    assert (tmp_path / "notes.json").read_text() == '{"mine": 1}'


def test_the_project_baselines_are_read(topics):
    folder = topics.parent.parent / "baselines"
    found = {f"{path.parent.name}/{path.name}": read_baseline(path) for path in folder.glob("*/*.json")}
    assert {f"{name}/topics.json" for name in ("x86-64", "raspberry-pi-4", "raspberry-pi-5")} <= set(found)
    for baseline in found.values():
        assert baseline["result"]["file_bytes"] == (topics / "topics.tflite").stat().st_size, "record it anew"
        assert baseline["history"][-1]["reason"]

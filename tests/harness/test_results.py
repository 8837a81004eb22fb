"""Result files: a real one goes through unchanged, each damage is named with its place, old ones are still read."""

import json
import math
from pathlib import Path

import pytest

from albert_edge.errors import DataError
from albert_edge.harness.results import SHAPE, check_result, read_result, result_text, write_result

RESULTS = Path(__file__).resolve().parent / "results"


@pytest.fixture
def result():
    """A real one of examples/topics/topics.tflite, with few runs."""
    return json.loads((RESULTS / "bench_version_2.json").read_text(encoding="utf-8"))


def test_a_result_is_read_as_it_was_written(result, tmp_path):
    write_result(tmp_path / "a.json", result)
    assert read_result(tmp_path / "a.json") == result
    assert (tmp_path / "a.json").read_bytes() == (RESULTS / "bench_version_2.json").read_bytes()


def test_the_example_has_every_part(result):
    """So that who tests with it sees each part once."""
    empty = {name for name, value in result.items() if value in (None, [], {})}
    assert empty == {"preset", "max_depth", "exit_threshold", "device", "cost"}
    assert sum(result["accuracy"]["correct"]) / result["accuracy"]["examples"] == result["accuracy"]["value"]
    assert len(result["accuracy"]["correct"]) == result["accuracy"]["examples"]


def test_lists_of_numbers_are_a_line(result):
    text = result_text(result)
    assert json.loads(text) == result
    assert '"matrix": [\n' in text, "lists of lists are not"
    line = next(line for line in text.splitlines() if '"warmup_ms"' in line)
    assert json.loads("{" + line.strip().rstrip(",") + "}")["warmup_ms"] == result["lengths"][0]["warmup_ms"]


def test_texts_that_look_like_lists_stay_as_they_are():
    value = {"a": "[\n  1,\n  2\n]", "b": [1, 2.5, -3e-07], "c": [], "d": [[1], [2]], "e": ["1"]}
    assert json.loads(result_text(value)) == value


# === Damage ===


def put(place, value):
    def damage(result):
        target = result
        for key in place[:-1]:
            target = target[key]
        target[place[-1]] = value

    return damage


def left_out(*place):
    def damage(result):
        target = result
        for key in place[:-1]:
            target = target[key]
        del target[place[-1]]

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (put(["file_bites"], 1), r"received unknown \['file_bites'\], missing \[\]"),
        (left_out("sha256"), r"received unknown \[\], missing \['sha256'\]"),
        (put(["file_bytes"], 1.5), r"^file_bytes must be a whole number; received 1\.5"),
        (put(["file_bytes"], True), "file_bytes must be a whole number; received True"),
        (put(["load_ms"], math.nan), "load_ms must be a finite number; received nan"),
        (put(["load_ms"], "9"), "load_ms must be a finite number; received '9'"),
        (put(["task"], ""), "task must be a text that isn't empty; received ''"),
        (
            put(["lengths", 1, "raw_ms", 2], math.inf),
            r"lengths\[1\]\.raw_ms\[2\] must be a finite number; received inf",
        ),
        (put(["lengths", 0, "raw_ms"], [1.0]), r"lengths\[0\]\.runs must be the number of its raw values, 1; received"),
        (put(["lengths"], {}), r"lengths must be a list; received \{\}"),
        (left_out("mix", "raw_ms"), r"mix must have the keys .* missing \['raw_ms'\]"),
        (put(["accuracy", "correct", 0], True), r"accuracy\.correct\[0\] must be 0 or 1; received True"),
        (put(["accuracy", "report", "macro_f1"], math.nan), r"accuracy\.report\.macro_f1 must be a finite number"),
        (put(["environment"], None), "environment must be an object; received None"),
        (put(["preset"], "mlperv"), "preset must be mlperf; received 'mlperv'"),
        (put(["schema_version"], 3), "from 1 to 2; received 3: a newer albert-edge wrote it"),
        (put(["schema_version"], "2"), "from 1 to 2; received '2'$"),
        (put(["kind"], "tflite"), "received kind 'tflite', as of another command"),
        (left_out("lengths"), "a result must be what `bench` writes"),
    ],
)
def test_damage_is_refused_with_its_place(result, damage, message, tmp_path):
    damage(result)
    with pytest.raises(DataError, match=message) as error:
        check_result(result)
    assert "\n" not in str(error.value)
    with pytest.raises(DataError, match=message):
        write_result(tmp_path / "a.json", result)
    assert list(tmp_path.iterdir()) == [], "nothing half-written"


@pytest.mark.parametrize(("text", "message"), [("[]", "must hold an object"), ("{", "must be JSON"), ("{}", "bench")])
def test_files_that_hold_none_are_named(text, message, tmp_path):
    path = tmp_path / "result.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message) as error:
        read_result(path)
    assert str(path) in str(error.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(DataError, match=r"must be readable; received .*none\.json"):
        read_result(tmp_path / "none.json")


# === Version 1 ===


def test_version_1_is_still_read():
    """Written by the program as it was: what it says stays, what it lacks is None or an empty list."""
    old = json.loads((RESULTS / "bench_version_1.json").read_text(encoding="utf-8"))
    assert old["schema_version"] == 1
    result = read_result(RESULTS / "bench_version_1.json")
    assert list(result) == list(SHAPE)
    assert (result["schema_version"], result["kind"], result["thread_scaling"]) == (2, "bench", [])
    for name in set(old) - {"schema_version", "environment", "raw", "lengths"}:
        assert result[name] == old[name]
    assert result["lengths"] == old["lengths"]
    assert result["raw"] == {**old["raw"], "peak_rss_mb": []}
    assert result["environment"] == {**old["environment"], "delegate": None}
    new = set(SHAPE) - set(old) - {"kind", "thread_scaling"}
    assert {result[name] for name in new} == {None}
    assert check_result(result) == result


def test_version_1_without_raw_values_has_empty_lists():
    old = json.loads((RESULTS / "bench_version_1.json").read_text(encoding="utf-8"))
    del old["raw"]
    for item in old["lengths"]:
        del item["raw_ms"], item["warmup_ms"]
    result = check_result(old)
    assert [item["raw_ms"] for item in result["lengths"]] == [[], []]
    assert set(map(tuple, result["raw"].values())) == {()}
    assert [item["runs"] for item in result["lengths"]] == [item["runs"] for item in old["lengths"]]


def test_version_1_that_is_damaged_is_refused():
    old = json.loads((RESULTS / "bench_version_1.json").read_text(encoding="utf-8"))
    del old["load_ms"]
    with pytest.raises(DataError, match="load_ms must be a finite number; received None"):
        check_result(old)

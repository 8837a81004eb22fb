"""A device over ssh, against a real sshd: files go there, answers and files come back."""

from __future__ import annotations

import hashlib
import zipfile

import pytest

import albert_edge
from albert_edge.errors import DeviceError

pytestmark = pytest.mark.slow


def test_an_answer_is_the_one_of_this_machine(device, model, gone):
    answer = device.run_json(["predict", "{model}", "Oil prices rise", "--json"], {"model": model}, 300)
    assert answer == next(iter(albert_edge.predict(model, ["Oil prices rise"]))).to_dict()
    assert gone()


def test_runs_in_a_row_are_not_in_each_others_way(device, gone):
    for _ in range(4):
        device.run_module("timeit", ["-n", "1", "-r", "1", "pass"], {}, {}, 300)
    assert gone()


def test_check_tells_the_facts(device):
    found = device.check()
    assert found["project_version"] == albert_edge.__version__
    assert found["runtime"]
    assert found["free_memory_mb"] > 0


def test_a_file_is_copied_once_and_under_its_hash(device, model, folder):
    arguments = ["inspect", "{model}", "--json"]
    for _ in range(2):
        assert device.run_json(arguments, {"model": model}, 300)["task"] == "text-classification"
    copied = folder / "files" / hashlib.sha256(model.read_bytes()).hexdigest() / model.name
    assert copied.read_bytes() == model.read_bytes()
    assert sorted(path.name for path in copied.parent.iterdir()) == [model.name]
    assert list((folder / "runs").glob("*-run")) == []


def test_outputs_come_back_whole_or_not_at_all(device, tmp_path):
    text, out = tmp_path / "text.txt", tmp_path / "out.zip"
    text.write_bytes(bytes(range(256)) * 10_000)
    device.run_module("zipfile", ["-c", "{out}", "{text}"], {"text": text}, {"out": out}, 300)
    with zipfile.ZipFile(out) as archive:
        assert archive.read("text.txt") == text.read_bytes()
    missing = tmp_path / "missing"
    with pytest.raises(DeviceError, match=r"^device pi: zipfile must write \{missing\}; received no file$"):
        device.run_module("zipfile", ["-t", "{zip}"], {"zip": out}, {"missing": missing}, 300)
    assert not missing.exists()


def test_of_a_failed_run_nothing_stays(device, folder, gone):
    with pytest.raises(DeviceError, match=r"^device pi: .*\(exit code 2\)$"):
        device.run_json(["bench"], {}, 300)
    assert list((folder / "runs").glob("*-run")) == []
    assert gone()


def test_a_mistake_there_is_one_line_here(device, topics, gone):
    with pytest.raises(DeviceError, match=r"^device pi: .*must be a \.tflite.*\(exit code 2\)$"):
        device.run_json(["predict", "{model}", "x", "--json"], {"model": topics / "dev.tsv"}, 300)
    assert gone()

"""What the two runners do beside answering: damaged files, closing, XNNPACK, accelerators that aren't there."""

import json
import shutil

import numpy as np
import pytest
from bionic import fit, sections
from jvm import LIBRARY, requests_of
from test_android_models import compare, essence, python_answers

import albert_edge

TASK = "text-classification"

pytestmark = pytest.mark.slow


def of_other_weights(folder, name):
    """A copy of a model's folder, its classifier's weights of the other sign."""
    from safetensors.numpy import load_file, save_file

    shutil.copytree(folder, name)
    tensors = load_file(name / "model.safetensors")
    (key,) = (key for key in tensors if key.startswith("classifier") and key.endswith("weight"))
    save_file({**tensors, key: -tensors[key]}, name / "model.safetensors", metadata={"format": "pt"})
    return name


@pytest.mark.parametrize("runner", ["desktop", "tflite"])
def test_a_file_of_other_weights_would_be_noticed(jvm, tiny_folders, model_files, tmp_path, runner):
    other = tmp_path / "other.tflite"
    albert_edge.convert(of_other_weights(tiny_folders(TASK), tmp_path / "folder"), other, scheme="float32")
    requests = requests_of(TASK, 40)
    wanted = python_answers(model_files(TASK, "float32", "looped"), TASK, requests)
    equal, count, _ = compare(TASK, jvm.answers(runner, other, requests), wanted, [True] * 40)
    assert count == 40
    assert equal < 10


@pytest.mark.parametrize("runner", ["desktop", "tflite"])
def test_a_changed_answer_would_be_noticed(jvm, model_files, runner):
    requests = requests_of("question-answering", 20)
    path = model_files("question-answering", "float32", "looped")
    found, wanted = jvm.answers(runner, path, requests), python_answers(path, "question-answering", requests)
    place = next(index for index, answer in enumerate(found) if answer["start"] is not None)
    found[place]["end"] += 1
    assert compare("question-answering", found, wanted, [True] * 20)[0] == 19
    found[0]["ids"][0] += 1
    with pytest.raises(AssertionError):
        compare("question-answering", found, wanted, [True] * 20)


@pytest.mark.parametrize("scheme", ["float32", "dynamic-range"])
def test_xnnpack_gets_an_interpreter_a_length(jvm, model_files, scheme):
    path, requests = model_files(TASK, scheme, "looped"), requests_of(TASK, 40)
    found = jvm.answers("tflite", path, requests, xnnpack=True)
    equal, count, distance = compare(TASK, found, python_answers(path, TASK, requests), [True] * 40)
    assert equal == count
    assert distance < 0.05


@pytest.mark.parametrize("accelerator", ["NNAPI", "GPU"])
def test_an_accelerator_that_is_not_there(jvm, model_files, accelerator, tmp_path):
    """NNAPI finds no driver in this process and leaves all to the CPU; the GPU's package isn't there."""
    requests = requests_of(TASK, 10)
    (tmp_path / "requests.json").write_text(json.dumps(requests), encoding="utf-8")
    path = model_files(TASK, "float32", "unrolled")
    lines = jvm.app("answer", path, tmp_path / "requests.json", tmp_path / "answers.json", "false", accelerator)
    notice = "the GPU needs the package tensorflow-lite-gpu; received ClassNotFoundException: the CPU computes"
    assert lines == ["tensorflow-lite 2.16.1", "null" if accelerator == "NNAPI" else notice]
    found = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))
    wanted = python_answers(path, TASK, requests)
    assert [essence(TASK, each) for each in found] == [essence(TASK, each) for each in wanted]


def test_an_accelerator_wants_the_unrolled_layout(jvm, model_files):
    looped, unrolled = (model_files(TASK, "float32", layout) for layout in ("looped", "unrolled"))
    label = albert_edge.load(looped).predict("The striker scored twice in the second half").label
    notice = "GPU needs a file of the unrolled layout; received a looped one: the CPU computes"
    assert jvm.app("no-accelerator", looped) == [label, notice]
    assert jvm.app("no-accelerator", unrolled)[1] == "GPU must take the model; received no driver: the CPU computes"


def test_closing(jvm, model_files):
    lines = jvm.app("lifecycle", model_files(TASK, "float32", "looped"))
    closed = "TfliteException: a runner must be open when it runs; received a run after its close"
    assert lines[0] in ("food", "sport")
    assert lines[1:3] == [closed, closed]
    assert lines[3].startswith("TfliteException: the interpreter must run the model; received ")
    assert len(lines) == 4


def test_a_file_for_litert_alone_is_refused_in_one_line(jvm, tiny_folders, tmp_path):
    """One scale a row: version 12 of FULLY_CONNECTED, which TensorFlow Lite 2.16.1 hasn't."""
    path = tmp_path / "litert.tflite"
    albert_edge.convert(tiny_folders(TASK), path, targets=["litert"])
    (tmp_path / "requests.json").write_text("[]", encoding="utf-8")
    files = (path, tmp_path / "requests.json", tmp_path / "answers.json")
    done = jvm.run("albertedge.tflite.RunnerMainKt", "answer", *files, "false", "CPU")
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("the interpreter must take the model")]
    assert "FULLY_CONNECTED" in line
    assert "version" in line


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data[: len(data) // 2], "received"),
        (lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:], "SHA-256"),
        (lambda data: b"", "received"),
    ],
)
def test_the_command_line_refuses_a_damaged_file(jvm, model_files, tmp_path, damage, reason):
    path, requests = tmp_path / "damaged.tflite", tmp_path / "requests.json"
    path.write_bytes(damage(model_files(TASK, "float32", "looped").read_bytes()))
    requests.write_text("[]", encoding="utf-8")
    done = jvm.run("albertedge.desktop.MainKt", path, requests, tmp_path / "answers.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert reason in done.stderr
    assert not (tmp_path / "answers.json").exists()


@pytest.mark.parametrize(("text", "reason"), [("[{}]", "a request must have text"), ("[", "must hold a list in JSON")])
def test_the_command_line_refuses_other_requests(jvm, model_files, tmp_path, text, reason):
    (tmp_path / "requests.json").write_text(text, encoding="utf-8")
    files = (model_files(TASK, "float32", "looped"), tmp_path / "requests.json", tmp_path / "answers.json")
    done = jvm.run("albertedge.desktop.MainKt", *files)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert reason in done.stderr


def test_androids_code_is_untouched(jvm):
    """What `fit` changes lies in the tables of names and of what is needed."""
    data = LIBRARY.read_bytes()
    changed = np.nonzero(np.frombuffer(data, np.uint8) != np.frombuffer(fit(data), np.uint8))[0]
    tables = [sections(data)[kind] for kind in (3, 6)]
    assert len(changed) > 8
    assert all(any(start <= place < start + size for start, size in tables) for place in changed)

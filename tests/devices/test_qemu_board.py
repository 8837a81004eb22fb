"""Real qemu, on boards of the user's cache or, where one isn't set up, of a folder that the tests set up once."""

import dataclasses
import json
import struct
import subprocess

import pytest
from emulated import cache_of

import albert_edge
from albert_edge.errors import DeviceError
from albert_edge.harness.answered import answers, differences
from albert_edge.harness.cost import measure_cost
from albert_edge.harness.counted import MARK
from albert_edge.harness.devices.qemu import counting
from albert_edge.harness.devices.qemu.device import EMULATED, QemuDevice
from albert_edge.harness.devices.qemu.setup import emulator_command
from albert_edge.harness.devices.registry import Entry, add_entry

TEXTS = ["Oil prices rise", "The striker scored twice in the final.", "A new telescope saw a distant galaxy."]
TIMEOUT_S = 1200.0
LOOPS = 1000


@pytest.fixture(scope="module")
def pi(board_named) -> QemuDevice:
    return board_named("raspberry-pi-4")


@pytest.fixture
def file(topics):
    return topics / "topics.tflite"


def program() -> bytes:
    """An ELF program: a mark, `LOOPS` rounds of two instructions, a mark, the end. Encodings: Arm's manual, C6.2."""
    movz = 0xD2800000
    mark = [movz | 1 << 21 | (MARK >> 16) << 5, movz | 155 << 5 | 8, 0xD4000001]
    loop = [movz | LOOPS << 5 | 1, 0xF1000421, 0x54FFFFE1]
    code = struct.pack("<12I", *mark, *loop, *mark, movz, movz | 93 << 5 | 8, 0xD4000001)
    base, size = 0x400000, 120 + len(code)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 183, 1, base + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000) + code


@pytest.mark.slow
def test_the_plugin_counts_what_was_counted_by_hand(pi, tmp_path):
    path, log = tmp_path / "program", tmp_path / "marks"
    path.write_bytes(program())
    path.chmod(0o755)
    options = ["-d", "plugin", "-D", str(log), "-plugin", f"{counting._plugin()},getpgid=155"]
    subprocess.run([*emulator_command(pi.board.parts.emulator, "qemu-aarch64"), *options, str(path)], check=True)
    first, second = map(int, log.read_text().split())
    # One instruction sets the counter, two a round, three are the second mark.
    assert (first, second - first) == (3, 1 + 2 * LOOPS + 3)


@pytest.mark.slow
def test_the_board_says_what_it_is(pi):
    facts = pi.check()
    assert (facts["cpu_model"], facts["architecture"]) == ("Arm Cortex-A72", "aarch64")
    assert facts["runtime"] == "ai-edge-litert 2.3.0"


@pytest.mark.slow
def test_a_board_that_cannot_load_a_package_is_not_ready(pi, tmp_path, monkeypatch):
    monkeypatch.setenv("ALBERT_EDGE_CACHE", str(cache_of(pi)))
    broken = QemuDevice(Entry("pi", "qemu", "raspberry-pi-4"))
    (tmp_path / "numpy.py").write_text("raise ImportError('libblas.so.3: cannot open shared object file')")
    broken.board.parts = dataclasses.replace(pi.board.parts, wheels=tmp_path)
    with pytest.raises(
        DeviceError, match=r"^device pi: .*libblas\.so\.3: cannot open shared object file \(exit code 1\)$"
    ):
        broken.install()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["raspberry-pi-4", "raspberry-pi-5", "raspberry-pi-3-armv7"])
def test_a_board_answers_as_this_machine(name, board_named, file, tmp_path):
    device, host = board_named(name), answers(file, TEXTS)
    (tmp_path / "texts.json").write_text(json.dumps(TEXTS))
    files = {"file": file, "texts": tmp_path / "texts.json"}
    arguments = ["{file}", "{texts}", "{answers}"]
    outputs = {"answers": tmp_path / "answers.json"}
    device.run_module("albert_edge.harness.answered", arguments, files, outputs, TIMEOUT_S)
    found = differences(json.loads(outputs["answers"].read_text()), host, host, gap=0.1)
    assert found["ids_equal"] == len(TEXTS)
    assert found["labels_equal"] == found["labels_judged"] > 0
    # Quantized sums differ between processors: 0.02 were measured on logits of 2.
    assert found["max_logit_difference"] <= 0.05


@pytest.mark.slow
def test_counts_are_equal_and_follow_the_work(pi, file, tmp_path, monkeypatch):
    file = file.resolve()
    counts = [measure_cost(file, 16, pi)["instructions"]]
    # Another program, whose modules are others, between two counts.
    pi.run_json(["predict", "{file}", "Oil prices rise", "--json"], {"file": file}, TIMEOUT_S)
    # Another folder to be in, with a package of the same name: the copy's modules run, and count, all the same.
    (tmp_path / "albert_edge").mkdir()
    (tmp_path / "albert_edge" / "__init__.py").write_text("raise ImportError('not the copy')")
    monkeypatch.chdir(tmp_path)
    counts += [measure_cost(file, tokens, pi)["instructions"] for tokens in (16, 64)]
    assert counts[0] == counts[1]
    assert counts[2] > 2 * counts[0]
    # What Python finds in its folders is part of what it executes: nothing may be added between two counts.
    names = {path.name for path in pi.board.package.iterdir()}
    assert names == {"albert_edge", "sitecustomize.py"}


@pytest.mark.slow
def test_bench_runs_there_with_its_fresh_processes(pi, file):
    arguments = ["bench", "{file}", "--lengths", "8", "--runs", "3", "--json"]
    result = pi.run_json(arguments, {"file": file}, TIMEOUT_S)
    assert result["environment"]["cpu_model"] == "Arm Cortex-A72"
    assert result["rss_mb"] > 0
    assert EMULATED in result["warnings"]


@pytest.mark.slow
def test_a_file_is_verified_there(pi, golden_folder, tmp_path, monkeypatch):
    pytest.importorskip("tensorflow")
    monkeypatch.setenv("ALBERT_EDGE_CACHE", str(cache_of(pi)))
    add_entry(Entry(pi.name, "qemu", pi.name))
    albert_edge.convert(golden_folder, tmp_path / "golden.tflite", targets=[pi.name])
    targets = albert_edge.inspect(tmp_path / "golden.tflite")["targets"]
    assert targets == ["raspberry-pi-4 (litert==2.3.0)"]


@pytest.mark.slow
def test_a_failure_there_is_one_line(pi, tmp_path):
    (tmp_path / "bad.tflite").write_bytes(b"not a model")
    with pytest.raises(DeviceError, match=r"^device raspberry-pi-4: .*\(exit code 2\)$"):
        pi.run_json(["inspect", "{file}", "--json"], {"file": tmp_path / "bad.tflite"}, TIMEOUT_S)

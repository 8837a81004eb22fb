"""What emulated boards are made of, without an emulator: folders, /proc/cpuinfo, marks, answers held together."""

import dataclasses
import shutil

import pytest

from albert_edge.cli import main
from albert_edge.errors import ConfigError, DeviceError, RuntimeUnavailableError
from albert_edge.harness.answered import answers, differences
from albert_edge.harness.cache import cache_folder
from albert_edge.harness.cost import measure_cost, part_total
from albert_edge.harness.devices.local import LocalDevice
from albert_edge.harness.devices.profiles import profile_named
from albert_edge.harness.devices.qemu import setup
from albert_edge.harness.devices.qemu.boards import cpuinfo, package_folder
from albert_edge.harness.devices.qemu.counting import median_between
from albert_edge.harness.devices.qemu.folders import made_once
from albert_edge.harness.devices.registry import Entry, add_entry
from albert_edge.harness.environment import cpu_model

BOARDS = ("raspberry-pi-3-armv7", "raspberry-pi-4", "raspberry-pi-5")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ALBERT_EDGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_cache_is_where_the_variables_say(monkeypatch, tmp_path):
    monkeypatch.setenv("ALBERT_EDGE_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("ALBERT_EDGE_CACHE")
    assert cache_folder() == tmp_path / "shared" / "albert-edge"


def test_a_folder_is_made_once_and_whole(tmp_path):
    made = []

    def make(folder):
        made.append(folder)
        (folder / "part").write_text("whole")

    for _ in range(2):
        assert (made_once(tmp_path / "board", make) / "part").read_text() == "whole"
    assert len(made) == 1


def test_a_folder_that_fails_is_not_there(tmp_path):
    def fail(folder):
        (folder / "part").write_text("half")
        raise DeviceError("the download must succeed; received none")

    with pytest.raises(DeviceError, match="download"):
        made_once(tmp_path / "board", fail)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DeviceError, match="cache folder must be writable"):
        made_once(tmp_path / "file" / "board", lambda folder: None)


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_that_is_not_set_up_names_the_command(cache, name):
    with pytest.raises(DeviceError, match=f"albert-edge device add {name}"):
        setup.installed(profile_named(name))


def test_bench_on_a_board_that_is_not_set_up_is_one_line(cache, topics, capsys):
    add_entry(Entry("pi", "qemu", "raspberry-pi-4"))
    with pytest.raises(SystemExit) as left:
        main(["bench", str(topics / "topics.tflite"), "--device", "pi"])
    assert left.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("albert-edge: error: the board raspberry-pi-4 must be set up (albert-edge device add ")


def test_boards_of_one_processor_family_share_what_they_can(cache):
    three, four, five = (setup.places(profile_named(name)) for name in BOARDS)
    assert four.wheels == five.wheels != three.wheels
    assert four.emulator == five.emulator == three.emulator
    assert len({four.sysroot, five.sysroot, three.sysroot}) == 3


def test_numpys_libraries_are_found(tmp_path):
    libraries = tmp_path / "usr/lib/arm-linux-gnueabihf"
    for name in ("blas", "lapack"):
        (libraries / name).mkdir(parents=True)
        (libraries / name / f"lib{name}.so.3").write_text(name)
    for _ in range(2):
        setup._link_libraries(tmp_path)
    assert (libraries / "libblas.so.3").read_text() == "blas"
    assert (libraries / "liblapack.so.3").read_text() == "lapack"


def test_another_python_is_refused(cache):
    other = dataclasses.replace(profile_named("raspberry-pi-4"), python="3.13")
    with pytest.raises(DeviceError, match=r"Python 3\.11; received raspberry-pi-4, aarch64 with Python 3\.13"):
        setup.places(other)


def test_without_mmdebstrap_its_package_is_named(cache, monkeypatch):
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    with pytest.raises(DeviceError, match="apt install mmdebstrap"):
        setup.set_up(profile_named("raspberry-pi-4"))


CORES = (("cortex-a7", "Arm Cortex-A7"), ("cortex-a72", "Arm Cortex-A72"), ("cortex-a76", "Arm Cortex-A76"))


@pytest.mark.parametrize(("cpu", "name"), CORES)
def test_the_environment_reads_the_processor(tmp_path, cpu, name):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(cpuinfo(cpu, 4))
    assert cpu_model(tmp_path) == name
    assert cpuinfo(cpu, 4).count("processor\t: ") == 4


def test_the_copy_of_the_package_stands_alone(cache):
    folder = package_folder()
    assert (folder / "albert_edge/harness/counted.py").exists()
    assert sorted(path.name for path in folder.iterdir()) == ["albert_edge", "sitecustomize.py"]
    assert package_folder() == folder


def test_the_median_lies_between_the_marks():
    assert median_between([100, 110, 122, 133], 3, "pi") == 11


@pytest.mark.parametrize("marks", [[], [100, 110, 122], [100, 110, 110, 133], [100, 110, 122, 133, 150]])
def test_missing_and_falling_marks_are_refused(marks):
    with pytest.raises(DeviceError, match="device pi: a count must have 4 rising marks"):
        median_between(marks, 3, "pi")


def test_callgrinds_total_is_found():
    assert part_total("version: 1\nevents: Ir\nfn=(1)\n0 12\ntotals: 1234\n") == 1234
    with pytest.raises(RuntimeUnavailableError, match="line of totals"):
        part_total("version: 1\n")


def test_other_devices_count_nothing(topics):
    with pytest.raises(ConfigError, match="received local"):
        measure_cost(topics / "topics.tflite", 16, LocalDevice(Entry("local", "local", "local")))


def answered(*rows):
    return {"answers": [{"ids": list(ids), "logits": list(logits), "label": label} for ids, logits, label in rows]}


def test_answers_are_compared_where_float_is_sure():
    host = answered(([1, 2], [1.0, 3.0], "b"), ([3], [0.5, 0.55], "b"), ([4], [2.0, 0.0], "a"))
    device = answered(([1, 2], [1.01, 3.0], "b"), ([3], [0.55, 0.53], "a"), ([5], [2.0, 0.0], "b"))
    found = differences(device, host, host, gap=0.1)
    expected = {"texts": 3, "ids_equal": 2, "labels_judged": 2, "labels_equal": 1, "labels_equal_of_all": 1}
    assert {name: found[name] for name in expected} == expected
    assert found["max_logit_difference"] == pytest.approx(0.05)


def test_other_numbers_of_answers_are_refused():
    one, two = (answered(*[([1], [0.0, 1.0], "a")] * count) for count in (1, 2))
    with pytest.raises(ConfigError, match="same texts"):
        differences(one, two, two, gap=0.1)


def test_the_host_answers_in_full(topics):
    found = answers(topics / "topics.tflite", ["Oil prices rise"])
    (row,) = found["answers"]
    assert row["label"] == "finance"
    assert len(row["logits"]) == 10
    assert differences(found, found, found, gap=0.1)["max_logit_difference"] == 0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind (apt install valgrind)")
def test_callgrind_counts_follow_the_depth(topics):
    one, two = (measure_cost(topics / "topics.tflite", 64, max_depth=depth)["instructions"] for depth in (1, 2))
    # The embedding and the head are computed once whatever the depth.
    assert 1.3 * one < two < 2 * one

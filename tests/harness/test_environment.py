"""Facts about the machine: recorded files of real boards, and a machine that tells nothing."""

import json

import pytest

import albert_edge
from albert_edge.harness.environment import cpu_model, environment, machine, operating_system
from albert_edge.runtime.interpreter import delegate_of

RASPBERRY_PI_4_64_BIT = """\
processor\t: 0
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

Revision\t: c03112
Model\t\t: Raspberry Pi 4 Model B Rev 1.2
"""
RASPBERRY_PI_3_32_BIT = """\
processor\t: 0
model name\t: ARMv7 Processor rev 4 (v7l)
BogoMIPS\t: 38.40
CPU implementer\t: 0x41
CPU architecture: 7
CPU part\t: 0xd03
"""
X86 = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: another\n"


def write(root, path, content):
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        (RASPBERRY_PI_4_64_BIT, "Arm Cortex-A72"),
        (RASPBERRY_PI_3_32_BIT, "Arm Cortex-A53"),
        (X86, "AMD EPYC"),
        ("CPU implementer\t: 0x99\nCPU part\t: 0x123\n", "implementer 0x99, part 0x123"),
    ],
)
def test_processor_is_named(tmp_path, cpuinfo, expected):
    write(tmp_path, "proc/cpuinfo", cpuinfo)
    assert cpu_model(tmp_path) == expected


def test_raspberry_pi(tmp_path):
    write(tmp_path, "proc/cpuinfo", RASPBERRY_PI_4_64_BIT)
    write(tmp_path, "proc/device-tree/model", b"Raspberry Pi 4 Model B Rev 1.2\0")
    write(tmp_path, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "ondemand\n")
    write(tmp_path, "etc/os-release", 'NAME="Debian GNU/Linux"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
    facts = machine(tmp_path)
    assert facts["board"] == "Raspberry Pi 4 Model B Rev 1.2"
    assert facts["governor"] == "ondemand"
    assert facts["os"] == "Debian GNU/Linux 12 (bookworm)"


def test_machine_that_tells_nothing_gives_none(tmp_path, monkeypatch):
    monkeypatch.setattr("platform.processor", lambda: "")
    monkeypatch.setattr("platform.platform", lambda: "")
    facts = machine(tmp_path)
    assert (facts["cpu_model"], facts["board"], facts["governor"], facts["os"]) == (None, None, None, None)


def test_unreadable_files_give_none(tmp_path):
    # A folder where a file is expected: reading fails as it does for a file without permission.
    (tmp_path / "proc/cpuinfo").mkdir(parents=True)
    (tmp_path / "proc/device-tree/model").mkdir(parents=True)
    assert machine(tmp_path)["board"] is None


def test_os_without_quotes(tmp_path):
    write(tmp_path, "etc/os-release", "PRETTY_NAME=Alpine\n")
    assert operating_system(tmp_path) == "Alpine"


def test_environment_of_this_machine_is_json():
    facts = environment("ai-edge-litert 2.3.0", 2, "ab" * 32)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["runtime"] == "ai-edge-litert 2.3.0"
    assert facts["threads"] == 2
    assert facts["model_sha256"] == "ab" * 32
    assert facts["project_version"] == albert_edge.__version__
    assert facts["cpu_cores"] >= 1
    assert facts["python"].startswith(("CPython", "PyPy"))


@pytest.mark.parametrize(
    ("runtime", "delegate"),
    [("ai-edge-litert 2.3.0", "XNNPACK"), ("tflite-runtime 2.14.0", None), ("tensorflow 2.21.0", "XNNPACK")],
)
def test_the_delegate_is_the_package_s_own(runtime, delegate):
    """tflite-runtime's answers wrongly once the length has changed, so it runs without."""
    assert delegate_of(runtime) == delegate
    assert environment(runtime, 1, "ab" * 32, delegate_of(runtime))["delegate"] == delegate

"""A device as a target: its runs are collected, its answers judged, and what is wrong there is noticed."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "artifact"))

from small_models import EXIT_FILE, small_artifact

from albert_edge.artifact import Exit
from albert_edge.errors import ArtifactError, CheckFailedError, ConfigError, DeviceError, RuntimeUnavailableError
from albert_edge.harness.devices.base import filled
from albert_edge.harness.devices.registry import Entry
from albert_edge.runtime import recorded
from converters.exits import check_exit
from converters.optimization import search
from converters.samples import sample_inputs
from converters.schemes import plan_of
from converters.targets import boards, names, on_target, parse_target, prepare
from converters.verification import _answers, verified_on


class FakeDevice:
    """Runs `runtime.recorded` in this process; counts its starts, and is as wrong as it is told to be."""

    def __init__(self, target) -> None:
        self.starts = 0
        self.off = 0.0
        self.fault: Exception | None = None
        self.is_well = True
        self._target = target

    def check(self) -> dict:
        if not self.is_well:
            raise DeviceError("device raspberry-pi-4: its disk is full")
        return {}

    def run_module(self, module, arguments, files, outputs, timeout_s) -> None:
        assert module == "albert_edge.runtime.recorded"
        self.starts += 1
        if self.fault:
            raise self.fault
        model, runs, answers, runtime = filled(arguments, {**files, **outputs})
        assert runtime == "ai_edge_litert"
        recorded.answer_runs(model, runs, answers, runtime)
        if self.off:
            self._shift(Path(answers))

    def _shift(self, answers: Path) -> None:
        messages = list(recorded._messages(answers))
        with open(answers, "wb") as stream:
            for fields, arrays in messages:
                shifted = {
                    name: (each + self.off).astype(each.dtype) if each.dtype == np.float32 else each
                    for name, each in arrays.items()
                }
                recorded.send(stream, fields, shifted)


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch):
    """A board whose runtime is of the version that is installed here."""
    monkeypatch.setattr(
        names, "read_entries", lambda: {"raspberry-pi-4": Entry("raspberry-pi-4", "qemu", "raspberry-pi-4")}
    )
    version = parse_target("litert").version
    profile = names.profile_named("raspberry-pi-4")
    pinned = type(profile)(**{**vars(profile), "runtimes": (f"ai-edge-litert=={version}",)})
    monkeypatch.setattr(names, "profile_named", lambda _: pinned)
    return parse_target("raspberry-pi-4")


@pytest.fixture
def device(target, monkeypatch: pytest.MonkeyPatch) -> FakeDevice:
    device = FakeDevice(target)
    monkeypatch.setattr(boards, "open_device", lambda name: {"raspberry-pi-4": device}[name])
    return device


@pytest.fixture(scope="module")
def artifact():
    return small_artifact("looped_dynamic_range")


@pytest.fixture(scope="module")
def samples(artifact):
    return sample_inputs(artifact.config, artifact.tokenizer(), artifact.manifest.lengths.maximum)


@pytest.fixture(scope="module")
def reference(artifact, samples):
    """This machine's answers stand for Keras's."""
    return on_target(parse_target("litert"), artifact.model, lambda session: _answers(session, artifact, samples))


def test_a_board_is_named_with_its_runtime(target):
    assert target.label == f"raspberry-pi-4 (litert=={target.version})"
    assert target.per_channel
    assert not target.apart


def test_all_runs_take_one_start(target, device, artifact, samples, reference):
    compared = verified_on(target, artifact, samples, reference, plan_of("dynamic-range"))
    assert compared.worst()["max_abs_difference"] == 0
    assert device.starts == 1


def test_a_board_that_answers_wrongly_is_refused(target, device, artifact, samples, reference):
    """The host's right answers, which the rehearsal has, must not stand for the board's."""
    device.off = 5.0
    with pytest.raises(CheckFailedError, match=r"on raspberry-pi-4 \(litert==.*\) the logits .* must be within"):
        verified_on(target, artifact, samples, reference, plan_of("dynamic-range"))


@pytest.mark.slow
def test_an_exit_is_checked_with_the_boards_own_answers(target, device):
    artifact = small_artifact(EXIT_FILE)
    samples = sample_inputs(artifact.config, artifact.tokenizer(), artifact.manifest.lengths.maximum)
    check_exit(artifact, samples, target)
    assert device.starts == 1
    # The same shift of all logits changes no confidence by more than a rounding, which may change the threshold.
    device.off, device.starts = 0.25, 0
    check_exit(artifact, samples, target)
    assert 1 <= device.starts <= 3
    with pytest.raises(CheckFailedError, match=r"with exit_threshold .* must stop after layer"):
        check_exit(small_artifact(EXIT_FILE, exit=Exit("patience")), samples, target)


def test_a_crash_is_the_files_fault_only_on_a_board_that_is_well(target, device, artifact, samples, reference):
    device.fault = DeviceError("device raspberry-pi-4: no message (exit code -11)")
    with pytest.raises(CheckFailedError, match=r"must run on raspberry-pi-4 .*received: .*exit code -11") as error:
        verified_on(target, artifact, samples, reference, plan_of("dynamic-range"))
    assert isinstance(error.value.__cause__, ArtifactError)
    device.is_well = False
    with pytest.raises(DeviceError, match="its disk is full"):
        verified_on(target, artifact, samples, reference, plan_of("dynamic-range"))
    with pytest.raises(DeviceError, match="its disk is full"):
        prepare([target])


def test_another_runtime_than_the_promised_one_is_refused(target, device, artifact, monkeypatch, samples, reference):
    monkeypatch.setattr(boards, "read_answers", lambda path, count: ("ai-edge-litert 0.0.1", []))
    with pytest.raises(CheckFailedError, match=r"must be run by ai-edge-litert .*; received ai-edge-litert 0.0.1"):
        verified_on(target, artifact, samples, reference, plan_of("dynamic-range"))


def test_a_board_that_is_not_set_up_says_how(monkeypatch):
    monkeypatch.setattr(names, "read_entries", dict)
    for name in ("raspberry-pi-3-armv7", "raspberry-pi-4", "raspberry-pi-5"):
        with pytest.raises(RuntimeUnavailableError, match=rf"as `albert-edge device add {name}` sets it up"):
            parse_target(name)


def test_optimize_times_on_this_machine_only(target):
    with pytest.raises(ConfigError, match=r"must be runtimes of this machine, .* received raspberry-pi-4"):
        search._check_near([target])

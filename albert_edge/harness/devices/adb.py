"""An Android phone over adb: the official benchmark program, or an app that measures.

A phone has no Python, so `run_module` isn't for it. Everything of a run is in a folder of its own, which is removed
afterwards; what still runs there when the host gives up is ended.
"""

from __future__ import annotations

import json
import re
import secrets
import shlex
import tempfile
import time
from pathlib import Path
from typing import Any, Mapping, Sequence

from albert_edge.errors import DeviceError
from albert_edge.harness.devices import benchmarking
from albert_edge.harness.devices.adbtool import Adb
from albert_edge.harness.devices.base import check_files, failure, filled, parsed
from albert_edge.harness.devices.profiles import profile_named
from albert_edge.harness.devices.registry import Entry
from albert_edge.harness.devices.running import HALT

SHELLS_FOLDER = "/data/local/tmp/albert-edge"
"""The one place where a phone lets adb's user run programs."""

APPS_FOLDER = "/sdcard/Android/data/{package}/files/albert-edge"

POLL_S = 1.0
_COMPONENT = re.compile(r"[A-Za-z][\w.]*/[\w.$]+")


class AdbDevice:
    """Settings: `serial`, `binary` (a file here: benchmark_model for Android), `app` (PACKAGE/.ACTIVITY)."""

    def __init__(self, entry: Entry) -> None:
        settings = entry.settings
        self.name = entry.name
        self.profile = profile_named(entry.profile)
        self.adb = Adb(entry.name, None if settings["serial"] is None else str(settings["serial"]))
        self.binary = None if settings["binary"] is None else Path(str(settings["binary"]))
        self.app = None if settings["app"] is None else str(settings["app"])
        if self.app is not None and not _COMPONENT.fullmatch(self.app):
            raise DeviceError(f"app of device {self.name} must be PACKAGE/.ACTIVITY; received {self.app!r}")
        if self.binary is not None and not self.binary.is_file():
            raise DeviceError(f"binary of device {self.name} must be a file; received {str(self.binary)!r}")

    def install(self) -> None:
        """A run brings what it needs; only whether the phone answers is seen here."""
        self.check()

    def check(self) -> dict[str, Any]:
        """As `Device.check`; `runtime` and `python` are None."""
        names = ("ro.product.model", "ro.build.version.release", "ro.product.cpu.abi", "ro.soc.model")
        model, release, abi, chip = (self.adb.shell("getprop", name).strip() or None for name in names)
        memory = dict(re.findall(r"^(\w+):\s+(\d+) kB", self.adb.shell("cat", "/proc/meminfo"), re.MULTILINE))
        cores = self.adb.shell("nproc").strip()
        architectures = {"arm64-v8a": "aarch64", "armeabi-v7a": "armv7l"}
        return {
            "cpu_model": chip,
            "cpu_cores": int(cores) if cores.isdigit() else None,
            "architecture": architectures.get(abi or "", abi),
            "board": model,
            "governor": None,
            "kernel": f"Linux {self.adb.shell('uname', '-r').strip()}",
            "os": f"Android {release}" if release else None,
            "python": None,
            "project_version": None,
            "runtime": None,
            "memory_mb": int(memory["MemTotal"]) // 1024 if "MemTotal" in memory else None,
            "free_memory_mb": int(memory["MemAvailable"]) // 1024 if "MemAvailable" in memory else None,
        }

    def run_json(self, arguments: Sequence[str], files: Mapping[str, Path], timeout_s: float) -> Any:
        """As `Device.run_json`: by the app if there is one, else `bench` by the benchmark program."""
        check_files(self.name, files)
        if self.app is not None:
            return self._run_app(self.app, arguments, files, timeout_s)
        if self.binary is None:
            raise DeviceError(f"device {self.name} must have a binary or an app to measure with; received neither")
        asked = benchmarking.asked_of(self.name, arguments)
        return self._run_binary(self.binary, asked, Path(files["path"]), timeout_s)

    def run_module(
        self,
        module: str,
        arguments: Sequence[str],  # noqa: ARG002 - as Device has it
        files: Mapping[str, Path],  # noqa: ARG002
        outputs: Mapping[str, Path],  # noqa: ARG002
        timeout_s: float,  # noqa: ARG002
    ) -> None:
        """Raises `DeviceError`: there is no Python on a phone."""
        raise DeviceError(f"device {self.name} must have Python to run {module}; received a phone, which has none")

    def _run_binary(self, binary: Path, asked: benchmarking.Asked, path: Path, timeout_s: float) -> dict[str, Any]:
        folder = f"{SHELLS_FOLDER}/{secrets.token_hex(8)}"
        program, graph = f"{folder}/benchmark_model", f"{folder}/{path.name}"
        until = time.monotonic() + timeout_s
        printed = []
        try:
            self.adb.shell("mkdir", "-p", folder)
            self.adb.push(binary, program)
            self.adb.shell("chmod", "755", program)
            self.adb.push(path, graph)
            for tokens in asked.lengths:
                inputs = benchmarking.inputs_of(path, tokens, asked.max_depth)
                self._push_arrays(inputs, folder)
                words = benchmarking.command_line(program, graph, inputs, folder, asked)
                left_s = max(1.0, until - time.monotonic())
                output = self.adb.script(benchmarking.script(words, folder), timeout_s=left_s)
                printed.append(benchmarking.read_output(self.name, tokens, output))
            return benchmarking.result_of(path, asked, printed, self.check())
        finally:
            self._quietly(benchmarking.ending_script(folder))

    def _push_arrays(self, inputs: Mapping[str, Any], folder: str) -> None:
        with tempfile.TemporaryDirectory() as here:
            for name, array in inputs.items():
                (Path(here) / name).write_bytes(array.tobytes())
                self.adb.push(Path(here) / name, f"{folder}/{name}")

    def _run_app(self, app: str, arguments: Sequence[str], files: Mapping[str, Path], timeout_s: float) -> Any:
        package = app.partition("/")[0]
        folder = f"{APPS_FOLDER.format(package=package)}/{secrets.token_hex(8)}"
        paths = {name: f"{folder}/{name}-{Path(path).name}" for name, path in files.items()}
        job = {"arguments": filled(arguments, paths), "files": paths}
        try:
            self.adb.shell("mkdir", "-p", folder)
            for name, path in files.items():
                self.adb.push(path, paths[name])
            with tempfile.TemporaryDirectory() as here:
                (Path(here) / "job.json").write_text(json.dumps(job), encoding="utf-8")
                self.adb.push(Path(here) / "job.json", f"{folder}/job.json")
            said = self.adb.shell("am", "start", "-W", "-n", app, "--es", "run", folder)
            if "Error" in said:
                raise DeviceError(f"device {self.name} must start {app}; received {said.strip().splitlines()[-1]}")
            return self._app_answer(folder, timeout_s)
        finally:
            self._quietly(f"am force-stop {shlex.quote(package)}; rm -rf {shlex.quote(folder)}")

    def _app_answer(self, folder: str, timeout_s: float) -> Any:
        until = time.monotonic() + timeout_s
        while (ended := self.adb.pull(f"{folder}/ended.json")) is None:
            if HALT.is_set() or time.monotonic() > until:
                why = "received Ctrl-C" if HALT.is_set() else f"received nothing within {timeout_s:g} s"
                raise DeviceError(f"device {self.name}: the app must write ended.json; {why}")
            time.sleep(POLL_S)
        code = parsed(self.name, ended.decode(errors="replace"))["code"]
        if code:
            raise failure(self.name, code, (self.adb.pull(f"{folder}/stderr") or b"").decode(errors="replace"))
        return parsed(self.name, (self.adb.pull(f"{folder}/stdout") or b"").decode(errors="replace"))

    def _quietly(self, script: str) -> None:
        """Tidy up; a phone that is gone can't be tidied, and why it is gone was said already."""
        try:
            self.adb.script(f"{script}; true")
        except DeviceError:
            return

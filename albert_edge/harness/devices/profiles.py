"""Profiles: what a kind of device has and what an artifact must meet there, as data files beside this module.

A profile is a promise about hardware that is sold under a name; the facts of one machine come from `Device.check`.
Leaves out how the device is reached.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Mapping, Optional

from albert_edge.errors import DeviceError
from albert_edge.files import read_json_object

FOLDER = Path(__file__).resolve().parent / "profiles"

KINDS = ("local", "ssh", "adb", "qemu")

LIMITS = ("max_bytes", "max_rss_mb", "max_p90_ms")
"""Names of `Profile.limits`: those of `gate`'s budgets."""


@dataclasses.dataclass(frozen=True)
class Profile:
    """One of `profiles/*.json`, checked."""

    name: str
    kind: str
    """Of the device that `device add NAME` makes."""
    description: str
    architecture: Optional[str]
    """As `platform.machine()` says it: aarch64, armv7l, x86_64; None: that of the machine at hand."""
    cpu: Optional[str]
    """The processor's name as `harness.environment` writes it; None: that of the machine at hand."""
    cores: Optional[int]
    memory_mb: Optional[int]
    """Of the smallest board that is sold under the name."""
    python: Optional[str]
    """Version of the system's Python, as 3.11; None: whatever is there, or none."""
    runtimes: tuple[str, ...]
    """Requirements for pip, as ai-edge-litert==2.3.0; empty: what the base wheel asks for."""
    qemu_cpu: Optional[str]
    """For `qemu-user -cpu`; None: not emulated."""
    limits: Mapping[str, float]
    """What an artifact must meet: any of `LIMITS`."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise DeviceError(f"kind of profile {self.name} must be one of {', '.join(KINDS)}; received {self.kind!r}")
        for key in ("cores", "memory_mb"):
            value = getattr(self, key)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise DeviceError(f"{key} of profile {self.name} must be a positive integer; received {value!r}")
        for key, limit in self.limits.items():
            if key not in LIMITS:
                raise DeviceError(
                    f"a limit of profile {self.name} must be one of {', '.join(LIMITS)}; received {key!r}"
                )
            if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not limit > 0:
                raise DeviceError(f"{key} of profile {self.name} must be above 0; received {limit!r}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Profile:
        """The profile that `to_dict` gave, or a file holds; raises `DeviceError` for a key too many or too few."""
        names = [field.name for field in dataclasses.fields(cls)]
        wrong = sorted(set(values) ^ set(names))
        if wrong:
            raise DeviceError(
                f"a profile must have exactly the keys {', '.join(names)}; received or lacks {wrong[0]!r}"
            )
        for key, kind, shown in (("runtimes", (list, tuple), "a list"), ("limits", Mapping, "an object")):
            if not isinstance(values[key], kind):
                raise DeviceError(f"{key} of profile {values['name']} must be {shown}; received {values[key]!r}")
        return cls(**{**values, "runtimes": tuple(values["runtimes"]), "limits": dict(values["limits"])})

    def to_dict(self) -> dict[str, Any]:
        """As a file holds it."""
        return {**dataclasses.asdict(self), "runtimes": list(self.runtimes), "limits": dict(self.limits)}


def differences(profile: Profile, facts: Mapping[str, Any], is_emulated: bool = False) -> list[str]:
    """A line for each of a device's `facts` that isn't what the profile promises; what isn't told is no difference.

    Cores and memory of an emulated board are the host's, its processor the nearest that qemu has.
    """
    found = []
    same = {"architecture": profile.architecture}
    at_least: dict[str, Optional[int]] = {}
    if not is_emulated:
        same["cpu_model"] = profile.cpu
        # Firmware keeps some of a board's memory for itself.
        memory_mb = None if profile.memory_mb is None else round(0.8 * profile.memory_mb)
        at_least = {"cpu_cores": profile.cores, "memory_mb": memory_mb}
    for key, wanted in same.items():
        if wanted is not None and facts.get(key) not in (None, wanted):
            found.append(f"{key} must be {wanted}; received {facts[key]}")
    for key, least in at_least.items():
        if least is not None and facts.get(key) is not None and facts[key] < least:
            found.append(f"{key} must be {least} or more; received {facts[key]}")
    installed = facts.get("runtimes", {})
    for runtime in profile.runtimes:
        name, _, version = runtime.partition("==")
        if installed and version and installed.get(name) != version:
            found.append(f"{name} must be {version}; received {installed.get(name)}")
    return found


def over_limits(profile: Profile, result: Mapping[str, Any], is_emulated: bool = False) -> list[str]:
    """A line for each limit of the profile that a result of `bench` doesn't meet; of an emulated board only for the
    file's size, since times and memory there are the emulator's.
    """
    slowest = max((item["p90_ms"] for item in result["lengths"]), default=None)
    has = {
        "max_bytes": result["file_bytes"],
        "max_rss_mb": result["peak_rss_mb"] or result["rss_mb"],
        "max_p90_ms": result["mix"]["p90_ms"] if result["mix"] else slowest,
    }
    return [
        f"{key} of profile {profile.name} must be at most {limit:g}; received {has[key]:g}"
        for key, limit in profile.limits.items()
        if has[key] is not None and has[key] > limit and (key == "max_bytes" or not is_emulated)
    ]


def profile_names() -> list[str]:
    """Of all profiles, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def profile_named(name: str) -> Profile:
    """The profile `name`; raises `DeviceError` if there is none."""
    if name not in profile_names():
        raise DeviceError(f"a profile must be one of {', '.join(profile_names())}; received {name!r}")
    profile = Profile.from_dict(read_json_object(FOLDER / f"{name}.json", DeviceError))
    if profile.name != name:
        raise DeviceError(f"name of profile {name} must be its file's; received {profile.name!r}")
    return profile

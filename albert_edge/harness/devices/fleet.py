"""Several devices asked the same at once; one that fails takes nothing from the others.

Devices that share a machine, as `local` and everything emulated on it, are asked one after the other: side by side they
would only measure each other.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, NamedTuple, Optional, Sequence

from albert_edge.errors import AlbertEdgeError, DeviceError
from albert_edge.harness.devices.base import Device
from albert_edge.harness.devices.registry import ALL, Entry, device_of, entry_named, read_entries
from albert_edge.harness.devices.running import HALT


class Answer(NamedTuple):
    """What one device said; exactly one of `result` and `error` is there."""

    entry: Entry
    result: Any
    error: Optional[AlbertEdgeError]


def entries_named(names: str) -> list[Entry]:
    """The devices of a list with commas, each once and in its order, or all that there are."""
    if names == ALL:
        return list(read_entries().values())
    wanted = dict.fromkeys(name.strip() for name in names.split(","))
    return [entry_named(name) for name in wanted]


def ask(
    entries: Iterable[Entry], arguments: Sequence[str], files: Mapping[str, Path], timeout_s: float
) -> list[Answer]:
    """`Device.run_json` on each of `entries`; the answers are in their order."""
    return each(entries, lambda device: device.run_json(arguments, files, timeout_s))


def each(entries: Iterable[Entry], question: Callable[[Device], Any]) -> list[Answer]:
    """What `question` returns for each device, or the error that it raised.

    On Ctrl-C all runs are ended, and waited for, before it goes on its way.
    """
    wanted = list(entries)
    answers: dict[str, Answer] = {}

    def lane(members: Sequence[Entry]) -> None:
        for entry in members:
            answers[entry.name] = _answer(entry, question)

    lanes: dict[tuple[object, ...], list[Entry]] = {}
    for entry in wanted:
        lanes.setdefault(machine_of(entry), []).append(entry)
    first, *others = lanes.values()
    if not others:
        lane(first)
        return [answers[entry.name] for entry in wanted]
    threads = [threading.Thread(target=lane, args=(members,)) for members in lanes.values()]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException:
        HALT.set()
        for thread in threads:
            thread.join()
        HALT.clear()
        raise
    return [answers[entry.name] for entry in wanted]


def machine_of(entry: Entry) -> tuple[object, ...]:
    """Equal for devices that are one machine."""
    if entry.kind in ("local", "qemu"):
        return ("this machine",)
    return (entry.kind, *(entry.settings.get(key) for key in ("host", "port", "serial")))


def _answer(entry: Entry, question: Callable[[Device], Any]) -> Answer:
    if HALT.is_set():
        return Answer(entry, None, DeviceError(f"device {entry.name}: a run must be waited for; received Ctrl-C"))
    try:
        return Answer(entry, question(device_of(entry)), None)
    except AlbertEdgeError as error:
        return Answer(entry, None, error)
    except Exception as error:
        # A defect, which is for the developers; but the other devices' results must come out.
        shown = DeviceError(f"device {entry.name}: {type(error).__name__}: {error}")
        shown.__cause__ = error
        return Answer(entry, None, shown)

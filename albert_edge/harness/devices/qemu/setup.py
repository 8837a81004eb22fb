"""Sets a board up: the emulator and the board's system from Debian's packages, the runtime from the package index.

Nothing is installed on this machine and nothing needs root: mmdebstrap unpacks packages, with apt's checks of their
signatures, into folders of the cache, and pip unpacks wheels for the board's processor beside them.

The emulator is Debian 12's qemu 7.2 and runs with its own libraries, so it is the same on every system. Later ones in
Debian are linked statically and load no plugin, which the counting of instructions needs. What made ai-edge-litert 2.2
and later crash in 7.2 is mended in `boards`: it reads /proc/cpuinfo, which was that of the machine below.
"""

from __future__ import annotations

import dataclasses
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Mapping, Optional, Sequence

from albert_edge.errors import DeviceError
from albert_edge.harness.devices.profiles import Profile
from albert_edge.harness.devices.qemu.compiling import COMPILER, HEADERS, SENTENCEPIECE, add_sentencepiece
from albert_edge.harness.devices.qemu.folders import key_of, made_once, qemu_folder

SUITE = "bookworm"
PYTHON = "3.11"
"""Of that suite, and of Raspberry Pi OS of that name."""

_SYSTEM = ("base-files", "python3.11", "libpython3.11-stdlib", "libstdc++6", "libgomp1", "libatomic1")


# The archive as released: its updates change within a day, and one architecture's index may be half copied.
_SOURCES = (
    '--aptopt=Acquire::Retries "5"',
    """--setup-hook=sed -i -e /-security/d -e /-updates/d "$1"/etc/apt/sources.list""",
)


@dataclasses.dataclass(frozen=True)
class Architecture:
    """What a processor family is called, and what its boards get."""

    debian: str
    program: str
    """Of qemu."""
    packages: tuple[str, ...]
    """Of Debian, beside the system's."""
    requirements: tuple[str, ...]
    """For pip, beside the runtime."""
    with_dependencies: bool
    """Whether pip may take what these depend on too: there are wheels of all of it."""
    platforms: tuple[str, ...]
    """Wheels' tags that the system can load."""
    compiled: tuple[str, ...]
    """What is compiled here, and with what: the index has no wheel of it."""
    getpgid: int
    """Number of that system call, by which a program marks a place (`harness.counted`)."""


def _tags(machine: str, *glibc: int) -> tuple[str, ...]:
    return (f"manylinux2014_{machine}", *(f"manylinux_2_{minor}_{machine}" for minor in glibc))


ARCHITECTURES = {
    "aarch64": Architecture(
        debian="arm64",
        program="qemu-aarch64",
        packages=(),
        requirements=("numpy>=1.21", "sentencepiece>=0.2.0", "click>=8.0"),
        with_dependencies=True,
        platforms=_tags("aarch64", 17, 26, 27, 28, 31, 34),
        compiled=(),
        getpgid=155,
    ),
    # The index has no numpy for it, and the runtime needs numpy 1: Debian's.
    "armv7l": Architecture(
        debian="armhf",
        program="qemu-arm",
        packages=("python3-numpy", *HEADERS),
        requirements=("click>=8.0",),
        with_dependencies=False,
        platforms=_tags("armv7l", 17, 31, 34),
        compiled=(SENTENCEPIECE, COMPILER),
        getpgid=132,
    ),
}
"""By what `platform.machine()` says on the board."""

_LOADERS = {"x86_64": ("amd64", "lib64/ld-linux-x86-64.so.2"), "aarch64": ("arm64", "lib/ld-linux-aarch64.so.1")}
"""This machine -> its name in Debian, and the program that loads Debian's programs."""


@dataclasses.dataclass(frozen=True)
class Installed:
    """Where a board's parts lie."""

    emulator: Path
    sysroot: Path
    """The board's own."""
    wheels: Path


def architecture_of(profile: Profile) -> Architecture:
    """Of the board; raises `DeviceError` for one that can't be emulated."""
    found = ARCHITECTURES.get(profile.architecture or "")
    if found is None or profile.qemu_cpu is None or profile.python != PYTHON:
        raise DeviceError(
            f"an emulated board must be {' or '.join(ARCHITECTURES)} with Python {PYTHON}; received {profile.name}, "
            f"{profile.architecture} with Python {profile.python}"
        )
    return found


def places(profile: Profile) -> Installed:
    """Where the parts of `profile` lie or will: the names say what is in them."""
    found, folder = architecture_of(profile), qemu_folder()
    system = key_of(SUITE, *_SYSTEM, *found.packages)
    wanted = key_of(PYTHON, *profile.runtimes, *found.requirements, *found.compiled)
    return Installed(
        emulator=folder / f"emulator-{SUITE}-{_loader()[0]}",
        sysroot=folder / f"{profile.name}-{system}",
        wheels=folder / f"wheels-{found.debian}-{wanted}",
    )


def installed(profile: Profile) -> Installed:
    """Where the parts lie; raises `DeviceError` if one isn't there, with the command that makes it."""
    parts = places(profile)
    for part in dataclasses.astuple(parts):
        if not part.is_dir():
            raise DeviceError(
                f"the board {profile.name} must be set up (albert-edge device add {profile.name}); received no {part}"
            )
    return parts


def set_up(profile: Profile) -> Installed:
    """Make what isn't there yet: some 200 MB and minutes, with lines on standard error. Needs the network then.

    Raises `DeviceError`, in one line, if a program is missing or fails.
    """
    parts, found = places(profile), architecture_of(profile)
    shared = qemu_folder() / f"system-{SUITE}-{found.debian}-{key_of(*_SYSTEM, *found.packages)}"
    made_once(parts.emulator, _make_emulator)
    made_once(shared, lambda folder: _unpack(folder, found.debian, (*_SYSTEM, *found.packages)))
    # A board has files of its own (`boards`), and those that it shares cost nothing.
    made_once(parts.sysroot, lambda folder: _copy_links(shared, folder))
    made_once(parts.wheels, lambda folder: _add_packages(folder, parts.sysroot, profile, found))
    return parts


def emulator_command(emulator: Path, program: str) -> list[str]:
    """`program` of qemu, with the libraries that lie beside it."""
    debian, loader = _loader()
    triplet = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[debian]
    libraries = os.pathsep.join(str(emulator / part / triplet) for part in ("lib", "usr/lib"))
    return [str(emulator / loader), "--library-path", libraries, str(emulator / "usr/bin" / program)]


def _loader() -> tuple[str, str]:
    machine = platform.machine()
    if platform.system() != "Linux" or machine not in _LOADERS:
        raise DeviceError(f"an emulated board needs Linux on {' or '.join(_LOADERS)}; received {platform.platform()}")
    return _LOADERS[machine]


def _make_emulator(folder: Path) -> None:
    _unpack(folder, _loader()[0], ("qemu-user",))
    wanted = {each.program for each in ARCHITECTURES.values()}
    for path in (folder / "usr/bin").glob("qemu-*"):
        if path.name not in wanted:
            path.unlink()


def _unpack(folder: Path, debian: str, packages: Sequence[str]) -> None:
    program = shutil.which("mmdebstrap")
    if program is None:
        raise DeviceError("an emulated board is set up with mmdebstrap (apt install mmdebstrap); received none")
    options = ["--quiet", "--variant=extract", *_SOURCES, f"--architectures={debian}"]
    options.append(f"--include={','.join(packages)}")
    _run([program, *options, SUITE, str(folder)], f"unpacking {packages[-1]} and others for {debian}")
    for path in folder.rglob("*"):
        # So that whoever owns the cache can delete it, and a copy can be made of links.
        if path.is_char_device() or path.is_block_device():
            path.unlink()
    _link_libraries(folder)


def _link_libraries(folder: Path) -> None:
    """Put numpy's BLAS and LAPACK where programs look: packages are unpacked, and configuring them would do that."""
    for name in ("blas", "lapack"):
        for path in folder.glob(f"usr/lib/*/{name}/lib{name}.so.3"):
            link = path.parent.parent / path.name
            if not link.exists():
                link.symlink_to(path.relative_to(link.parent))


def _copy_links(shared: Path, folder: Path) -> None:
    shutil.copytree(shared, folder, symlinks=True, copy_function=os.link, dirs_exist_ok=True)


def _add_packages(folder: Path, sysroot: Path, profile: Profile, found: Architecture) -> None:
    _download(folder, found, (*profile.runtimes, *found.requirements))
    if found.compiled:
        add_sentencepiece(folder, sysroot, _run)


def _download(folder: Path, found: Architecture, requirements: Sequence[str]) -> None:
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--only-binary", ":all:", "--no-compile"]
    options += [] if found.with_dependencies else ["--no-deps"]
    platforms = [option for tag in found.platforms for option in ("--platform", tag)]
    target = ["--target", str(folder), "--python-version", PYTHON, "--implementation", "cp", *platforms]
    command = [sys.executable, "-m", "pip", "install", *options, *target, *requirements]
    _run(command, f"unpacking {requirements[0]} and others for {found.debian}")


def _run(command: Sequence[str], what: str, environment: Optional[Mapping[str, str]] = None) -> None:
    print(f"{what}, once", file=sys.stderr, flush=True)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines() or ["no message"]
        line = next((line for line in lines if line.startswith(("E:", "Err:", "ERROR"))), lines[-1])
        raise DeviceError(f"{what} must succeed; received exit code {done.returncode}: {line.strip()}")

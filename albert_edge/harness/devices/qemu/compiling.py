"""Compiles sentencepiece for a board that the package index has no wheel of it for: 32-bit Arm.

Debian 12's own is 0.1.97, which can't say where a normalized character came from (`text.pieces` needs it). The index
has the sources of 0.2.1 with all they depend on in them, and a C++ compiler for every target as a wheel, ziglang: so
nothing is installed on this machine, and the outcome doesn't depend on it. Later releases' sources lack what they
depend on. Leaves out the training tools and their data, though the library's training functions are in it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Callable

SENTENCEPIECE = "sentencepiece==0.2.1"
COMPILER = "ziglang==0.17.1"
HEADERS = ("libpython3.11-dev", "libstdc++-12-dev")
"""Debian's packages that the board's system must have for it."""

Run = Callable[..., None]
"""Runs a command, says what it is for, and takes an `environment`; raises `DeviceError` if it fails."""

_TARGET = ("-target", "arm-linux-gnueabihf.2.36", "-mcpu=generic+v7a+vfp3+neon")
"""With Debian 12's glibc."""
_OPTIONS = ("-std=c++17", "-O2", "-fPIC", "-shared", "-s", "-w", "-pthread", "-nostdinc++", "-nostdlib++")
"""The compiler would first compile a C++ library of its own."""
_DEFINED = ("-DHAVE_PTHREAD=1", "-D_USE_INTERNAL_STRING_VIEW", "-DDISABLE_EMBEDDED_DATA")
_CONFIG = """#define VERSION "0.2.1"
#define PACKAGE "sentencepiece"
#define PACKAGE_STRING "sentencepiece"
#define INSTALL_DATADIR ""
"""
"""config.h, which its build would write."""
_INCLUDED = ("", "src", "src/builtin_pb", "third_party", "third_party/absl", "third_party/protobuf-lite")


def add_sentencepiece(folder: Path, sysroot: Path, run: Run) -> None:
    """Put the package for the 32-bit board of `sysroot`, which has `HEADERS`, into `folder`; takes minutes.

    Raises `DeviceError`, in one line, if the index lacks something or it doesn't compile.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        place = Path(temporary)
        pip = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"]
        compiler = ["install", "--only-binary", ":all:", "--no-deps", "--target", str(place / "zig"), COMPILER]
        run([*pip, *compiler], f"unpacking {COMPILER}, a compiler")
        # What builds its metadata may be a wheel.
        sources = ["download", "--no-binary", "sentencepiece", "--no-deps", "--dest", str(place), SENTENCEPIECE]
        run([*pip, *sources], f"fetching the sources of {SENTENCEPIECE}")
        root = _unpack(place)
        package = _copy_python(root, folder)
        _prepare(root / "sentencepiece")
        command = compile_command(place / "zig/ziglang/zig", root, sysroot, package / "_sentencepiece.so")
        caches = {name: str(place / "cache") for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")}
        run(command, f"compiling {SENTENCEPIECE} for 32-bit Arm, some minutes", {**os.environ, **caches})


def compile_command(compiler: Path, root: Path, sysroot: Path, out: Path) -> list[str]:
    """One call that compiles the sources in `root` and links `out`, with Python and the C++ library of `sysroot`."""
    library, headers = root / "sentencepiece", sysroot / "usr/include"
    programs = ("_main.cc", "_test.cc", "testharness.cc")
    own = [path for path in library.glob("src/*.cc") if not path.name.endswith(programs)]
    bundled = [*library.glob("src/builtin_pb/*.cc"), *library.glob("third_party/protobuf-lite/*.cc")]
    flags, wrapper = library / "third_party/absl/flags/flag.cc", root / "src/sentencepiece/sentencepiece_wrap.cxx"
    standard = [headers / "c++/12", headers / "arm-linux-gnueabihf/c++/12"]
    return [
        *(str(compiler), "c++", *_TARGET, *_OPTIONS, *_DEFINED),
        *(f"-I{library / part}" for part in _INCLUDED),
        f"-I{headers / 'python3.11'}",
        *(f"-isystem{path}" for path in standard),
        # Python's headers ask for one of theirs by its path from here; the C library's must stay the compiler's.
        *("-idirafter", str(headers)),
        *(str(path) for path in sorted([*own, *bundled, flags, wrapper])),
        str(sysroot / "usr/lib/arm-linux-gnueabihf/libstdc++.so.6"),
        *("-o", str(out)),
    ]


def _unpack(place: Path) -> Path:
    (archive,) = place.glob("sentencepiece-*.tar.gz")
    shutil.unpack_archive(archive, place)
    return place / archive.name[: -len(".tar.gz")]


def _prepare(library: Path) -> None:
    (library / "config.h").write_text(_CONFIG, encoding="utf-8")
    # One function of ten thousand statements, for training alone, on which an optimizer spends minutes.
    table = library / "src/unicode_script_map.h"
    table.write_text(f"#pragma clang optimize off\n{table.read_text(encoding='utf-8')}", encoding="utf-8")


def _copy_python(root: Path, folder: Path) -> Path:
    """The package's modules and its metadata, without which it has no version; returns the package's folder."""
    package = folder / "sentencepiece"
    package.mkdir()
    for path in (root / "src/sentencepiece").glob("*.py"):
        shutil.copyfile(path, package / path.name)
    metadata = folder / f"{root.name}.dist-info"
    metadata.mkdir()
    shutil.copyfile(root / "PKG-INFO", metadata / "METADATA")
    return package

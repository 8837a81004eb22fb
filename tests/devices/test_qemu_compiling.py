"""sentencepiece for 32-bit Arm, without a network or a compiler: what is asked for, what is compiled, what is kept."""

import os
import tarfile

import pytest

from albert_edge.errors import DeviceError
from albert_edge.harness.devices.profiles import profile_named
from albert_edge.harness.devices.qemu import setup
from albert_edge.harness.devices.qemu.compiling import COMPILER, SENTENCEPIECE, add_sentencepiece, compile_command

FILES = {
    "PKG-INFO": "Name: sentencepiece\nVersion: 0.2.1\n",
    "src/sentencepiece/__init__.py": "",
    "src/sentencepiece/_version.py": "",
    "src/sentencepiece/sentencepiece_wrap.cxx": "",
    "sentencepiece/src/util.cc": "",
    "sentencepiece/src/unicode_script_map.h": "",
    "sentencepiece/src/util_test.cc": "",
    "sentencepiece/src/spm_encode_main.cc": "",
    "sentencepiece/src/testharness.cc": "",
    "sentencepiece/src/builtin_pb/sentencepiece.pb.cc": "",
    "sentencepiece/third_party/protobuf-lite/arena.cc": "",
}


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "sentencepiece-0.2.1"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def index(root, tmp_path):
    """Stands for pip and the compiler: writes the sources and the library, and keeps the commands."""
    commands = []

    def run(command, what, environment=None):
        commands.append((list(command), what, environment))
        if "download" in command:
            with tarfile.open(f"{command[command.index('--dest') + 1]}/{root.name}.tar.gz", "w:gz") as archive:
                archive.add(root, root.name)
        if "c++" in command:
            with open(command[-1], "wb") as out:
                out.write(b"library")

    run.commands = commands
    return run


def test_programs_and_tests_are_not_compiled(root, tmp_path):
    command = compile_command(tmp_path / "zig", root, tmp_path / "sysroot", tmp_path / "out.so")
    compiled = [part.rpartition("/")[2] for part in command if part.endswith((".cc", ".cxx"))]
    assert sorted(compiled) == ["arena.cc", "flag.cc", "sentencepiece.pb.cc", "sentencepiece_wrap.cxx", "util.cc"]
    assert command[-2:] == ["-o", str(tmp_path / "out.so")]


def test_the_package_has_its_modules_its_library_and_a_version(index, tmp_path):
    folder = tmp_path / "wheels"
    folder.mkdir()
    add_sentencepiece(folder, tmp_path / "sysroot", index)
    assert sorted(path.name for path in (folder / "sentencepiece").iterdir()) == [
        "__init__.py",
        "_sentencepiece.so",
        "_version.py",
    ]
    assert "Version: 0.2.1" in (folder / "sentencepiece-0.2.1.dist-info" / "METADATA").read_text()
    assert [command[-1] for command, _, _ in index.commands[:2]] == [COMPILER, SENTENCEPIECE]
    # The compiler's cache and the sources are gone: a board keeps what it runs.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sentencepiece-0.2.1", "wheels"]
    assert not os.path.exists(index.commands[2][2]["ZIG_GLOBAL_CACHE_DIR"])


def test_only_the_board_without_wheels_compiles():
    compiled = {name: setup.architecture_of(profile_named(name)).compiled for name in ("raspberry-pi-4",)}
    assert compiled == {"raspberry-pi-4": ()}
    assert setup.architecture_of(profile_named("raspberry-pi-3-armv7")).compiled == (SENTENCEPIECE, COMPILER)


def test_what_fails_is_one_line():
    with pytest.raises(DeviceError, match=r"compiling must succeed; received exit code 3: error: no such header$"):
        setup._run(["sh", "-c", "echo first >&2; echo 'error: no such header' >&2; exit 3"], "compiling")

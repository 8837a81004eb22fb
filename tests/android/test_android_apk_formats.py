"""The readers and writers that the APK tool has of its own, on data made here by hand."""

import gzip
import json
import struct
import sys
import zipfile

import pytest
from android_apk import APK_FOLDER  # noqa: F401 - puts the tool on the path
from apk_build import tools
from apk_build.classes import ClassInfo, has_member, parse_class
from apk_build.container import Entry, members, write_apk
from apk_build.dex import class_name, label, read_dex, seal
from apk_build.elf import load_alignments
from apk_build.facts import read_facts
from apk_build.instructions import references
from apk_build.report import sizes
from apk_build.signatures import read_signatures

# Container

ENTRIES = [
    Entry("AndroidManifest.xml", b"x" * 5000),
    Entry("resources.arsc", b"abc"),
    Entry("assets/a.tflite", b"m" * 100),
    Entry("lib/x86/liba.so", b"n" * 50),
    Entry("lib/x86_64/liba.so", b"n" * 50),
]


def test_what_android_maps_is_stored_and_aligned(tmp_path):
    apk = tmp_path / "a.apk"
    write_apk(apk, ENTRIES)
    found = {member.name: member for member in members(apk)}
    assert [name for name in found if not found[name].stored] == ["AndroidManifest.xml"]
    assert found["AndroidManifest.xml"].packed_bytes < 100
    assert [found[name].offset % 16384 for name in ("lib/x86/liba.so", "lib/x86_64/liba.so")] == [0, 0]
    assert [found[name].offset % 4 for name in ("resources.arsc", "assets/a.tflite")] == [0, 0]
    # The offset is where the data is.
    at = found["lib/x86/liba.so"].offset
    assert apk.read_bytes()[at : at + 50] == b"n" * 50
    with zipfile.ZipFile(apk) as archive:
        assert archive.testzip() is None
        assert [info.filename for info in archive.infolist()] == [entry.name for entry in ENTRIES]
        assert {info.date_time for info in archive.infolist()} == {(1981, 1, 1, 1, 1, 2)}


def test_the_same_entries_give_the_same_bytes(tmp_path):
    for name in ("a.apk", "b.apk"):
        write_apk(tmp_path / name, ENTRIES)
    assert (tmp_path / "a.apk").read_bytes() == (tmp_path / "b.apk").read_bytes()


def test_sizes_add_up(tmp_path):
    apk = tmp_path / "a.apk"
    write_apk(apk, [*ENTRIES, Entry("classes.dex", b"d" * 40), Entry("classes2.dex", b"d" * 40)])
    total = apk.stat().st_size
    parts = sizes(members(apk), total)
    assert parts["lib/x86"] == 50
    assert parts["assets/a.tflite"] == 100
    assert set(parts) == {"assets/a.tflite", "code", "container", "lib/x86", "lib/x86_64", "resources"}
    assert sum(parts.values()) == total


# ELF


def elf(wide: bool, alignments: list[int]) -> bytes:
    """A header and one LOAD segment an alignment, behind one of another kind."""
    header, size = (64, 56) if wide else (52, 32)
    data = bytearray(header)
    data[:6] = b"\x7fELF" + bytes([2 if wide else 1, 1])
    struct.pack_into("<Q" if wide else "<I", data, 32 if wide else 28, header)
    struct.pack_into("<HH", data, 54 if wide else 42, size, 1 + len(alignments))
    for kind, alignment in [(6, 8), *((1, alignment) for alignment in alignments)]:
        segment = bytearray(size)
        struct.pack_into("<I", segment, 0, kind)
        struct.pack_into("<Q" if wide else "<I", segment, 48 if wide else 28, alignment)
        data += segment
    return bytes(data)


@pytest.mark.parametrize("wide", [False, True])
def test_alignments_of_an_elf_file(wide):
    assert load_alignments(elf(wide, [4096, 16384])) == [4096, 16384]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"MZ" + bytes(60), "not a little-endian ELF file"),
        (elf(True, [4096])[:-40], "cut off"),
        (elf(False, [4096])[:30], "cut off"),
    ],
)
def test_another_file_is_no_elf_file(data, message):
    with pytest.raises(ValueError, match=message):
        load_alignments(data)


# Dalvik


def test_references_of_instructions():
    code = [
        0x0012,  # const/4
        0x0022, 7,  # new-instance
        0x1070, 9, 0x0000,  # invoke-direct
        0x0062, 3,  # sget-object
        0x002B, 4, 0,  # packed-switch
        0x000E,  # return-void
        0x0100, 1, 0, 0, 3, 0,  # the table of the switch, with one target
        0x0300, 1, 3, 0, 0xFCFC, 0x00FC,  # an array of three bytes
        0x10FC, 2, 0,  # invoke-custom
    ]  # fmt: skip
    assert list(references(code)) == [("type", 7), ("method", 9), ("field", 3), ("dynamic", 0xFC)]


def test_an_opcode_that_does_not_exist_is_no_instruction():
    with pytest.raises(ValueError, match="opcode 0x73"):
        list(references([0x0073]))


def test_another_file_is_no_dex_file():
    with pytest.raises(ValueError, match="not a dex file"):
        read_dex(b"PK\x03\x04" + bytes(200))


def test_a_table_behind_the_end_is_found():
    header = bytearray(seal(b"dex\n035\0" + bytes(104)))
    struct.pack_into("<II", header, 56, 1000, 100)
    with pytest.raises(ValueError, match="a table ends behind it"):
        read_dex(seal(bytes(header)))


def test_names():
    assert class_name("[[La/B;") == "a/B"
    assert class_name("[I") is None
    assert label("a/B") == "a.B"
    assert label("a/B", "f(La/C;)V") == "a.B.f(La.C;)V"
    assert label("a/B", "x#I") == "a.B#x"


# Classes


def class_file(name: str, parent: str, field: str, method: str) -> bytes:
    """A class with a field of type I, a method of no arguments, and a long constant, which takes two places."""
    texts = [name, parent, field, "I", method, "()V"]
    pool = b"".join(struct.pack(">BH", 1, len(text)) + text.encode() for text in texts)
    pool += struct.pack(">BQ", 5, 1) + struct.pack(">BHBH", 7, 1, 7, 2)
    body = struct.pack(">HHHH", 1, 9, 10, 0)
    body += struct.pack(">HHHHH", 1, 0, 3, 4, 0) + struct.pack(">HHHHH", 1, 0, 5, 6, 0)
    return struct.pack(">IHHH", 0xCAFEBABE, 0, 52, 11) + pool + body


def test_a_class_file():
    info = parse_class(class_file("a/B", "a/A", "x", "f"))
    assert info == ClassInfo("a/B", ("a/A",), frozenset({"x#I", "f()V"}))


def test_members_are_inherited():
    classes = {
        "java/lang/Object": ClassInfo("java/lang/Object", (), frozenset({"hashCode()I"})),
        "A": ClassInfo("A", ("java/lang/Object",), frozenset({"f()V"})),
        "B": ClassInfo("B", ("A", "I"), frozenset()),
        "I": ClassInfo("I", (), frozenset({"x#I"})),
    }
    assert [has_member("B", member, classes.get) for member in ("f()V", "x#I", "hashCode()I", "f()I")] == [
        True,
        True,
        True,
        False,
    ]
    # An interface, of which no class is a parent, answers to Object's methods.
    assert has_member("I", "hashCode()I", classes.get)
    assert not has_member("missing", "f()V", classes.get)


# Signatures


def test_signatures(tmp_path):
    def text(value):
        return struct.pack(">BH", 0x74, len(value)) + value.encode()

    def described(name, fields):
        head = struct.pack(">BH", 0x72, len(name)) + name.encode() + bytes(8) + b"\2" + struct.pack(">H", len(fields))
        return (
            head + b"".join(b"L" + struct.pack(">H", len(f)) + f.encode() + text("Lx;") for f in fields) + b"\x78\x70"
        )

    # Handles count from 0: the class, 4 types of its fields, the object, its name, the set's class, the set, ...
    signature = b"\x73" + described("java.util.HashSet", []) + b"\x77\x0c" + bytes(8) + struct.pack(">i", 2)
    signature += text("f()V") + text("x#I") + b"\x78"
    array = b"\x75" + described("[Ljava.lang.String;", []) + struct.pack(">i", 1) + text("a/I")
    clazz = described("Clazz", ["name", "signatures", "superClass", "superInterfaces"])
    first = b"\x73" + clazz + text("a/B") + signature + text("a/A") + array
    # The second shares the first's class, its set, and has no parents.
    second = b"\x73\x71\x00\x7e\x00\x00" + text("a/A") + b"\x71\x00\x7e\x00\x08" + b"\x70"
    second += b"\x75\x71\x00\x7e\x00\x0c" + struct.pack(">i", 0)
    path = tmp_path / "a.signature"
    path.write_bytes(gzip.compress(b"\xac\xed\x00\x05" + first + second + b"\x70"))
    members = frozenset({"f()V", "x#I"})
    assert read_signatures(path) == {
        "a/B": ClassInfo("a/B", ("a/A", "a/I"), members),
        "a/A": ClassInfo("a/A", (), members),
    }


def test_another_file_has_no_signatures(tmp_path):
    path = tmp_path / "a.signature"
    path.write_bytes(gzip.compress(b"text"))
    with pytest.raises(ValueError, match="not a stream"):
        read_signatures(path)


# Maven's facts

FACTS = {"framework": "", "oldest_framework": "", "package": "a.b", "min_sdk": 26, "target_sdk": 35, "tflite": "2.16.1"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "^$"),
        ({"extra": 1}, "must hold framework, min_sdk, .*; received extra, framework"),
        ({"framework": "gone.jar"}, "^gone.jar, which .*build.json names, is missing: run mvn package anew$"),
    ],
)
def test_facts_are_checked(tmp_path, changes, message):
    jar = tmp_path / "a.jar"
    jar.write_bytes(b"")
    values = {**FACTS, "framework": str(jar), "oldest_framework": str(jar), **changes}
    (tmp_path / "build.json").write_text(json.dumps(values), encoding="utf-8")
    if message == "^$":
        assert read_facts(tmp_path).min_sdk == 26
        return
    with pytest.raises(tools.BuildError, match=message):
        read_facts(tmp_path)


# Programs


def test_a_missing_program_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(tools.BuildError, match=r"^aapt2, java must be on the PATH \(Debian: apt install aapt openjdk"):
        tools.demand(["aapt2", "java"])


def test_a_failing_program_is_one_line():
    code = "import sys; print('first'); sys.exit('the error: x\\nmore')"
    with pytest.raises(tools.BuildError) as caught:
        tools.run("trying", [sys.executable, "-c", code])
    assert str(caught.value) == f"trying: {sys.executable} exits with 1: the error: x"


def test_a_program_that_does_not_start_is_one_line(tmp_path):
    with pytest.raises(tools.BuildError, match=r"^trying: .*nothing does not start: No such file"):
        tools.run("trying", [tmp_path / "nothing"])

"""Android's own libtensorflowlite_jni.so for x86-64, made fit for the Java of Linux.

Android's C library (bionic) has the same kernel and the same x86-64 calling convention as glibc, and the library of
TensorFlow Lite needs little of it: what differs, `bionic.c` supplies. The copy of the library is changed in its tables
of names only: no symbol asks for bionic's version, functions that both libraries have but mean otherwise get other
names, and of the libraries it needs just one is left, `libc.so`, which is `bionic.c`. Its code is Android's, byte for
byte.
"""

import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("bionic.c")
# Where both libraries have a function of that name, and Android's takes or gives something else.
OTHERWISE = (b"fprintf", b"vfprintf", b"fputc", b"fwrite", b"fflush", b"fileno", b"strerror_r", b"sysconf")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
ENTRY = struct.Struct("<qQ")
STRTAB, DYNAMIC, DYNSYM, VERSYM = 3, 6, 11, 0x6FFFFFFF
NEEDED, IGNORED = 1, 21
VERSION_TAGS = (0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF)


def sections(data: bytes) -> dict:
    """Type to (offset, size) of the first section of that type."""
    start = struct.unpack_from("<Q", data, 0x28)[0]
    size, count = struct.unpack_from("<HH", data, 0x3A)
    found = {}
    for index in range(count):
        _, kind, _, _, offset, length, *_ = SECTION.unpack_from(data, start + index * size)
        found.setdefault(kind, (offset, length))
    return found


def fit(library: bytes) -> bytes:
    """`library` without bionic's versions and libraries, and with the names of `bionic.c`."""
    data = bytearray(library)
    places = sections(library)
    names, _ = places[STRTAB]
    start, size = places[DYNSYM]
    for position in range(start, start + size, SYMBOL.size):
        offset = names + SYMBOL.unpack_from(library, position)[0]
        name = library[offset : library.index(b"\0", offset)]
        if name in OTHERWISE:
            assert library[offset - 1] == 0, f"{name!r} must not be the end of another name"
            data[offset : offset + 1] = b"A"
    start, size = places[DYNAMIC]
    for position in range(start, start + size, ENTRY.size):
        tag, value = ENTRY.unpack_from(library, position)
        is_other = tag == NEEDED and not library.startswith(b"libc.so\0", names + value)
        if is_other or tag in VERSION_TAGS:
            ENTRY.pack_into(data, position, IGNORED, 0)
    return bytes(data)


def install(library: Path, folder: Path) -> None:
    """Write the fitted `library` and the `libc.so` it needs into `folder`, which must be on the linker's path."""
    (folder / library.name).write_bytes(fit(library.read_bytes()))
    subprocess.run(
        [
            "cc",
            "-shared",
            "-fPIC",
            "-O1",
            "-Wall",
            "-Werror",
            "-Wl,-soname,libc.so",
            "-o",
            str(folder / "libc.so"),
            str(SOURCE),
            "-Wl,--no-as-needed",
            "-lm",
        ],
        check=True,
    )

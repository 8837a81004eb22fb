"""The zip: other programs read it, and no byte of it may differ."""

import io
import random
import shutil
import subprocess
import zipfile

import pytest

from albert_edge.artifact.archive import archive_bytes, read_archive
from albert_edge.errors import ArtifactError

START = 32
MODEL = b"\x18\0\0\0TFL3".ljust(START, b"\0")
FILES = {"spiece.model": b"pieces", "albert_edge.json": b"{}", "labels.txt": b"a\nb\n"}


@pytest.fixture
def whole() -> bytes:
    return MODEL + archive_bytes(FILES, START)


def split(data: bytes) -> tuple:
    start, files = read_archive(io.BytesIO(data))
    return data[:start], files


def refused(data: bytes) -> bool:
    try:
        split(data)
    except ArtifactError:
        return True
    return False


def test_round_trip(whole):
    assert split(whole) == (MODEL, FILES)


def test_python_reads_it(whole):
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        assert archive.namelist() == ["albert_edge.json", "labels.txt", "spiece.model"]
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        assert archive.testzip() is None
        for entry in archive.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert (entry.extra, entry.comment, archive.comment) == (b"", b"", b"")
        # Counted from the start of the whole file, as TFLite Metadata has it.
        assert archive.infolist()[0].header_offset == START


@pytest.mark.skipif(shutil.which("unzip") is None, reason="needs unzip")
def test_unzip_reads_it(whole, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(whole)
    tested = subprocess.run(["unzip", "-t", str(path)], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    listed = subprocess.run(["unzip", "-l", str(path)], capture_output=True, text=True)
    assert listed.returncode == 0
    assert "spiece.model" in listed.stdout


def test_every_changed_byte_of_the_zip_is_refused(whole):
    for position in range(START, len(whole)):
        for change in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[position] ^= change
            assert refused(bytes(damaged)), position


def test_every_truncation_and_addition_is_refused(whole):
    assert all(refused(whole[:length]) for length in range(len(whole)))
    assert all(refused(whole + extra) for extra in (b"\0", b"\n", b"PK\5\6", whole))
    assert refused(whole[:START] + b"\0" + whole[START:])
    assert refused(b"\0" + whole)


def test_random_bytes_are_refused():
    generator = random.Random(1)
    end = archive_bytes(FILES, START)[-22:]
    for _ in range(500):
        noise = generator.randbytes(generator.randrange(300))
        assert refused(noise)
        assert refused(noise + end)


def rewritten(**options) -> bytes:
    """The archive as Python's zipfile writes it."""
    buffer = io.BytesIO(MODEL)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", options.get("method", zipfile.ZIP_STORED)) as archive:
        for name in options.get("order", sorted(FILES)):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = options.get("method", zipfile.ZIP_STORED)
            entry.extra = options.get("extra", b"")
            archive.writestr(entry, FILES[name])
        archive.comment = options.get("comment", b"")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"method": zipfile.ZIP_DEFLATED},
        {"comment": b"hello"},
        {"extra": b"\x01\x00\x00\x00"},
        {"order": ["labels.txt", "albert_edge.json", "spiece.model"]},
        {"order": ["albert_edge.json", "labels.txt", "labels.txt", "spiece.model"]},
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_another_writers_zip_is_refused(options):
    assert refused(rewritten(**options))


def test_sizes_beyond_the_file_allocate_nothing(whole):
    entry = whole.index(b"PK\x01\x02")
    for offset in (20, 24, 42):
        huge = bytearray(whole)
        huge[entry + offset : entry + offset + 4] = b"\xff\xff\xff\xff"
        assert refused(bytes(huge))
    for offset in (8, 10, 12, 16):
        huge = bytearray(whole)
        place = len(whole) - 22 + offset
        huge[place : place + 2] = b"\xff\xff"
        assert refused(bytes(huge))


def test_names_are_plain():
    for name in ("../labels.txt", "a/b", "", "é", "x" * 65):
        with pytest.raises(ArtifactError, match="plain name"):
            archive_bytes({name: b""}, 0)


def test_says_what_a_foreign_file_lacks():
    with pytest.raises(ArtifactError, match=r"a .tflite without them, or one cut off or added to"):
        split(MODEL)
    with pytest.raises(ArtifactError, match=r"must be a .tflite; received 40 bytes that are none"):
        split(b"x" * 40)
    with pytest.raises(ArtifactError, match=r"must be a .tflite; received 0 bytes that are none"):
        split(b"")

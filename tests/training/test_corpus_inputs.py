"""Text files, packed or not, cut into pieces: what is read, and that damage is named with its file and line."""

import gzip
import json
import lzma

import pytest

from albert_edge.errors import DataError
from albert_edge.training.corpus.inputs import documents, expanded, pieces

zstandard = pytest.importorskip("zstandard")

PACKERS = {
    "": bytes,
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def read(path, least_bytes=1 << 20, field="text"):
    """Line and paragraphs of each document, by way of the pieces."""
    return [
        tuple(document)
        for line, text in pieces(str(path), least_bytes)
        for document in documents(text.splitlines(keepends=True), line, str(path), field)
    ]


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("least_bytes", [1, 4, 1000])
def test_documents_stand_between_blank_lines(tmp_path, suffix, least_bytes):
    path = tmp_path / f"text.txt{suffix}"
    text = "\ufeff\n\na\n b \n\n \né\n \u3000\r\nd\u2028d\r\n"
    path.write_bytes(PACKERS[suffix](text.encode()))
    assert read(path, least_bytes) == [(3, ["a", "b"]), (7, ["é"]), (9, ["d\u2028d"])]


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_row_is_a_document(tmp_path, suffix):
    path = tmp_path / f"rows.jsonl{suffix}"
    rows = [{"body": "a\n\n b \nc", "n": 1}, {"body": " \n"}, {"body": "d"}]
    path.write_bytes(PACKERS[suffix]("\n".join(map(json.dumps, rows)).encode()))
    assert read(path, 1, "body") == [(1, ["a", "b", "c"]), (3, ["d"])]


def test_pieces_end_behind_documents(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("aaaa\n\nbbbb\nbbbb\n\ncccc\n")
    assert list(pieces(str(path), 6)) == [(1, b"aaaa\n\n"), (3, b"bbbb\nbbbb\n\n"), (6, b"cccc\n")]


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
def test_files_of_several_members_are_read_whole(tmp_path, suffix):
    path = tmp_path / f"text{suffix}"
    path.write_bytes(PACKERS[suffix](b"a\n\n") + PACKERS[suffix](b"b\n"))
    assert [paragraphs for _, paragraphs in read(path)] == [["a"], ["b"]]


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
@pytest.mark.parametrize("damage", ["torn", "flipped", "foreign"])
def test_a_damaged_packed_file_names_file_and_line(tmp_path, suffix, damage):
    path = tmp_path / f"text.txt{suffix}"
    whole = PACKERS[suffix](b"".join(b"%d and more\n" % number for number in range(50_000)))
    flipped = bytearray(whole)
    # The first block's start: what checksums a packer writes differs, its headers are checked by all.
    flipped[:4] = bytes(4)
    path.write_bytes({"torn": whole[:-20], "flipped": bytes(flipped), "foreign": b"plain text\n" * 9}[damage])
    with pytest.raises(DataError, match=rf"text\.txt\{suffix}:\d+: the file must be readable to its end; received"):
        read(path)


@pytest.mark.parametrize("least_bytes", [1, 1000])
def test_bytes_that_are_no_text_name_file_and_line(tmp_path, least_bytes):
    path = tmp_path / "text.txt"
    path.write_bytes(b"a\n\nb\n\nc\xff\n")
    with pytest.raises(DataError, match=r"text\.txt:5: text must be UTF-8; received the byte 0xff after 1 bytes"):
        read(path, least_bytes)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("{", "a row must be JSON"),
        ("[1]", "a row must have a text as 'text'"),
        ('{"body": "a"}', "a row must have a text as 'text'"),
        ('{"text": 1}', "a row must have a text as 'text'"),
        (r'{"text": "\ud800"}', "text must be UTF-8"),
    ],
)
def test_a_bad_row_names_file_and_line(tmp_path, row, complaint):
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"text": "a"}}\n\n{row}\n')
    with pytest.raises(DataError, match=rf"rows\.jsonl:3: {complaint}"):
        read(path, 1)


def test_patterns_name_files_once(tmp_path):
    for name in ("b.txt", "a.txt", "in/c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a")
    found = expanded([tmp_path / "b.txt", f"{tmp_path}/**/*.txt"])
    assert found == [str(tmp_path / name) for name in ("b.txt", "a.txt", "in/c.txt")]
    with pytest.raises(DataError, match=r"the file must be readable; received '.*/\*\.csv', which names none"):
        expanded([f"{tmp_path}/*.csv"])

"""Data files: what is read, and what each kind of damage is told."""

import csv
import json
import subprocess
import sys

import pytest

from albert_edge.errors import ConfigError, DataError
from albert_edge.text.lines import file_lines, read_lines
from albert_edge.text.tables import Columns, Example, iterate_examples, read_examples


@pytest.fixture
def write(tmp_path):
    def write_file(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def refused(path, message, columns=None, **arguments):
    with pytest.raises(DataError) as error:
        read_examples(path, columns, **arguments)
    assert str(error.value).replace(str(path), path.name) == message


# === Lines ===


def test_only_line_feeds_end_lines():
    stream = [b"\xef\xbb\xbfa\r\n", b"b\xe2\x80\xa8c\x0c\xef\xbb\xbf\n", b"\n", b"d\re"]
    assert list(read_lines(stream, "x")) == ["a", "b\u2028c\x0c\ufeff", "", "d\re"]


@pytest.mark.parametrize("damaged", [b"ab\xff", b"ab\xed\xa0\x80c", b"ab\xc3"], ids=["byte", "surrogate", "cut short"])
def test_lines_must_be_utf_8(write, damaged):
    path = write("a.txt", b"fine\n" + damaged + b"\n")
    with pytest.raises(DataError, match=r"a.txt:2: text must be UTF-8; received the byte 0x.. after 2 bytes"):
        list(file_lines(path))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.tsv", tmp_path):
        with pytest.raises(DataError, match="must be readable; received"):
            list(file_lines(path))


# === What is read ===


def test_tsv_is_unquoted(write):
    path = write("a.tsv", 'label\ttext\nyes\ta "lone quote\nno\t"b"\n')
    assert read_examples(path) == [Example('a "lone quote', None, "yes", 2), Example('"b"', None, "no", 3)]


def test_csv_is_quoted_and_its_rows_may_span_lines(write):
    path = write("a.csv", 'label,text\r\nyes,"a, ""b""\r\nc"\r\nno,d\r\n')
    assert read_examples(path) == [Example('a, "b"\nc', None, "yes", 2), Example("d", None, "no", 4)]


def test_json_lines(write):
    rows = [{"text": "a\n", "label": "yes", "other": [1]}, {"label": 3, "text": "b"}, {"text": "c", "label": 4.25}]
    path = write("a.jsonl", "\n".join(map(json.dumps, rows)))
    assert [(row.text, row.label, row.line) for row in read_examples(path)] == [
        ("a\n", "yes", 1),
        ("b", "3", 2),
        ("c", "4.25", 3),
    ]


def test_plain_text_has_no_labels(write):
    path = write("a.txt", "a\tb\nc")
    assert read_examples(path, need_labels=False) == [Example("a\tb", None, None, 1), Example("c", None, None, 2)]
    refused(path, "a.txt: the column 'label' must exist; received the columns 'text'")


def test_a_byte_order_mark_and_carriage_returns_are_no_text(write):
    assert read_examples(write("a.tsv", b"\xef\xbb\xbftext\tlabel\r\na\tb\r\n")) == [Example("a", None, "b", 2)]


def test_pairs_by_the_default_column_or_by_name(write):
    path = write("a.tsv", "text\ttext_pair\tlabel\tc\na\tb\tyes\td\n")
    assert read_examples(path)[0].text_pair == "b"
    assert read_examples(path, Columns(text_pair="c"))[0].text_pair == "d"
    assert read_examples(write("a.jsonl", '{"text": "a", "text_pair": "b"}'), need_labels=False)[0].text_pair == "b"


@pytest.mark.parametrize("columns", [Columns("1", None, "0"), Columns(1, None, 0)], ids=["text", "number"])
def test_positions_mean_that_there_is_no_header(write, columns):
    assert read_examples(write("a.tsv", "yes\ta\nno\tb\n"), columns) == [
        Example("a", None, "yes", 1),
        Example("b", None, "no", 2),
    ]


def test_labels_are_not_looked_at_unless_needed(write):
    path = write("a.tsv", "text\tlabel\na\t\n")
    assert read_examples(path, need_labels=False) == [Example("a", None, None, 2)]
    refused(path, "a.tsv:2: the column 'label' must not be empty; received ''")


def test_columns_from_options_keep_the_defaults():
    assert Columns.from_options(None, None, None) == Columns("text", None, "label")
    assert Columns.from_options("t", "p", "l") == Columns("t", "p", "l")


def test_a_cell_of_a_megabyte_and_the_csv_limit_of_others(write):
    before = csv.field_size_limit()
    path = write("a.csv", "text,label\n" + "a" * 1_000_000 + ",yes\n")
    assert len(read_examples(path)[0].text) == 1_000_000
    assert csv.field_size_limit() == before


def test_rows_are_read_as_they_are_needed(write):
    path = write("a.tsv", b"text\tlabel\na\tb\n\xff\n")
    examples = iterate_examples(path)
    assert next(examples).text == "a"
    with pytest.raises(DataError, match=r"a\.tsv:3: text must be UTF-8"):
        next(examples)


def test_real_files(shared_data):
    news = read_examples(shared_data / "ag_news" / "dev.tsv")
    assert len(news) == 1001
    assert {row.label for row in news} == {"World", "Sports", "Business", "Sci/Tech"}
    pairs = read_examples(shared_data / "stsb" / "dev.tsv", Columns(7, 8, 6))
    assert (pairs[0].text, pairs[0].text_pair) == ("A man is playing the cello.", "A man seated is playing the cello.")


# === What is refused ===


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", "text\tlabel\nx\ty\nx\n", "a.tsv:3: a row must have 2 columns; received 1"),
        ("a.tsv", "text\tlabel\nx\ty\nx\ty\tz\n", "a.tsv:3: a row must have 2 columns; received 3"),
        ("a.tsv", "text\tlabel\nx\ty\n\n", "a.tsv:3: a row must have 2 columns; received 1"),
        ("a.csv", 'text,label\n"x\n\n",y\nx\n', "a.csv:5: a row must have 2 columns; received 1"),
        ("a.csv", "text,label\nx,y\n\n", "a.csv:3: a row must have 2 columns; received 0"),
        ("a.tsv", "", "a.tsv: a data file must have rows; received an empty file"),
        ("a.jsonl", "", "a.jsonl: a data file must have rows; received none"),
        ("a.tsv", "text\tlabel\n", "a.tsv: a data file must have rows; received none"),
        ("a.tsv", "txt\tlabel\na\tb\n", "a.tsv: the column 'text' must exist; received the columns 'txt', 'label'"),
        ("a.jsonl", '{"a": 1}', "a.jsonl: the column 'text' must exist; received the columns 'a'"),
        ("a.tsv", "text\ttext\nx\ty\n", "a.tsv:1: column names must differ; received 'text' twice"),
        ("a.tsv", "text\tlabel\n \ty\n", "a.tsv:2: the column 'text' must not be empty; received ' '"),
        ("a.tsv", "text\tlabel\nx\t\n", "a.tsv:2: the column 'label' must not be empty; received ''"),
        ("a.parquet", "", "a data file must end in .tsv, .csv, .jsonl or .txt; received 'a.parquet'"),
    ],
)  # fmt: skip
def test_damaged_tables(write, name, content, message):
    refused(write(name, content), message)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("[1]", "a row must be a JSON object; received '[1]'"),
        ("", "a row must be a JSON object; received ''"),
        ('{"t": ' + "x" * 50, "a row must be a JSON object; received '{\"t\": " + "x" * 31 + "...'"),
        ("[" * 100_000, "a row must be a JSON object; received '" + "[" * 37 + "...'"),
        ('{"text": "x", "label": NaN}', "a row must be a JSON object; received '{\"text\": \"x\", \"label\": NaN}'"),
        ('{"text": "x"}', "a row must have the column 'label'; received the columns 'text'"),
        ('{"text": 5, "label": "y"}', "the column 'text' must hold a string; received 5"),
        ('{"text": "x", "label": true}', "the column 'label' must hold a string or a number; received true"),
        ('{"text": "x", "label": null}', "the column 'label' must hold a string or a number; received null"),
        ('{"label": 1e999}', "a row must be a JSON object; received '{\"label\": 1e999}'"),
        ('{"text": "x\\ud800"}', "a text must be valid Unicode; received the lone surrogate '\\ud800' at character 1"),
    ],
)  # fmt: skip
def test_damaged_json_lines(write, row, message):
    refused(write("a.jsonl", '{"text": "x", "label": "y"}\n' + row + "\n"), f"a.jsonl:2: {message}")


@pytest.mark.parametrize("row", ['"x" y,z', '"x'], ids=["after a quote", "unfinished"])
def test_damaged_csv(write, row):
    path = write("a.csv", "text,label\nx,y\n" + row)
    with pytest.raises(DataError, match=r"a.csv:3: a row must be well-formed CSV; received one with: "):
        read_examples(path)


def test_positions_and_names_do_not_mix(write):
    with pytest.raises(ConfigError, match="all names or all numbers; received '1', 'label'"):
        read_examples(write("a.tsv", "a\tb\n"), Columns(text="1"))


def test_positions_lie_in_the_row(write):
    message = "a.tsv: the column '2' must exist; received the columns '0', '1'"
    refused(write("a.tsv", "a\tb\n"), message, Columns(0, None, 2))


def test_the_readers_need_the_standard_library_alone():
    program = (
        "import sys, albert_edge.text.tables; "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'sentencepiece', 'tensorflow')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

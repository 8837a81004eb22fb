"""`build_corpus`: the same bytes whatever does the work in whatever order; what is held out, dropped and counted."""

import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from corpora import made_text

import albert_edge
from albert_edge.cli import cli
from albert_edge.errors import AlbertEdgeError, ConfigError, DataError
from albert_edge.training.pretraining.records import open_corpus

pytest.importorskip("apache_beam")
ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def build(inputs, vocab, out, **options):
    options = {"workers": 1, "shards": 3, "held_out": 0.2, "piece_bytes": 4000, **options}
    return albert_edge.build_corpus(inputs, vocab, out, **options)


def contents(out):
    """SHA-256 of each file, by its name below `out`."""
    paths = sorted(path for path in out.rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.fixture(scope="module")
def texts():
    return made_text(60).split("\n\n")


@pytest.fixture(scope="module")
def inputs(texts, tmp_path_factory):
    """Two files: text with a copy in it, and packed rows."""
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "a.txt").write_text("\n\n".join([*texts[:40], texts[3]]), encoding="utf-8")
    rows = "".join(json.dumps({"text": text}) + "\n" for text in texts[40:])
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(rows.encode(), mtime=0))
    return [folder / "a.txt", folder / "b.jsonl.gz"]


@pytest.fixture(scope="module")
def built(inputs, vocab, tmp_path_factory):
    out = tmp_path_factory.mktemp("built") / "corpus"
    return build(inputs, vocab, out)


def documents_of(corpus):
    return {record.document for shard in range(len(corpus.shards)) for record in corpus.read(shard)}


def test_what_is_held_out_is_told_by_the_texts_hash(built, texts):
    names = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    held_out = {name for name in names if int(name[:16], 16) / 16**16 < 0.2}
    assert documents_of(built["held-out"]) == held_out
    assert documents_of(built["train"]) == set(names) - held_out


def test_the_manifest_says_what_is_there(built, inputs):
    for name, corpus in built.items():
        again = open_corpus(corpus.folder)
        assert (again, corpus.folder.name) == (corpus, name)
        for shard in again.shards:
            assert hashlib.sha256((corpus.folder / shard.file).read_bytes()).hexdigest() == shard.sha256
        records = [record for shard in range(len(again.shards)) for record in again.read(shard)]
        assert sum(len(record.lengths) for record in records) == again.segments
        assert len({record.document for record in records}) == again.documents
    counts = built["train"].build["counts"]
    assert (counts["documents_read"], counts["dropped_exact_copies"]) == (61, 1)
    sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in inputs]
    assert sorted(each["sha256"] for each in built["train"].build["inputs"]) == sorted(sums)
    assert not built["train"].folder.parent.with_name("corpus.corpus").exists()


def test_two_processes_write_the_same_bytes(built, inputs, vocab, tmp_path):
    build(inputs, vocab, tmp_path / "out", workers=2)
    assert contents(tmp_path / "out") == contents(built["train"].folder.parent)


def test_the_order_of_the_inputs_makes_no_difference(built, inputs, vocab, tmp_path):
    build(inputs[::-1], vocab, tmp_path / "out", piece_bytes=9000)
    assert contents(tmp_path / "out") == contents(built["train"].folder.parent)


def test_after_kill_9_the_same_command_ends_with_the_same_bytes(built, inputs, vocab, tmp_path):
    """Killed in each of its steps, one after the other."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "albert_edge", "corpus", *map(str, inputs), "--vocab", str(vocab)]
    command += ["--out", str(out), "--shards", "3", "--held-out", "0.2", "--workers", "1"]
    work = tmp_path / "out.corpus"
    for step in ("text", "documents", "records"):
        process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
        while not list((work / step).glob("*.json")):
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not out.exists()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, encoding="utf-8")
    assert "albert-edge" not in done.stderr
    assert not work.exists()
    assert contents(out) == contents(built["train"].folder.parent)


def test_what_is_done_is_not_done_again(inputs, vocab, tmp_path, monkeypatch):
    """Stopped before its last step; the next run reads no text, and the request must be the same."""
    from albert_edge.training.corpus import build as module
    from albert_edge.training.corpus import pieces

    with monkeypatch.context() as stopped:
        stopped.setattr(module, "_finished", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build(inputs, vocab, tmp_path / "out")
    with pytest.raises(AlbertEdgeError, match=r"must go on with the arguments .* received shards 4 for 3"):
        build(inputs, vocab, tmp_path / "out", shards=4)
    monkeypatch.setattr(pieces, "cleaned", interrupt)
    build(inputs, vocab, tmp_path / "out")
    with pytest.raises(RuntimeError, match="KeyboardInterrupt"):  # as Beam's local runner hands it on
        build(inputs, vocab, tmp_path / "out", overwrite=True, restart=True)


def interrupt(*_):
    raise KeyboardInterrupt


def test_what_is_dropped_is_counted(vocab, tmp_path, texts):
    words = texts[1].split(" ")
    near = " ".join([*words[:20], "horse", *words[21:]])
    garbage = ["short", "1234 5678 " * 9, "\n".join(["the old house of the king"] * 9)]
    path = tmp_path / "text.txt"
    path.write_text("\n\n".join([*texts[:4], near, texts[2].replace("\n", "  \n"), *garbage]), encoding="utf-8")
    corpus = build([path], vocab, tmp_path / "out", held_out=0)["train"]
    expected = {"dropped_exact_copies": 1, "dropped_near_copies": 1, "dropped_too_short": 1}
    expected.update(dropped_too_few_letters=1, dropped_too_repetitive=1, documents_read=9)
    counts = corpus.build["counts"]
    assert {name: counts[name] for name in expected} == expected
    assert corpus.documents == 4
    kept = build([path], vocab, tmp_path / "all", held_out=0, near_duplicates=0, min_characters=0, min_letters=0)
    assert kept["train"].documents == 7


def test_masks_are_counted(vocab, tmp_path, texts):
    pytest.importorskip("stdnum")
    pytest.importorskip("phonenumbers")
    path = tmp_path / "text.txt"
    path.write_text(f"{texts[0]}\nWrite to anna@example.org or ben@example.org today.\n\n{texts[1]}\n")
    counts = build([path], vocab, tmp_path / "out", held_out=0, mask_personal=True)["train"].build["counts"]
    assert counts["masked_email"] == 2


def test_a_damaged_input_is_one_line(vocab, tmp_path, texts, capfd):
    """Nor do one worker, in this process, and two of their own write anything else."""
    path = tmp_path / "text.txt"
    path.write_bytes("\n\n".join(texts).encode() + b"\n\nbad \xff\n")
    line = path.read_bytes().count(b"\n")
    message = f"{path}:{line}: text must be UTF-8; received the byte 0xff"
    with pytest.raises(DataError) as caught:
        build([path], vocab, tmp_path / "out")
    assert str(caught.value).startswith(message)
    assert len(str(caught.value).splitlines()) == 1
    assert capfd.readouterr() == ("", "")
    command = [sys.executable, "-m", "albert_edge", "corpus", str(path), "--vocab", str(vocab), "--workers", "2"]
    command += ["--restart", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"albert-edge: error: {message}")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_the_command_prints_its_counts(vocab, tmp_path, inputs):
    command = ["corpus", *map(str, inputs), "--vocab", str(vocab), "--json", "--workers", "1"]
    done = CliRunner().invoke(cli, [*command, "--out", str(tmp_path / "out"), "--no-clean", "--near-duplicates", "0"])
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    assert report["counts"]["documents_read"] == 61
    assert report["parts"]["train"]["documents"] == 60
    assert report["settings"]["unicode"] == "none"


def test_a_folder_with_other_things_is_not_replaced(vocab, tmp_path, inputs):
    out = tmp_path / "out"
    (out / "train").mkdir(parents=True)
    (out / "train" / "old").write_text("old")
    with pytest.raises(AlbertEdgeError, match="must not exist unless --overwrite is given"):
        build(inputs, vocab, out)
    build(inputs, vocab, out, overwrite=True)
    assert not (out / "train" / "old").exists()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"must hold a corpus alone; received 'mine\.txt'"):
        build(inputs, vocab, out, overwrite=True)


def test_bad_use(vocab, tmp_path, inputs):
    (tmp_path / "empty.txt").write_text("\n \n")
    with pytest.raises(DataError, match="a corpus must have text; received none"):
        build([tmp_path / "empty.txt"], vocab, tmp_path / "out")
    with pytest.raises(DataError, match="the file must be readable"):
        build([tmp_path / "missing.txt"], vocab, tmp_path / "other")
    with pytest.raises(ConfigError, match="workers must be 1 or more; received 0"):
        build(inputs, vocab, tmp_path / "other", workers=0)
    with pytest.raises(ConfigError, match="a Beam option must be written --name=value; received 'x'"):
        build(inputs, vocab, tmp_path / "other", beam_options=["x"])


def test_shuffled_documents_give_the_same_records(built, vocab, tmp_path, texts):
    """Other files, other pieces: only the manifest's inputs differ."""
    shuffled = [*texts, texts[3]]
    random.Random(2).shuffle(shuffled)
    (tmp_path / "text.txt").write_text("\n\n".join(shuffled), encoding="utf-8")
    again = build([tmp_path / "text.txt"], vocab, tmp_path / "out", piece_bytes=1)
    assert [again[name].facts() for name in again] == [built[name].facts() for name in again]

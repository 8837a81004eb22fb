"""Writing model folders: all or nothing, the same bytes for the same contents, and readable again."""

import gzip
import json
import sys

import numpy as np
import pytest
from folder_edits import change_config, contents

from albert_edge.config import AlbertConfig
from albert_edge.errors import AlbertEdgeError, FolderError
from albert_edge.model.checkpoint import tensors_to_bytes
from albert_edge.model.folder import read_checkpoint, write_folder
from albert_edge.text.options import TokenizerOptions
from albert_edge.text.tokenizer import SentencePieceTokenizer, make_tokenizer, open_tokenizer


def test_what_is_written_reads_back(folder, tmp_path):
    found = read_checkpoint(folder)
    out = tmp_path / "deeper" / "out"
    write_folder(out, found.config, found.tensors, found.tokenizer)
    again = read_checkpoint(out)
    assert again.config.replace(extra={}) == found.config.replace(extra={})
    assert again.tokenizer.options == found.tokenizer.options
    assert again.tokenizer.model == found.tokenizer.model
    for name, values in found.tensors.items():
        np.testing.assert_array_equal(again.tensors[name], values)
    assert sorted(contents(out)) == [
        "config.json",
        "model.safetensors",
        "special_tokens_map.json",
        "spiece.model",
        "tokenizer_config.json",
    ]
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_the_same_contents_give_the_same_bytes(folder, tmp_path):
    found = read_checkpoint(folder)
    for name in ("a", "b"):
        write_folder(tmp_path / name, found.config, found.tensors, found.tokenizer)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_tokenizer_options_are_kept(folder, tmp_path):
    found = read_checkpoint(folder)
    options = TokenizerOptions(lower_case=False, keep_accents=True, rules="huggingface")
    write_folder(tmp_path / "out", found.config, found.tensors, SentencePieceTokenizer(found.tokenizer.model, options))
    written = json.loads((tmp_path / "out" / "tokenizer_config.json").read_text())
    assert (written["do_lower_case"], written["keep_accents"]) == (False, True)
    assert written["tokenizer_rules"] == "huggingface"
    assert read_checkpoint(tmp_path / "out").tokenizer.options == options


def test_a_wordpiece_vocabulary_is_kept(folder, tmp_path, golden):
    found = read_checkpoint(folder)
    lines = (golden / "wordpiece" / "vocab.txt").read_bytes().splitlines(keepends=True)
    tokenizer = make_tokenizer("wordpiece", b"".join(lines[:1000]), {"do_lower_case": False})
    out = tmp_path / "out"
    write_folder(out, found.config, found.tensors, found.tokenizer)
    write_folder(out, found.config, found.tensors, tokenizer, overwrite=True)
    again = read_checkpoint(out).tokenizer
    assert (again.kind, again.model, again.options) == ("wordpiece", tokenizer.model, tokenizer.options)
    assert not (out / "spiece.model").exists()
    written = json.loads((out / "tokenizer_config.json").read_text())
    assert (written["tokenizer_class"], written["unk_token"]) == ("BertTokenizer", "[UNK]")
    assert (written["tokenizer_rules"], written["do_lower_case"]) == ("google", False)


def test_a_folder_without_the_model_but_with_a_tokenizer_json(folder, tmp_path, golden):
    found = read_checkpoint(folder)
    (folder / "spiece.model").unlink()
    (folder / "tokenizer.json").write_bytes(gzip.decompress((golden / "tokenizer_1000.json.gz").read_bytes()))
    write_folder(tmp_path / "out", found.config, found.tensors, read_checkpoint(folder).tokenizer)
    again = read_checkpoint(tmp_path / "out").tokenizer
    assert again.options.rules == "huggingface"
    assert again.with_options(rules="google").encode("Oil (9, x)") == found.tokenizer.encode("Oil (9, x)")


def test_the_config_says_what_the_file_holds(folder, tmp_path):
    change_config(folder, dtype="bfloat16", torch_dtype="bfloat16", my_note="kept", architectures=[])
    found = read_checkpoint(folder, "text-classification")
    write_folder(tmp_path / "out", found.config, found.tensors, found.tokenizer)
    written = json.loads((tmp_path / "out" / "config.json").read_text())
    assert written["dtype"] == "float32"
    assert "torch_dtype" not in written
    assert written["my_note"] == "kept"
    assert written["architectures"] == ["AlbertForSequenceClassification"]


def test_an_existing_folder_is_replaced_only_when_told(folder, tmp_path):
    found = read_checkpoint(folder)
    out = tmp_path / "out"
    write_folder(out, found.config, found.tensors, found.tokenizer)
    before = contents(out)
    relabelled = found.config.replace(labels=("p", "q", "r", "s", "t"))
    with pytest.raises(FolderError, match=r"must not exist unless --overwrite is given; received .*out"):
        write_folder(out, relabelled, found.tensors, found.tokenizer)
    assert contents(out) == before
    (out / "notes.txt").write_text("mine")
    for name in ("tokenizer.json", "pytorch_model.bin", "tf_model.h5"):
        (out / name).write_text("the old model's")
    write_folder(out, relabelled, found.tensors, found.tokenizer, overwrite=True)
    assert read_checkpoint(out).config.labels == ("p", "q", "r", "s", "t")
    assert (out / "notes.txt").read_text() == "mine"
    assert not {"tokenizer.json", "pytorch_model.bin", "tf_model.h5"} & {path.name for path in out.iterdir()}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "out"]


def test_bad_contents_write_nothing(folder, tmp_path, spm_30k):
    found = read_checkpoint(folder)
    out = tmp_path / "out"
    short = {name: values for name, values in found.tensors.items() if name != "classifier.bias"}
    with pytest.raises(FolderError, match=r"without 'classifier.bias'"):
        write_folder(out, found.config, short, found.tokenizer)
    with pytest.raises(FolderError, match=r"received the surplus 'more'"):
        write_folder(out, found.config, {**found.tensors, "more": short["albert.pooler.bias"]}, found.tokenizer)
    with pytest.raises(FolderError, match=r"received 30000 and 1000"):
        write_folder(out, found.config, found.tensors, open_tokenizer(spm_30k))
    assert not out.exists()


def test_a_failure_midway_leaves_the_old_folder(folder, tmp_path, monkeypatch):
    from albert_edge.model import output

    found = read_checkpoint(folder)
    out = tmp_path / "out"
    write_folder(out, found.config, found.tensors, found.tokenizer)
    before = contents(out)

    def fails_on_the_vocabulary(path, data):
        if path.name == "spiece.model":
            raise OSError(28, "No space left on device")
        path.write_bytes(data)

    monkeypatch.setattr(output, "atomic_write", fails_on_the_vocabulary)
    with pytest.raises(AlbertEdgeError, match=r"the output must be writable; received .*No space left on device"):
        write_folder(out, found.config, found.tensors, found.tokenizer, overwrite=True)
    with pytest.raises(AlbertEdgeError, match=r"No space left on device"):
        write_folder(tmp_path / "fresh", found.config, found.tensors, found.tokenizer)
    assert contents(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "out"]


def test_a_failed_rename_puts_the_old_folder_back(folder, tmp_path, monkeypatch):
    from albert_edge.model import output

    found = read_checkpoint(folder)
    out = tmp_path / "out"
    write_folder(out, found.config, found.tensors, found.tokenizer)
    before = contents(out)
    rename = output.os.rename

    def fails_on_the_new_one(source, target):
        if source.name == "new":
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(output.os, "rename", fails_on_the_new_one)
    with pytest.raises(AlbertEdgeError, match=r"Input/output error"):
        write_folder(out, found.config, found.tensors, found.tokenizer, overwrite=True)
    assert contents(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "out"]


def test_an_output_that_cannot_be_is_refused(folder, tmp_path):
    found = read_checkpoint(folder)
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match=r"the output must be a folder; received the file"):
        write_folder(tmp_path / "file", found.config, found.tensors, found.tokenizer, overwrite=True)
    with pytest.raises(AlbertEdgeError, match=r"the output must be writable; received .*file/out"):
        write_folder(tmp_path / "file" / "out", found.config, found.tensors, found.tokenizer)


def test_an_empty_folder_and_a_link_are_filled(folder, tmp_path):
    found = read_checkpoint(folder)
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    write_folder(tmp_path / "link", found.config, found.tensors, found.tokenizer)
    assert (tmp_path / "link").is_symlink()
    assert len(read_checkpoint(tmp_path / "empty").tensors) == 27


def test_the_folder_is_readable_by_others_as_the_umask_allows(folder, tmp_path):
    found = read_checkpoint(folder)
    write_folder(tmp_path / "out", found.config, found.tensors, found.tokenizer)
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_unnamed_class_is_told_so(folder):
    change_config(folder, architectures=None)
    rewrite = read_checkpoint(folder, "classify")
    assert isinstance(rewrite.config, AlbertConfig)
    (folder / "model.safetensors").write_bytes(
        tensors_to_bytes({name: v for name, v in rewrite.tensors.items() if not name.startswith("classifier")})
    )
    with pytest.raises(FolderError, match=r"received an unnamed class without 'classifier.weight'"):
        read_checkpoint(folder, "text-classification")


def test_reading_a_checkpoint_imports_no_tensorflow(folder):
    import subprocess

    code = (
        "import sys\nfrom albert_edge.model.folder import read_checkpoint, write_folder\n"
        "import albert_edge.model.create, albert_edge.model.sizes\n"
        "found = read_checkpoint(sys.argv[1])\n"
        "write_folder(sys.argv[2], found.config, found.tensors, found.tokenizer)\n"
        "assert not {'tensorflow', 'tf_keras', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder), str(folder.parent / "copy")], check=True)

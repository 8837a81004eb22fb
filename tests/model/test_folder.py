"""Reading and writing model folders, without TensorFlow; what bad ones get."""

import json
import shutil
import sys

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import AlbertEdgeError, ConfigError, FolderError, TokenizerError
from albert_edge.model.checkpoint import tensors_to_bytes
from albert_edge.model.folder import read_checkpoint, write_folder
from albert_edge.text.normalization import TokenizerOptions
from albert_edge.text.tokenizer import Tokenizer


@pytest.fixture
def folder(golden, tmp_path):
    """A copy of a golden checkpoint that may be damaged."""
    source = golden / "base_like" / "sequence_classification"
    target = tmp_path / "model"
    target.mkdir()
    for name in ("config.json", "model.safetensors", "spiece.model"):
        shutil.copyfile(source / name, target / name)
    return target


def change_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def rewrite_tensors(folder, change):
    tensors = dict(read_checkpoint(folder).tensors)
    change(tensors)
    (folder / "model.safetensors").write_bytes(tensors_to_bytes(tensors))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# === Reading ===


def test_a_checkpoint_holds_everything(folder):
    found = read_checkpoint(folder)
    assert found.task == "text-classification"
    assert len(found.tensors) == 27
    assert found.tensors["classifier.weight"].shape == (5, 48)
    assert found.tokenizer.vocab_size == found.config.vocab_size == 1000
    assert found.dropped == found.initialised == ()


def test_a_base_model_without_prefix_reads_with_a_new_head(folder):
    def strip(tensors):
        for name in list(tensors):
            values = tensors.pop(name)
            if name.startswith("albert."):
                tensors[name[len("albert.") :]] = values

    expected = read_checkpoint(folder)
    rewrite_tensors(folder, strip)
    change_config(folder, architectures=["AlbertModel"])
    with pytest.raises(FolderError, match=r"received AlbertModel without 'classifier.weight' and 1 more"):
        read_checkpoint(folder)
    found = read_checkpoint(folder, new_head=True, labels=["no", "yes"])
    assert list(found.tensors) == list(expected.tensors)
    assert found.tensors["classifier.weight"].shape == (2, 48)
    assert found.config.labels == ("no", "yes")
    assert found.config.architectures == ("AlbertForSequenceClassification",)
    assert found.initialised == ("classifier.weight", "classifier.bias")
    name = "albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight"
    np.testing.assert_array_equal(found.tensors[name], expected.tensors[name])


def test_a_new_head_depends_on_the_seed_alone(folder):
    first, again, other = (
        read_checkpoint(folder, new_head=True, labels=["a", "b"], seed=seed).tensors["classifier.weight"]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_labels_without_a_new_head_are_refused(folder):
    with pytest.raises(ConfigError, match=r"labels may be given with new_head only; received \['a'\]"):
        read_checkpoint(folder, labels=["a"])


def test_other_heads_are_listed(folder):
    rewrite_tensors(folder, lambda tensors: tensors.update({"qa_outputs.bias": np.zeros(2, np.float32)}))
    assert read_checkpoint(folder).dropped == ("qa_outputs.bias",)


def break_weights(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def damaged(function):
    return lambda folder: rewrite_tensors(folder, function)


BAD_FOLDERS = {
    "no config": (lambda f: (f / "config.json").unlink(), "config.json"),
    "config not JSON": (lambda f: (f / "config.json").write_text("{"), "config.json must be JSON"),
    "config a list": (lambda f: (f / "config.json").write_text("[]"), "must hold an object; received a list"),
    "config misspelt": (lambda f: change_config(f, hiden_size=3), "received 'hiden_size', did you mean 'hidden_size'"),
    "another model": (lambda f: change_config(f, model_type="bert"), "model_type must be 'albert'; received 'bert'"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "must hold model.safetensors; received"),
    "weights truncated": (break_weights, "must be a whole safetensors file"),
    "no vocabulary": (lambda f: (f / "spiece.model").unlink(), "must hold spiece.model; received"),
    "vocabulary not SentencePiece": (lambda f: (f / "spiece.model").write_bytes(b"junk"), "spiece.model"),
    "deeper groups": (
        lambda f: change_config(f, num_hidden_groups=2),
        "without 'albert.encoder.albert_layer_groups.1.albert_layers.0.attention.query.weight' and 15 more",
    ),
    "another width": (
        lambda f: change_config(f, intermediate_size=95),
        r"albert_layers.0.ffn.weight must have the shape \[95, 48\]; received \[96, 48\]",
    ),
    "labels of another number": (
        lambda f: change_config(f, id2label={"0": "a", "1": "b"}),
        r"classifier.weight must have the shape \[2, 48\]; received \[5, 48\]",
    ),
    "a tensor missing": (damaged(lambda t: t.pop("albert.pooler.bias")), "without 'albert.pooler.bias'"),
    "a tensor too many": (
        damaged(lambda t: t.update({"extra.weight": np.zeros(2, np.float32)})),
        "received the unknown 'extra.weight'",
    ),
    "not finite": (damaged(lambda t: t["classifier.bias"].fill(np.nan)), "classifier.bias must hold finite numbers"),
}


@pytest.mark.parametrize(("damage", "message"), BAD_FOLDERS.values(), ids=BAD_FOLDERS)
def test_a_bad_folder_is_one_line(folder, damage, message):
    damage(folder)
    with pytest.raises((ConfigError, FolderError, TokenizerError), match=message) as caught:
        read_checkpoint(folder)
    assert "\n" not in str(caught.value)


def test_the_vocabulary_must_fit_the_model(folder, spm_30k):
    shutil.copyfile(spm_30k, folder / "spiece.model")
    with pytest.raises(FolderError, match=r"as many as vocab_size in config.json; received 30000 and 1000"):
        read_checkpoint(folder)


# === Writing ===


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
    options = TokenizerOptions(lower_case=False, keep_accents=True)
    write_folder(tmp_path / "out", found.config, found.tensors, Tokenizer(found.tokenizer.model, options))
    written = json.loads((tmp_path / "out" / "tokenizer_config.json").read_text())
    assert (written["do_lower_case"], written["keep_accents"]) == (False, True)
    assert read_checkpoint(tmp_path / "out").tokenizer.options == options


def test_the_config_says_what_the_file_holds(folder, tmp_path):
    change_config(folder, dtype="bfloat16", torch_dtype="bfloat16", my_note="kept", architectures=[])
    found = read_checkpoint(folder)
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
    (out / "tokenizer.json").write_text("the old model's")
    write_folder(out, relabelled, found.tensors, found.tokenizer, overwrite=True)
    assert read_checkpoint(out).config.labels == ("p", "q", "r", "s", "t")
    assert (out / "notes.txt").read_text() == "mine"
    assert not (out / "tokenizer.json").exists()
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
        write_folder(out, found.config, found.tensors, Tokenizer.from_model_file(spm_30k))
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
    rewrite = read_checkpoint(folder)
    assert isinstance(rewrite.config, AlbertConfig)
    (folder / "model.safetensors").write_bytes(
        tensors_to_bytes({name: v for name, v in rewrite.tensors.items() if not name.startswith("classifier")})
    )
    with pytest.raises(FolderError, match=r"received an unnamed class without 'classifier.weight'"):
        read_checkpoint(folder)


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

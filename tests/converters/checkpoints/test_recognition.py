"""Which program's checkpoint lies at a path, and where its parts are."""

import shutil

import numpy as np
import pytest
from tf1_edits import rewritten

from albert_edge.errors import AlbertEdgeError
from albert_edge.model.checkpoint import read_tensors
from albert_edge.text.tokenizer import read_tokenizer
from converters.checkpoints.importing import import_checkpoint
from converters.checkpoints.sources import find_config, find_vocabulary, recognize


def test_each_kind_is_recognized(tf1_folder, pretraining_folder, tmp_path):
    assert recognize(pretraining_folder).format == "huggingface"
    source = recognize(tf1_folder)
    assert (source.format, source.prefix) == ("google-tf1", tf1_folder / "model.ckpt-best")
    assert recognize(tf1_folder / "model.ckpt-best") == recognize(tf1_folder / "model.ckpt-best.index") == source
    (tmp_path / "saved_model.pb").write_bytes(b"")
    assert recognize(tmp_path).prefix == tmp_path / "variables" / "variables"


def touch(*names):
    def make(folder):
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"")

    return make


@pytest.mark.parametrize(
    ("make", "checkpoint_format", "complaint"),
    [
        (
            touch("notes.txt"),
            None,
            r"a checkpoint must be one of huggingface, google-tf1, saved-model; received .*notes",
        ),
        (touch("config.json"), "google-tf1", "a checkpoint must be google-tf1; received"),
        (
            touch("config.json", "a.index"),
            None,
            "--format must say which checkpoint is meant; .*huggingface, google-tf1",
        ),
        (touch("a.ckpt-1.index", "a.ckpt-2.index"), None, r"one checkpoint must be meant; received .*a.ckpt-2'\]"),
        (touch("a.ckpt-1.index", "checkpoint"), None, r"checkpoint must name one of \['a.ckpt-1'\]; received None"),
    ],
)
def test_what_is_not_recognized_is_named(tmp_path, make, checkpoint_format, complaint):
    make(tmp_path)
    with pytest.raises(AlbertEdgeError, match=complaint):
        recognize(tmp_path, checkpoint_format)


def test_a_path_that_is_nothing(tmp_path):
    with pytest.raises(AlbertEdgeError, match=r"must be a folder, or the prefix of an .index file"):
        recognize(tmp_path / "model.ckpt-7")
    touch("a.index")(tmp_path)
    with pytest.raises(AlbertEdgeError, match="--format must be google-tf1 for the prefix of a checkpoint"):
        recognize(tmp_path / "a", "saved-model")


def test_the_state_file_chooses_whatever_machine_wrote_it(tmp_path):
    touch("model.ckpt-1.index", "model.ckpt-20.index")(tmp_path)
    (tmp_path / "checkpoint").write_text(
        'model_checkpoint_path: "gs://bucket/run/model.ckpt-20"\nall_model_checkpoint_paths: "model.ckpt-1"\n'
    )
    assert recognize(tmp_path).prefix == tmp_path / "model.ckpt-20"
    assert recognize(tmp_path / "model.ckpt-1").prefix == tmp_path / "model.ckpt-1"


def test_configs_and_vocabularies_are_found(tmp_path):
    assert find_config(tmp_path) is None
    with pytest.raises(AlbertEdgeError, match="or --vocab name one; received"):
        find_vocabulary(tmp_path)
    touch("assets/30k-clean.model", "assets/30k-clean.vocab", "assets/albert_config.json")(tmp_path)
    assert find_vocabulary(tmp_path).name == "30k-clean.model"
    assert find_config(tmp_path) == tmp_path / "assets" / "albert_config.json"
    touch("vocab_chinese.txt", "albert_config_base.json")(tmp_path)
    assert find_vocabulary(tmp_path).name == "vocab_chinese.txt"
    assert find_config(tmp_path).name == "albert_config_base.json"
    touch("vocab.txt")(tmp_path)
    with pytest.raises(
        AlbertEdgeError, match=r"--vocab must say which file is meant; received .*'vocab.txt', 'vocab_ch"
    ):
        find_vocabulary(tmp_path)


def test_a_chinese_checkpoint_brings_its_wordpiece_vocabulary(golden, tf1_folder, tmp_path):
    words = (golden / "wordpiece" / "vocab.txt").read_bytes()
    size = len(words.decode().splitlines())

    def widen(variables):
        for name in ("bert/embeddings/word_embeddings", "cls/predictions/output_bias"):
            variables[name] = np.resize(variables[name], (size, *variables[name].shape[1:]))

    source = rewritten(tf1_folder, tmp_path / "zh", widen, vocab_size=size)
    (source / "spiece.model").unlink()
    (source / "vocab_chinese.txt").write_bytes(words)
    report = import_checkpoint(source, tmp_path / "model")
    assert report["tokenizer"] == {"file": "vocab.txt", "pieces": size, "rules": "google"}
    tokenizer = read_tokenizer(tmp_path / "model")
    assert (tokenizer.kind, tokenizer.model, tokenizer.options.lower_case) == ("wordpiece", words, True)
    assert read_tensors(tmp_path / "model")["predictions.bias"].shape == (size,)


def test_options_of_the_tokenizer(tf1_folder, tmp_path):
    import_checkpoint(tf1_folder, tmp_path / "a", tokenizer_rules="huggingface", lower_case=False, keep_accents=True)
    options = read_tokenizer(tmp_path / "a").options
    assert (options.rules, options.lower_case, options.keep_accents) == ("huggingface", False, True)
    # And they survive another import, which says nothing about them.
    import_checkpoint(tmp_path / "a", tmp_path / "b")
    assert read_tokenizer(tmp_path / "b").options == options


def test_a_vocabulary_from_elsewhere(tf1_folder, pretraining_folder, spm_30k, tmp_path):
    bare = shutil.copytree(tf1_folder, tmp_path / "bare")
    (bare / "spiece.model").unlink()
    with pytest.raises(AlbertEdgeError, match="or --vocab name one"):
        import_checkpoint(bare, tmp_path / "model")
    with pytest.raises(AlbertEdgeError, match="received 30000 and 1000"):
        import_checkpoint(bare, tmp_path / "model", vocab=spm_30k)
    import_checkpoint(bare, tmp_path / "model", vocab=pretraining_folder / "spiece.model")
    assert (tmp_path / "model" / "spiece.model").is_file()

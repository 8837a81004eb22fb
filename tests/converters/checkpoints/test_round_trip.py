"""Import, export, import: bit for bit the same model, in every golden head; and Hugging Face reads what is exported."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tf1_edits import variables_of

from albert_edge.config import AlbertConfig
from albert_edge.errors import AlbertEdgeError, ConfigError, FolderError
from albert_edge.model.checkpoint import read_tensors
from albert_edge.model.folder import read_checkpoint, write_folder
from albert_edge.model.initial import initial_tensors
from albert_edge.text.options import WordPieceOptions
from albert_edge.text.tokenizer import SentencePieceTokenizer
from albert_edge.text.wordpiece import WordPieceTokenizer
from converters.checkpoints.exporting import export_checkpoint
from converters.checkpoints.huggingface import read_huggingface
from converters.checkpoints.importing import import_checkpoint

SCRIPT = Path(__file__).with_name("transformers_loads.py")

HEADS = ("masked_lm", "pretraining", "question_answering", "sequence_classification", "token_classification")
FILES = ("config.json", "model.safetensors", "spiece.model", "tokenizer_config.json", "special_tokens_map.json")


def there_and_back(source, tmp_path, checkpoint_format, task=None):
    """The folders of the first and the second import."""
    import_checkpoint(source, tmp_path / "first", task=task)
    export_checkpoint(tmp_path / "first", tmp_path / "exported", checkpoint_format)
    import_checkpoint(tmp_path / "exported", tmp_path / "second")
    return tmp_path / "first", tmp_path / "second"


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("family", ["base_like", "erf_two_labels"])
def test_hugging_face_and_back(golden, tmp_path, family, head):
    source = golden / family / head
    first, second = there_and_back(source, tmp_path, "huggingface")
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in FILES)
    before, after = read_tensors(source), read_tensors(second)
    assert sorted(before) == sorted(after)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert (source / "spiece.model").read_bytes() == (second / "spiece.model").read_bytes()
    old, new = (json.loads((folder / "config.json").read_text()) for folder in (source, second))
    # A question answerer's labels are start and end, which transformers never names.
    assert {key: new[key] for key in old} == old


def test_half_the_bytes(golden_folder, tmp_path):
    export_checkpoint(golden_folder, tmp_path / "half", "huggingface", dtype="float16")
    before, after = read_tensors(golden_folder), read_tensors(tmp_path / "half")
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (golden_folder, tmp_path / "half")]
    assert sizes[1] < 0.55 * sizes[0]
    assert json.loads((tmp_path / "half" / "config.json").read_text())["dtype"] == "float16"
    assert all(np.array_equal(before[name].astype(np.float16).astype(np.float32), after[name]) for name in before)


def test_what_float16_cannot_hold_is_refused(golden_folder, tmp_path):
    found = read_checkpoint(golden_folder)
    found.tensors["classifier.bias"][1] = -70000
    write_folder(tmp_path / "large", found.config, found.tensors, found.tokenizer, task=found.task)
    with pytest.raises(ConfigError, match=r"numbers up to 65504; received 70000 in classifier.bias"):
        export_checkpoint(tmp_path / "large", tmp_path / "half", "huggingface", dtype="float16")
    with pytest.raises(ConfigError, match="--dtype must be float32 for google-tf1; received 'float16'"):
        export_checkpoint(golden_folder, tmp_path / "half", "google-tf1", dtype="float16")
    assert not (tmp_path / "half").exists()


@pytest.mark.parametrize("head", [head for head in HEADS if head != "token_classification"])
def test_tensorflow_1_and_back(golden, tmp_path, head):
    first, second = there_and_back(golden / "base_like" / head, tmp_path, "google-tf1")
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in FILES)


def test_the_golden_tensorflow_1_checkpoint_and_back(tf1_folder, tmp_path):
    import_checkpoint(tf1_folder, tmp_path / "model")
    export_checkpoint(tmp_path / "model", tmp_path / "exported", "google-tf1")
    before, after = variables_of(tf1_folder), variables_of(tmp_path / "exported")
    assert sorted(before) == sorted(after)
    assert all(np.array_equal(before[name], after[name]) for name in before if name != "global_step")
    old, new = (json.loads((f / "albert_config.json").read_text()) for f in (tf1_folder, tmp_path / "exported"))
    assert sorted(set(new) - set(old)) == ["hugging_face"]
    assert {key: new[key] for key in old} == old
    assert (tmp_path / "exported" / "checkpoint").read_text() == (tf1_folder / "checkpoint").read_text() + "\n" * (
        not (tf1_folder / "checkpoint").read_text().endswith("\n")
    )
    assert (tmp_path / "exported" / "30k-clean.model").read_bytes() == (tf1_folder / "spiece.model").read_bytes()


def model_folder(golden, path, task, **changes):
    """A small model of `task` with random weights and options that are not the defaults."""
    source = golden / "base_like" / "sequence_classification"
    config = AlbertConfig.load(source).replace(**changes)
    tokenizer = SentencePieceTokenizer((source / "spiece.model").read_bytes())
    tokenizer = tokenizer.with_options(lower_case=False, keep_accents=True, rules="huggingface")
    write_folder(path, config, initial_tensors(config, task, 3), tokenizer, task=task)
    return path


@pytest.mark.parametrize(
    ("task", "changes"),
    [
        ("text-classification", {"labels": ("böse", "gut"), "problem_type": "multi_label_classification"}),
        ("text-classification", {"labels": ("score",), "problem_type": "regression"}),
        ("text-classification", {"num_hidden_groups": 3, "inner_group_num": 2, "hidden_act": "relu"}),
        ("multiple-choice", {}),
        ("sentence-order", {"labels": ("in_order", "swapped")}),
        ("feature-extraction", {}),
    ],
)
@pytest.mark.parametrize("checkpoint_format", ["google-tf1", "huggingface"])
def test_what_tensorflow_1_has_no_key_for_comes_back(golden, tmp_path, task, changes, checkpoint_format):
    settings = {} if task == "sentence-order" else {"extra": {"albert_edge": {"max_length": 32}}}
    source = model_folder(golden, tmp_path / "source", task, **{**settings, **changes})
    first, second = there_and_back(source, tmp_path, checkpoint_format)
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in FILES)
    assert all((source / name).read_bytes() == (second / name).read_bytes() for name in FILES)


def test_a_chinese_vocabulary_and_back(golden, tmp_path):
    words = WordPieceTokenizer((golden / "wordpiece" / "vocab.txt").read_bytes(), WordPieceOptions(lower_case=False))
    config = AlbertConfig.load(golden / "base_like" / "sequence_classification").replace(
        vocab_size=words.vocab_size,
        pad_token_id=words.pad_id,
        bos_token_id=words.cls_id,
        eos_token_id=words.sep_id,
    )
    source = tmp_path / "source"
    write_folder(source, config, initial_tensors(config, "text-classification", 1), words, task="text-classification")
    first, second = there_and_back(source, tmp_path, "google-tf1")
    assert (tmp_path / "exported" / "vocab.txt").read_bytes() == words.model
    for folder in (first, second):
        assert all((folder / path.name).read_bytes() == path.read_bytes() for path in source.iterdir())
        assert not (folder / "spiece.model").exists()


# === Refused ===


@pytest.mark.parametrize(
    ("task", "changes", "complaint"),
    [
        ("text-classification", {"hidden_act": "gelu"}, "whose gelu is the tanh form; received 'gelu'"),
        ("token-classification", {}, r"received token-classification \(AlbertForTokenClassification\)"),
        ("text-classification", {"layer_norm_eps": 1e-5}, "layer_norm_eps must be 1e-12"),
        ("pretraining", {}, "a sentence-order head must have 2 outputs for a TensorFlow 1 checkpoint; received 5"),
        ("text-classification", {"embedding_size": 48}, "embedding_hidden_mapping_in must be the identity"),
    ],
)
def test_what_tensorflow_1_cannot_compute_is_refused_by_name(golden, tmp_path, task, changes, complaint):
    source = model_folder(golden, tmp_path / "source", task, **changes)
    with pytest.raises(ConfigError, match=complaint):
        export_checkpoint(source, tmp_path / "out", "google-tf1")
    assert not (tmp_path / "out").exists()


def test_an_identity_mapping_goes_and_comes_back(golden, tmp_path):
    source = model_folder(golden, tmp_path / "source", "text-classification", embedding_size=48)
    found = read_checkpoint(source)
    mapping = "albert.encoder.embedding_hidden_mapping_in"
    tensors = {**found.tensors, f"{mapping}.weight": np.eye(48, dtype=np.float32)}
    write_folder(source, found.config, tensors, found.tokenizer, task="text-classification", overwrite=True)
    first, second = there_and_back(source, tmp_path, "google-tf1")
    assert not [name for name in variables_of(tmp_path / "exported") if "mapping" in name]
    assert (first / "model.safetensors").read_bytes() == (second / "model.safetensors").read_bytes()


def test_an_output_that_exists_needs_overwrite(golden_folder, tmp_path):
    export_checkpoint(golden_folder, tmp_path / "out", "google-tf1")
    (tmp_path / "out" / "notes.txt").write_text("kept")
    with pytest.raises(FolderError, match="must not exist unless --overwrite is given"):
        export_checkpoint(golden_folder, tmp_path / "out", "google-tf1")
    export_checkpoint(golden_folder, tmp_path / "out", "google-tf1", overwrite=True)
    assert (tmp_path / "out" / "notes.txt").read_text() == "kept"
    with pytest.raises(AlbertEdgeError, match="--format must be one of google-tf1, huggingface; received 'onnx'"):
        export_checkpoint(golden_folder, tmp_path / "other", "onnx")


# === Hugging Face's own loaders ===


@pytest.fixture(scope="module")
def loaded(transformers_python, golden, tmp_path_factory):
    """(family, head) -> what transformers made of the exported folder, and that folder."""
    root = tmp_path_factory.mktemp("exported")
    folders = {
        (family, head): root / f"{family} {head}" for family in ("base_like", "erf_two_labels") for head in HEADS
    }
    for (family, head), folder in folders.items():
        export_checkpoint(golden / family / head, folder, "huggingface")
    requests = [f"{folder}={golden / Path(*key) / 'expected.npz'}" for key, folder in folders.items()]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    done = subprocess.run(
        [transformers_python, str(SCRIPT), *requests], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    return {key: (seen[str(folder)], folder) for key, folder in folders.items()}


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("family", ["base_like", "erf_two_labels"])
def test_hugging_face_reads_the_export_whole(loaded, golden, family, head):
    seen, folder = loaded[family, head]
    assert seen["missing"] == seen["unexpected"] == []
    assert seen["class"] == read_huggingface(golden / family / head).config.architectures[0]
    assert seen["tokenizer"].startswith("AlbertTokenizer")
    tokenizer = read_checkpoint(folder).tokenizer
    assert seen["ids"] == [tokenizer.cls_id, *tokenizer.encode("Oil prices rise").ids, tokenizer.sep_id]
    with np.load(golden / family / head / "expected.npz") as expected, np.load(folder / "outputs.npz") as found:
        tokens = expected["attention_mask"] == 1
        compared = 0
        for name in set(expected) & set(found):
            pick = tokens if found[name].ndim > 2 or "start" in name or "end" in name else ...
            np.testing.assert_allclose(found[name][pick], expected[name][pick], rtol=0, atol=1e-5)
            compared += 1
        assert compared >= 1

"""Reading model folders, without TensorFlow; what bad ones get."""

import shutil

import numpy as np
import pytest
from folder_edits import change_config, rewrite_tensors

from albert_edge.errors import ConfigError, FolderError, TokenizerError
from albert_edge.model.folder import read_checkpoint


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
        read_checkpoint(folder, "text-classification")
    found = read_checkpoint(folder, "text-classification", new_head=True, labels=["no", "yes"])
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
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "must hold one of model.safetensors, .*; received"),
    "weights truncated": (break_weights, "must be a whole safetensors file"),
    "no vocabulary": (lambda f: (f / "spiece.model").unlink(), "must hold spiece.model, vocab.txt or tokenizer.json;"),
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

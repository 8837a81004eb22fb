"""Several heads on one trunk in one file: what they share, what they answer, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import albert_edge
from albert_edge.artifact import read_artifact
from albert_edge.cli import cli
from albert_edge.config import AlbertConfig
from albert_edge.errors import ArtifactError, ConfigError, FolderError
from albert_edge.model.folder import read_checkpoint, write_folder
from albert_edge.model.predictor import KerasPredictor
from albert_edge.model.tensors import WORD_EMBEDDINGS
from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.running import run_packed
from albert_edge.text.options import TokenizerOptions
from albert_edge.text.tokenizer import SentencePieceTokenizer
from converters.combination import read_heads, split_request
from converters.samples import sample_inputs
from converters.targets import installed_targets


@pytest.fixture
def pretrained(golden: Path) -> Path:
    return golden / "base_like" / "pretraining"


@pytest.fixture(scope="module")
def tagger(golden: Path, tmp_path_factory) -> Path:
    """A tagger, its head random, on the frozen trunk of the pretrained model."""
    found = read_checkpoint(
        golden / "base_like" / "pretraining", "tag", new_head=True, labels=["O", "B-x", "I-x"], seed=4
    )
    folder = tmp_path_factory.mktemp("tagger") / "model"
    write_folder(folder, found.config, found.tensors, found.tokenizer, task=found.task)
    return folder


def changed(folder: Path, out: Path, tensors=None, config=None, tokenizer=None) -> Path:
    """A copy of a folder with something else."""
    found = read_checkpoint(folder)
    write_folder(
        out,
        config(found.config) if config else found.config,
        {**found.tensors, **(tensors(found.tensors) if tensors else {})},
        tokenizer(found.tokenizer) if tokenizer else found.tokenizer,
        task=found.task,
    )
    return out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model", ("model", None)),
        ("model=tag", ("model", "tag")),
        ("a=b/model", ("a=b/model", None)),
        ("a=b/model=fill-mask", ("a=b/model", "fill-mask")),
        ("=tag", ("=tag", None)),
        (Path("model=tag"), (Path("model=tag"), None)),
    ],
)
def test_a_request_names_a_folder_and_a_task(text, expected):
    assert split_request(text) == expected


def test_one_folder_gives_two_heads(pretrained: Path):
    order, fill = read_heads(pretrained, None, [f"{pretrained}=fill-mask"], {})
    assert (order.task, fill.task) == ("sentence-order", "fill-mask")


@pytest.mark.parametrize("name", [WORD_EMBEDDINGS, "albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.bias"])
def test_one_bit_is_another_trunk(pretrained: Path, tagger: Path, tmp_path: Path, name: str):
    def flip(tensors):
        values = tensors[name].copy()
        values.view(np.uint32).flat[-1] ^= 1
        return {name: values}

    other = changed(tagger, tmp_path / "other", tensors=flip)
    with pytest.raises(FolderError, match=rf"share every tensor of the encoder .*; received another {name} for token"):
        read_heads(pretrained, None, [other], {})


@pytest.mark.parametrize("field", ["hidden_act", "num_hidden_layers", "layer_norm_eps"])
def test_another_shape_is_another_trunk_though_no_tensor_shows_it(
    pretrained: Path, tagger: Path, tmp_path: Path, field: str
):
    values = {"hidden_act": "relu", "num_hidden_layers": 2, "layer_norm_eps": 1e-6}
    other = changed(tagger, tmp_path / "other", config=lambda config: config.replace(**{field: values[field]}))
    with pytest.raises(ArtifactError, match=f"heads of one file must share {field}"):
        read_heads(pretrained, None, [other], {})


def test_other_token_ids_are_another_trunk(pretrained: Path, tagger: Path, tmp_path: Path):
    def cased(tokenizer):
        return SentencePieceTokenizer(tokenizer.model, TokenizerOptions(lower_case=False))

    other = changed(tagger, tmp_path / "other", tokenizer=cased)
    with pytest.raises(FolderError, match="must share the tokenizer's options; received"):
        read_heads(pretrained, None, [other], {})


def test_a_task_comes_once(tagger: Path):
    with pytest.raises(ArtifactError, match="each head of one file must have a task of its own"):
        read_heads(tagger, None, [tagger], {})


def test_settings_go_to_the_heads_that_have_a_use_for_them(pretrained: Path):
    order, embed = read_heads(pretrained, None, [f"{pretrained}=embed"], {"pooling": "cls", "max_length": 32})
    assert (order.config.settings.pooling, embed.config.settings.pooling) == ("mean", "cls")
    assert order.config.settings.max_length == embed.config.settings.max_length == 32
    positions = order.config.max_position_embeddings
    for settings, rule in (
        ({"max_length": positions + 1}, f"max_length must be at most the model's {positions} positions"),
        ({"stride": positions - 1}, f"stride must be from 1 to a window's room of {positions - 2} pieces"),
        ({"max_length": 16, "stride": 15}, "stride must be from 1 to a window's room of 14 pieces; received 15"),
    ):
        with pytest.raises(ConfigError, match=rule):
            read_heads(pretrained, None, [], settings)
    read_heads(pretrained, None, [], {"max_length": positions, "stride": positions - 2})
    with pytest.raises(ConfigError, match="pooling belongs to feature-extraction; received it for sentence-order"):
        read_heads(pretrained, None, [], {"pooling": "cls"})


@pytest.mark.slow
def test_all_heads_answer_from_one_pass(pretrained: Path, tagger: Path, tmp_path: Path):
    """Each output is that of the head's own model, on every runtime, and the trunk is stored once."""
    out, targets = tmp_path / "all.tflite", installed_targets()
    others = [str(tagger), f"{pretrained}=fill", f"{pretrained}=embed"]
    labels = [target.label for target in targets]
    report = albert_edge.convert(pretrained, out, with_=others, scheme="float32", targets=labels)
    assert set(report["verified"][0]["outputs"]) == {"order_logits", "tag_logits", "fill_logits", "embed_embedding"}
    alone = albert_edge.convert(pretrained, tmp_path / "order.tflite", scheme="float32")
    # Four heads' own weights: classifiers (2 and 3 rows of 48), the fill-mask head; the trunk isn't there twice.
    assert report["unique_weight_bytes"] - alone["unique_weight_bytes"] == 4 * (16 * 48 + 1000)
    artifact = read_artifact(out)
    inputs = sample_inputs(artifact.config, artifact.tokenizer(), 64)
    folders = {"token-classification": tagger}
    for target in targets:
        with open_session(artifact, runtime=target.runtime) as session:
            received = [run_packed(session, artifact.manifest, packed) for packed in inputs]
        for head in artifact.heads:
            expected = KerasPredictor(folders.get(head.task, pretrained), head.task).outputs(inputs)
            for mine, theirs in zip(received, expected, strict=True):
                for name, values in theirs.items():
                    np.testing.assert_allclose(mine[head.task][name], values, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_two_poolers_are_both_kept(pretrained: Path, golden: Path, tmp_path: Path):
    """A classifier may have learnt a pooler of its own on the frozen trunk."""

    def own_pooler(tensors):
        return {name: -values for name, values in tensors.items() if name.startswith("albert.pooler")}

    found = read_checkpoint(pretrained, "classify", new_head=True, labels=["a", "b", "c"])
    write_folder(tmp_path / "classifier", found.config, found.tensors, found.tokenizer, task=found.task)
    other = changed(tmp_path / "classifier", tmp_path / "other", tensors=own_pooler)
    report = albert_edge.convert(pretrained, tmp_path / "both.tflite", with_=[other], scheme="float32")
    shared = albert_edge.convert(pretrained, tmp_path / "one.tflite", with_=[tmp_path / "classifier"], scheme="float32")
    assert report["unique_weight_bytes"] - shared["unique_weight_bytes"] == 4 * 48 * 48
    assert max(each["max_abs_difference"] for each in report["verified"][0]["outputs"].values()) < 1e-4


@pytest.mark.slow
def test_the_commands_take_further_heads(pretrained: Path, tmp_path: Path):
    out = tmp_path / "both.tflite"
    heads = ["--with", f"{pretrained}=fill-mask"]
    done = CliRunner().invoke(
        cli, ["convert", str(pretrained), str(out), "--task", "order", *heads, "--scheme", "float32"]
    )
    assert done.exit_code == 0, done.output
    assert "fill_logits" in done.output
    done = CliRunner().invoke(cli, ["verify", str(out), "--reference", str(pretrained), *heads, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["max_abs_difference"] < 1e-4
    done = CliRunner().invoke(cli, ["verify", str(out), "--reference", str(pretrained)])
    assert isinstance(done.exception, ArtifactError)
    assert "must be compared with a folder for each" in str(done.exception)


@pytest.mark.slow
def test_settings_reach_the_file(pretrained: Path, tmp_path: Path):
    out = tmp_path / "embed.tflite"
    arguments = ["--task", "embed", "--pooling", "cls", "--no-normalize", "--max-length", "16", "--scheme", "float32"]
    done = CliRunner().invoke(cli, ["convert", str(pretrained), str(out), *arguments])
    assert done.exit_code == 0, done.output
    settings = read_artifact(out).config.settings
    assert (settings.pooling, settings.normalize, settings.max_length) == ("cls", False, 16)
    # The reference is pooled as the file, whatever the folder says.
    assert albert_edge.verify(out, pretrained)["failures"] == []
    assert AlbertConfig.load(pretrained).settings.pooling == "mean"

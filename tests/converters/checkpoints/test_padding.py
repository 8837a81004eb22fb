"""Export of a model whose attention heads were pruned: other programs get heads of zeros in their place."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.folder import read_checkpoint, read_folder, write_folder
from albert_edge.model.initial import initial_tensors
from converters.checkpoints.exporting import export_checkpoint
from converters.checkpoints.importing import import_checkpoint
from converters.checkpoints.padding import missing_heads

SCRIPT = Path(__file__).with_name("transformers_loads.py")
TASK = "text-classification"


@pytest.fixture(scope="module")
def pruned_folder(golden_folder, tmp_path_factory):
    """The golden shape with two of its four heads, of 12 columns, and 56 of its feed-forward units."""
    like = read_checkpoint(golden_folder)
    config = like.config.with_settings(attention_head_size=12).replace(num_attention_heads=2, intermediate_size=56)
    config = config.replace(initializer_range=0.3)
    folder = tmp_path_factory.mktemp("pruned") / "model"
    write_folder(folder, config, initial_tensors(config, TASK, 3), like.tokenizer, task=TASK)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("checkpoint_format", ["huggingface", "google-tf1"])
def test_the_exported_model_answers_alike(pruned_folder, tmp_path, checkpoint_format):
    from albert_edge.model.keras import tf

    report = export_checkpoint(pruned_folder, tmp_path / "out", checkpoint_format)
    assert report["zero_heads"] == 2
    import_checkpoint(tmp_path / "out", tmp_path / "back")
    config = AlbertConfig.load(tmp_path / "back")
    assert (config.num_attention_heads, config.settings.attention_head_size, config.intermediate_size) == (4, None, 56)
    ids = tf.constant([[2, 5, 6, 7, 3]])
    logits = [read_folder(folder).model(ids).logits.numpy() for folder in (pruned_folder, tmp_path / "back")]
    assert np.ptp(logits[0]) > 0.1
    np.testing.assert_allclose(logits[1], logits[0], rtol=0, atol=1e-6)


@pytest.mark.slow
def test_transformers_answers_alike_and_takes_the_folder_itself_for_damaged(
    transformers_python, pruned_folder, golden_folder, tmp_path
):
    from albert_edge.model.keras import tf

    export_checkpoint(pruned_folder, tmp_path / "out", "huggingface")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}

    def loaded(folder):
        command = [transformers_python, str(SCRIPT), f"{folder}={golden_folder / 'expected.npz'}"]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    done = loaded(tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[str(tmp_path / "out")]["missing"] == []
    inputs = np.load(golden_folder / "expected.npz")
    names = ("input_ids", "attention_mask", "token_type_ids")
    own = read_folder(pruned_folder).model(*(tf.constant(inputs[name], tf.int32) for name in names)).logits.numpy()
    theirs = np.load(tmp_path / "out" / "outputs.npz")["logits"]
    assert np.ptp(own) > 0.1
    np.testing.assert_allclose(theirs, own, rtol=0, atol=1e-5)
    unpadded = loaded(pruned_folder)
    assert unpadded.returncode != 0
    assert "size" in unpadded.stderr


def test_heads_that_cannot_fill_the_model_are_refused():
    config = AlbertConfig(hidden_size=64, num_attention_heads=4).with_settings(attention_head_size=24)
    with pytest.raises(ConfigError, match=r"must fill hidden_size 64 to be exported, .*; received 4 of 24"):
        missing_heads(config)
    wide = config.with_settings(attention_head_size=16).replace(num_attention_heads=5)
    with pytest.raises(ConfigError, match="received 5 of 16"):
        missing_heads(wide)
    assert missing_heads(wide.replace(num_attention_heads=1)) == 3
    assert missing_heads(AlbertConfig()) == 0

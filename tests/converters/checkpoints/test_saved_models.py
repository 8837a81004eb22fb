"""SavedModels as TF-Hub has them, written small in both styles (saved_models.py says after which programs)."""

import json
import shutil

import numpy as np
import pytest
from tf1_edits import variables_of

from albert_edge.errors import ConfigError, FolderError
from albert_edge.model.checkpoint import read_tensors
from albert_edge.model.folder import read_checkpoint, read_folder
from albert_edge.text.tokenizer import read_tokenizer
from converters.checkpoints.importing import import_checkpoint

pytestmark = pytest.mark.slow

INPUTS = np.array([[2, 5, 70, 900, 3], [2, 3, 4, 5, 6]], np.int32), np.array([[0, 0, 0, 1, 1], [0] * 5], np.int32)


@pytest.fixture(scope="module")
def trunk(pretraining_folder):
    return read_checkpoint(pretraining_folder, "feature-extraction")


@pytest.fixture(scope="module")
def hub(tf1_folder, tmp_path_factory):
    """A module of TF-Hub's first format."""
    from saved_models import hub_module

    variables = {name: values for name, values in variables_of(tf1_folder).items() if name != "global_step"}
    config, words = tf1_folder / "albert_config.json", tf1_folder / "spiece.model"
    return hub_module(tmp_path_factory.mktemp("hub") / "module", variables, words, config)


@pytest.fixture(scope="module")
def encoder(trunk, pretraining_folder, tmp_path_factory):
    """A Keras encoder and its own answers to `INPUTS`."""
    from saved_models import keras_encoder

    folder = tmp_path_factory.mktemp("keras") / "encoder"
    words = pretraining_folder / "spiece.model"
    return folder, keras_encoder(folder, trunk.config, trunk.tensors, words, INPUTS)


def test_a_hub_module_is_the_checkpoint_that_it_was_made_of(hub, pretraining_folder, tmp_path):
    report = import_checkpoint(hub, tmp_path / "model")
    assert (report["format"], report["class"], report["dropped"]) == ("saved-model", "AlbertForPreTraining", [])
    found, expected = read_tensors(tmp_path / "model"), read_tensors(pretraining_folder)
    assert sorted(found) == sorted(expected)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_a_module_without_its_config_asks_for_one(hub, tf1_folder, tmp_path):
    bare = shutil.copytree(hub, tmp_path / "bare")
    (bare / "assets" / "albert_config.json").unlink()
    with pytest.raises(ConfigError, match=r"must come with its albert_config.json, in its folder or as --config"):
        import_checkpoint(bare, tmp_path / "model")
    report = import_checkpoint(bare, tmp_path / "model", config=tf1_folder / "albert_config.json")
    assert report["tensors"] == 32


def test_a_keras_encoder_is_read_with_its_settings(encoder, trunk, tmp_path):
    folder, _ = encoder
    report = import_checkpoint(folder, tmp_path / "model")
    assert (report["class"], report["dropped"], report["made"]) == ("AlbertModel", [], [])
    found = read_checkpoint(tmp_path / "model")
    assert all(np.array_equal(found.tensors[name], values) for name, values in trunk.tensors.items())
    expected = trunk.config.replace(
        hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.2, classifier_dropout_prob=0.1, extra={}
    )
    assert found.config.replace(extra={}) == expected
    assert read_tokenizer(tmp_path / "model").options.rules == "google"


def test_a_keras_encoder_gives_its_own_numbers(encoder, tmp_path):
    """The network as tensorflow/models computes it, attention by Keras, against this project's."""
    from albert_edge.model.keras import tf

    folder, (hidden, pooled) = encoder
    import_checkpoint(folder, tmp_path / "model")
    ids, segments = (tf.constant(part) for part in INPUTS)
    outputs = read_folder(tmp_path / "model").model(ids, tf.ones_like(ids), segments)
    np.testing.assert_allclose(outputs.hidden_states[-1], hidden, rtol=0, atol=1e-5)
    np.testing.assert_allclose(outputs.pooled, pooled, rtol=0, atol=1e-5)


def test_settings_in_the_older_place(encoder, tmp_path):
    """Before TensorFlow 2.5 Keras wrote its notes into saved_model.pb itself."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
    from tf_keras.protobuf.saved_metadata_pb2 import SavedMetadata

    older = shutil.copytree(encoder[0], tmp_path / "older")
    notes = SavedMetadata.FromString((older / "keras_metadata.pb").read_bytes())
    (older / "keras_metadata.pb").unlink()
    with pytest.raises(ConfigError, match="or else come with --config"):
        import_checkpoint(older, tmp_path / "model")
    model = SavedModel.FromString((older / "saved_model.pb").read_bytes())
    model.meta_graphs[0].object_graph_def.nodes[0].user_object.metadata = notes.nodes[0].metadata
    (older / "saved_model.pb").write_bytes(model.SerializeToString())
    import_checkpoint(older, tmp_path / "model")
    assert read_checkpoint(tmp_path / "model").config.num_hidden_layers == 3


def words_head(tensors):
    """The prediction of masked words under the names of `masked_lm.py` in a pretrainer called `bert`."""
    names = {
        "transform/dense/kernel": tensors["predictions.dense.weight"].T,
        "transform/dense/bias": tensors["predictions.dense.bias"],
        "transform/LayerNorm/gamma": tensors["predictions.LayerNorm.weight"],
        "transform/LayerNorm/beta": tensors["predictions.LayerNorm.bias"],
        "output_bias/bias": tensors["predictions.bias"],
    }
    return {f"bert/cls/predictions/{name}": values for name, values in names.items()}


def test_an_encoder_of_plain_variables(trunk, tf1_folder, pretraining_folder, tmp_path):
    """With a scope before the names, the earlier releases' name of attention's output, and the head for words."""
    from saved_models import keras_variables, objects

    tensors = read_tensors(pretraining_folder)
    earlier = {
        f"albert_encoder/{name.replace('self_attention/attention_output', 'self_attention_output')}": values
        for name, values in keras_variables(trunk.config, tensors).items()
    }
    assert "albert_encoder/transformer/self_attention_output/kernel" in earlier
    flag = {"do_lower_case": np.array(True)}
    folder = objects(tmp_path / "objects", {**earlier, **words_head(tensors), **flag}, tf1_folder / "spiece.model")
    with pytest.raises(ConfigError, match="or else come with --config"):
        import_checkpoint(folder, tmp_path / "model")
    report = import_checkpoint(folder, tmp_path / "model", config=tf1_folder / "albert_config.json")
    found = read_tensors(tmp_path / "model")
    assert report["class"] == "AlbertForMaskedLM"
    assert all(np.array_equal(values, tensors[name]) for name, values in found.items())
    reasons = {entry["name"]: entry["reason"] for entry in report["dropped"]}
    assert reasons["do_lower_case"] == "a flag of the exporter"
    assert reasons["albert_encoder/pooler_transform/bias"] == "AlbertForMaskedLM has no pooler"
    with pytest.raises(ConfigError, match=r"for a SavedModel of a Keras encoder; received 'text-classification'"):
        import_checkpoint(folder, tmp_path / "x", config=tf1_folder / "albert_config.json", task="classify")
    order = {
        "predictions/transform/logits/kernel": tensors["sop_classifier.classifier.weight"].T,
        "predictions/transform/logits/bias": tensors["sop_classifier.classifier.bias"],
    }
    whole = objects(tmp_path / "whole", {**earlier, **words_head(tensors), **order}, tf1_folder / "spiece.model")
    report = import_checkpoint(whole, tmp_path / "pretraining", config=tf1_folder / "albert_config.json")
    assert report["class"] == "AlbertForPreTraining"
    found = read_tensors(tmp_path / "pretraining")
    assert all(np.array_equal(found[name], values) for name, values in tensors.items())
    encoder_alone = import_checkpoint(
        folder, tmp_path / "trunk", config=tf1_folder / "albert_config.json", task="feature-extraction"
    )
    assert encoder_alone["class"] == "AlbertModel"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda v: v.update({"transformer/gate": np.zeros(2, np.float32)}), "received the unknown 'transformer/gate'"),
        (lambda v: v.pop("pooler_transform/bias"), "received none named 'pooler_transform/bias'"),
        (
            lambda v: v.update({"transformer/self_attention/query/bias": np.zeros((6, 8), np.float32)}),
            r"query/bias must have the shape \[4, 12\]; received \[6, 8\]",
        ),
        (
            lambda v: v.update({"x/pooler_transform/bias": np.zeros(48, np.float32)}),
            "must hold each variable once; received '(x/)?pooler_transform/bias'",
        ),
    ],
)
def test_what_does_not_fit_is_named(trunk, tf1_folder, tmp_path, change, complaint):
    from saved_models import keras_variables, objects

    variables = keras_variables(trunk.config, trunk.tensors)
    change(variables)
    folder = objects(tmp_path / "objects", variables, tf1_folder / "spiece.model")
    with pytest.raises(FolderError, match=complaint) as caught:
        import_checkpoint(folder, tmp_path / "model", config=tf1_folder / "albert_config.json")
    assert caught.value.exit_code == 2


def test_a_training_checkpoint_drops_its_optimizers_slots(trunk, tf1_folder, tmp_path):
    """An object-based checkpoint of a training, beside its albert_config.json: slots are marked in the graph."""
    from saved_models import AlbertEncoder

    from albert_edge.model.keras import keras, tf

    encoder = AlbertEncoder(trunk.config)
    optimizer = keras.optimizers.legacy.Adam()
    optimizer.apply_gradients([(tf.zeros_like(variable), variable) for variable in encoder.trainable_variables])
    tf.train.Checkpoint(model=encoder, optimizer=optimizer).save(str(tmp_path / "training" / "ckpt"))
    for name in ("albert_config.json", "spiece.model"):
        shutil.copyfile(tf1_folder / name, tmp_path / "training" / name)
    report = import_checkpoint(tmp_path / "training", tmp_path / "model")
    reasons = [entry["reason"] for entry in report["dropped"]]
    assert reasons.count("a slot of the optimizer") == 2 * 25
    assert report["tensors"] == 25
    found = read_tensors(tmp_path / "model")
    expected = {variable.name: variable.numpy() for variable in encoder.variables}
    np.testing.assert_array_equal(
        found["albert.embeddings.word_embeddings.weight"], expected["word_embeddings/embeddings:0"]
    )


@pytest.mark.parametrize("name", ["saved_model.pb", "keras_metadata.pb"])
def test_damaged_notes_are_one_line(encoder, tmp_path, name):
    damaged = shutil.copytree(encoder[0], tmp_path / "damaged")
    (damaged / "keras_metadata.pb").write_bytes(b"")
    (damaged / name).write_bytes(b"\xff" * 40)
    with pytest.raises(FolderError, match=f"{name} must be whole; received"):
        import_checkpoint(damaged, tmp_path / "model")


def test_another_activation_is_refused(encoder, tmp_path):
    changed = shutil.copytree(encoder[0], tmp_path / "changed")
    data = (changed / "keras_metadata.pb").read_bytes()
    assert json.dumps("gelu").encode() in data
    (changed / "keras_metadata.pb").write_bytes(data.replace(b'"activation": "gelu"', b'"activation": "silu"'))
    with pytest.raises(ConfigError, match=r"an encoder's activation must be one of .*; received 'silu'"):
        import_checkpoint(changed, tmp_path / "model")

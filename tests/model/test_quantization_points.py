"""Where a model hands its activations to a quantization, and that it stays the same model if nothing is done there."""

import numpy as np
import pytest

from albert_edge.model.folder import read_folder

pytestmark = pytest.mark.slow  # TensorFlow's start alone takes seconds.

BLOCK = (
    *("attention_input", "query", "key", "value", "scores", "probabilities", "context", "attention_output"),
    *("ffn_input", "ffn_inner", "ffn_activated", "ffn_output"),
)
POOLER = ("pooler_input", "pooler_output")
HEADS = {
    "text-classification": (*POOLER, "head_input", "logits"),
    "token-classification": ("head_input", "logits"),
    "question-answering": ("head_input", "logits"),
    "fill-mask": ("head_input", "head_inner"),
}


@pytest.fixture(scope="module")
def loaded(golden):
    return read_folder(golden / "base_like" / "sequence_classification")


def recorder():
    from albert_edge.model.quantization import Quantization

    class Recorder(Quantization):
        """Looks at the values and leaves them as they are."""

        def __init__(self):
            self.seen = {}

        def activation(self, point, values, depth, training):
            self.seen.setdefault(point, {})[depth] = np.asarray(values)
            return values

    return Recorder()


@pytest.mark.parametrize("task", HEADS)
def test_the_points_of_a_task(loaded, task):
    from albert_edge.model.heads import build_model

    seen = recorder()
    build_model(loaded.config, task, seen)
    blocks = {f"0.0.{name}" for name in BLOCK}
    assert set(seen.seen) == {"mapping_input", "mapping_output", *blocks, *HEADS[task]}
    layers = loaded.config.num_hidden_layers
    assert {name: sorted(seen.seen[name]) for name in blocks} == {key: list(range(layers)) for key in blocks}
    assert [list(seen.seen[name]) for name in HEADS[task]] == [[layers]] * len(HEADS[task])


def test_what_the_points_are(loaded, golden):
    from albert_edge.model.heads import build_model
    from albert_edge.model.keras import tf
    from albert_edge.model.weights import load_state_dict, state_dict

    seen, tensors = recorder(), state_dict(loaded.model)
    model = build_model(loaded.config, "text-classification", seen)
    load_state_dict(model, tensors)
    ids = np.load(golden / "base_like" / "sequence_classification" / "expected.npz")["input_ids"][:1, :6]
    outputs, plain = model(ids), loaded.model(ids)
    assert np.array_equal(outputs.logits, plain.logits)
    at = {name: values[max(values)] for name, values in seen.seen.items()}
    size = loaded.config.attention_head_size
    for name, given, factor in (("query", "attention_input", size**-0.5), ("key", "attention_input", 1)):
        product = at[f"0.0.{given}"] @ tensors[f"{block(name)}.weight"].T + tensors[f"{block(name)}.bias"]
        joined = at[f"0.0.{name}"].transpose(0, 2, 1, 3).reshape(product.shape)
        np.testing.assert_allclose(joined, product * factor, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(at["0.0.scores"], at["0.0.query"] @ at["0.0.key"].transpose(0, 1, 3, 2), atol=1e-5)
    np.testing.assert_allclose(at["0.0.probabilities"], tf.nn.softmax(at["0.0.scores"]), atol=1e-6)
    np.testing.assert_array_equal(outputs.attentions[-1], at["0.0.probabilities"])
    assert len(outputs.attentions) == loaded.config.num_hidden_layers
    np.testing.assert_allclose(np.tanh(at["pooler_output"]), at["head_input"], atol=1e-6)
    np.testing.assert_array_equal(at["logits"], outputs.logits)


def block(name):
    return f"albert.encoder.albert_layer_groups.0.albert_layers.0.attention.{name}"


def test_nothing_stands_in_the_graph_of_a_model_without(loaded):
    from albert_edge.model.keras import tf

    function = tf.function(
        lambda ids: loaded.model(ids).logits, input_signature=[tf.TensorSpec((None, None), tf.int32)]
    )
    kinds = {node.op for node in function.get_concrete_function().graph.as_graph_def().node}
    assert not {kind for kind in kinds if kind.startswith(("FakeQuant", "Round", "Identity")) and kind != "Identity"}
    assert {type(layer).__name__ for layer in loaded.model.submodules if hasattr(layer, "kernel")} == {"Dense"}

"""Small SavedModels in the two styles of TF-Hub's ALBERTs, with given weights.

`hub_module`: what `export_to_tfhub.py` of google-research/albert wrote through `hub.create_module_spec`: a graph of
TensorFlow 1 with the variables of `modeling.py`, and the config and the vocabulary among the assets.

`keras_encoder`: what `export_tfhub_lib.py` of tensorflow/models wrote: the Keras network of `albert_encoder.py` (layers
`word_embeddings`, `position_embedding`, `type_embeddings`, `embeddings/layer_norm`, `embedding_projection`,
`transformer`, `pooler_transform`) saved by Keras, with only the vocabulary among the assets. Attention is Keras's own
`MultiHeadAttention`, from which the original layer derives, so that its names are the real ones.
"""

import numpy as np

from albert_edge.model.keras import keras, tf


def hub_module(folder, variables, vocabulary, config=None, scope=""):
    """A graph with `variables` (name -> array) and a signature that reads one of them."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        made = [
            tf.compat.v1.get_variable(scope + name, initializer=tf.constant(values), use_resource=False)
            for name, values in variables.items()
        ]
        assets = [str(path) for path in (vocabulary, config) if path is not None]
        for path in assets:
            tf.compat.v1.add_to_collection(tf.compat.v1.GraphKeys.ASSET_FILEPATHS, tf.constant(path))
        session.run(tf.compat.v1.global_variables_initializer())
        builder = tf.compat.v1.saved_model.Builder(str(folder))
        tensor = tf.compat.v1.saved_model.build_tensor_info(tf.identity(made[0]))
        signature = tf.compat.v1.saved_model.build_signature_def(outputs={"default": tensor}, method_name="tokens")
        collection = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.ASSET_FILEPATHS)
        builder.add_meta_graph_and_variables(
            session, [], signature_def_map={"tokens": signature}, assets_collection=collection
        )
        builder.save()
    (folder / "tfhub_module.pb").write_bytes(b"\x08\x03")
    return folder


class Block(keras.layers.Layer):
    """The variables of tensorflow/models' `TransformerEncoderBlock`."""

    def __init__(self, heads, size, intermediate, hidden, **kwargs):
        super().__init__(**kwargs)
        self.attention = keras.layers.MultiHeadAttention(heads, size, name="self_attention")
        self.attention_norm = keras.layers.LayerNormalization(epsilon=1e-12, name="self_attention_layer_norm")
        self.inner = keras.layers.EinsumDense("abc,cd->abd", (None, intermediate), bias_axes="d", name="intermediate")
        self.outer = keras.layers.EinsumDense("abc,cd->abd", (None, hidden), bias_axes="d", name="output")
        self.norm = keras.layers.LayerNormalization(epsilon=1e-12, name="output_layer_norm")

    def call(self, data):
        data = self.attention_norm(data + self.attention(data, data))
        return self.norm(data + self.outer(keras.activations.gelu(self.inner(data), approximate=True)))


class Positions(keras.layers.Layer):
    """The variables of tensorflow/models' `PositionEmbedding`."""

    def __init__(self, rows, width, **kwargs):
        super().__init__(**kwargs)
        self.table = (rows, width)

    def build(self, shape):
        self.embeddings = self.add_weight("embeddings", self.table)
        super().build(shape)

    def call(self, data):
        return self.embeddings[None, : tf.shape(data)[1]]


class Table(keras.layers.Layer):
    """The variables of tensorflow/models' `OnDeviceEmbedding`."""

    def __init__(self, rows, width, **kwargs):
        super().__init__(**kwargs)
        self.table = (rows, width)

    def build(self, shape):
        self.embeddings = self.add_weight("embeddings", self.table)
        super().build(shape)

    def call(self, ids):
        return tf.gather(self.embeddings, ids)


class AlbertEncoder(keras.Model):
    """The network with the settings that Keras writes beside it."""

    def __init__(self, config, **kwargs):
        self._settings = {
            "vocab_size": config.vocab_size,
            "embedding_width": config.embedding_size,
            "num_layers": config.num_hidden_layers,
            "num_attention_heads": config.num_attention_heads,
            "activation": "gelu",
            "dropout_rate": 0.1,
            "attention_dropout_rate": 0.2,
        }
        words, kinds = (keras.Input((None,), dtype=tf.int32, name=f"input_{n}_ids") for n in ("word", "type"))
        data = Table(config.vocab_size, config.embedding_size, name="word_embeddings")(words)
        places = Positions(config.max_position_embeddings, config.embedding_size, name="position_embedding")(data)
        types = Table(config.type_vocab_size, config.embedding_size, name="type_embeddings")(kinds)
        data = keras.layers.Add()([data, places, types])
        data = keras.layers.LayerNormalization(name="embeddings/layer_norm", epsilon=1e-12)(data)
        data = keras.layers.EinsumDense(
            "...x,xy->...y", config.hidden_size, bias_axes="y", name="embedding_projection"
        )(data)
        size = config.attention_head_size
        block = Block(
            config.num_attention_heads, size, config.intermediate_size, config.hidden_size, name="transformer"
        )
        for _ in range(config.num_hidden_layers):
            data = block(data)
        pooled = keras.layers.Dense(config.hidden_size, activation="tanh", name="pooler_transform")(data[:, 0, :])
        super().__init__(inputs=[words, kinds], outputs=[data, pooled], **kwargs)

    def get_config(self):
        return self._settings


def keras_encoder(folder, config, tensors, vocabulary, inputs):
    """The encoder with Hugging Face's `tensors`, exported; returns what it answers to `inputs` (ids, segments)."""
    encoder = AlbertEncoder(config)
    for variable in encoder.variables:
        variable.assign(_value(variable, tensors))
    core = keras.Model(encoder.inputs, encoder(encoder.inputs))
    core.sp_model_file = tf.saved_model.Asset(str(vocabulary))
    core.save(str(folder), include_optimizer=False, save_format="tf")
    return [values.numpy() for values in encoder([tf.constant(part) for part in inputs])]


def objects(folder, variables, vocabulary):
    """A SavedModel of plain `variables` (full name -> array) without Keras's notes, as other exporters make."""
    root = tf.Module()
    root.held = [tf.Variable(values, name=name) for name, values in variables.items()]
    root.vocabulary = tf.saved_model.Asset(str(vocabulary))
    tf.saved_model.save(root, str(folder))
    return folder


def keras_variables(config, tensors):
    """Hugging Face's `tensors` under the names and in the shapes of the Keras encoder's variables."""
    return {
        variable.name.split(":")[0]: np.array(_value(variable, tensors)) for variable in AlbertEncoder(config).variables
    }


_BLOCK = "albert.encoder.albert_layer_groups.0.albert_layers.0."
_MODULES = {
    "word_embeddings": "albert.embeddings.word_embeddings",
    "position_embedding": "albert.embeddings.position_embeddings",
    "type_embeddings": "albert.embeddings.token_type_embeddings",
    "embeddings/layer_norm": "albert.embeddings.LayerNorm",
    "embedding_projection": "albert.encoder.embedding_hidden_mapping_in",
    "transformer/self_attention/query": f"{_BLOCK}attention.query",
    "transformer/self_attention/key": f"{_BLOCK}attention.key",
    "transformer/self_attention/value": f"{_BLOCK}attention.value",
    "transformer/self_attention/attention_output": f"{_BLOCK}attention.dense",
    "transformer/self_attention_layer_norm": f"{_BLOCK}attention.LayerNorm",
    "transformer/intermediate": f"{_BLOCK}ffn",
    "transformer/output": f"{_BLOCK}ffn_output",
    "transformer/output_layer_norm": f"{_BLOCK}full_layer_layer_norm",
    "pooler_transform": "albert.pooler",
}


def _value(variable, tensors):
    module, _, last = variable.name.split(":")[0].rpartition("/")
    values = tensors[f"{_MODULES[module]}.{'bias' if last in ('bias', 'beta') else 'weight'}"]
    return np.reshape(values.T if last == "kernel" else values, variable.shape)

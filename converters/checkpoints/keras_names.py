"""The variables of tensorflow/models' ALBERT encoder (`official/nlp/modeling/networks/albert_encoder.py`), which TF-Hub
calls v2: by the variables' full names in an object-based checkpoint or SavedModel.

Names as in `ALBERT_NAME_REPLACEMENTS` of `official/nlp/tools/tf2_albert_encoder_checkpoint_converter.py` and, for the
prediction of masked words, `official/nlp/modeling/layers/masked_lm.py`; the earlier releases' attention output has a
name of its own. Attention's kernels have an axis of heads.
"""

from __future__ import annotations

from albert_edge.config import AlbertConfig
from albert_edge.model.tensors import block_prefix
from converters.checkpoints.naming import MAPPING, Naming, Row

_OUTPUT = "transformer/self_attention/attention_output"


def _norm(variable: str, tensor: str) -> tuple[Row, Row]:
    return Row(f"{variable}/gamma", f"{tensor}.weight"), Row(f"{variable}/beta", f"{tensor}.bias")


def _dense(variable: str, tensor: str) -> tuple[Row, Row]:
    return Row(f"{variable}/kernel", f"{tensor}.weight", "kernel"), Row(f"{variable}/bias", f"{tensor}.bias")


def _trunk(config: AlbertConfig) -> tuple[Row, ...]:
    block = block_prefix(0, 0)
    projections = (
        row
        for name in ("query", "key", "value")
        for row in (
            Row(f"transformer/self_attention/{name}/kernel", f"{block}.attention.{name}.weight", "kernel to heads"),
            Row(f"transformer/self_attention/{name}/bias", f"{block}.attention.{name}.bias", "bias of heads"),
        )
    )
    widens = config.embedding_size != config.hidden_size
    return (
        Row("word_embeddings/embeddings", "albert.embeddings.word_embeddings.weight"),
        Row("position_embedding/embeddings", "albert.embeddings.position_embeddings.weight"),
        Row("type_embeddings/embeddings", "albert.embeddings.token_type_embeddings.weight"),
        *_norm("embeddings/layer_norm", "albert.embeddings.LayerNorm"),
        *(_dense("embedding_projection", MAPPING) if widens else ()),
        *projections,
        Row(f"{_OUTPUT}/kernel", f"{block}.attention.dense.weight", "kernel from heads"),
        Row(f"{_OUTPUT}/bias", f"{block}.attention.dense.bias"),
        *_norm("transformer/self_attention_layer_norm", f"{block}.attention.LayerNorm"),
        *_dense("transformer/intermediate", f"{block}.ffn"),
        *_dense("transformer/output", f"{block}.ffn_output"),
        *_norm("transformer/output_layer_norm", f"{block}.full_layer_layer_norm"),
        *_dense("pooler_transform", "albert.pooler"),
    )


_WORDS = (
    Row("cls/predictions/output_bias/bias", "predictions.bias"),
    *_dense("cls/predictions/transform/dense", "predictions.dense"),
    *_norm("cls/predictions/transform/LayerNorm", "predictions.LayerNorm"),
)
_ORDER = "predictions/transform/logits"

KERAS = Naming(
    title="SavedModel of a Keras encoder",
    # One layer's or model's name, as `albert_encoder/` or `bert/`, which is not the first part of a name itself.
    scope=r"(?:(?!(?:cls|embeddings|transformer|predictions)/)[\w.-]+/(?=(?:word_embeddings|position_embedding|"
    r"type_embeddings|embeddings|embedding_projection|transformer|pooler_transform|cls|predictions)/))?",
    trunk=_trunk,
    heads={
        "pretraining": (*_WORDS, *_dense(_ORDER, "sop_classifier.classifier")),
        "fill-mask": _WORDS,
        "feature-extraction": (),
    },
    ignored={
        r"save_counter": "the saver's counter",
        r"(.*/)?(iter|learning_rate|decay|beta_1|beta_2)": "a setting of the optimizer",
        r"(do_lower_case|Variable)": "a flag of the exporter",
    },
    refused={},
    earlier={"transformer/self_attention_output/": f"{_OUTPUT}/"},
)

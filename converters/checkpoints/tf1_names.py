"""The variables of google-research/albert, as `modeling.py`, `run_pretraining.py`, `classifier_utils.py`,
`race_utils.py` and `squad_utils.py` name them; one table serves both directions.

The checkpoints of both releases (v1, v2) and the Chinese ones have these names. Models that were trained from a TF-Hub
module have `module/` before them, and so have the module's own variables in some exports; transformers'
`load_tf_weights_in_albert` strips it too. Leaves out brightmart/albert_zh's first models (`layer_shared`,
`word_embeddings_2`): their position embeddings are as wide as the hidden layers, which is another network.
"""

from __future__ import annotations

from typing import Literal

from albert_edge.config import AlbertConfig
from albert_edge.model.tensors import block_prefix
from converters.checkpoints.naming import MAPPING, Naming, Row

_BLOCK: tuple[tuple[str, str, Literal["dense", "norm"]], ...] = (
    ("attention_1/self/query", "attention.query", "dense"),
    ("attention_1/self/key", "attention.key", "dense"),
    ("attention_1/self/value", "attention.value", "dense"),
    ("attention_1/output/dense", "attention.dense", "dense"),
    ("LayerNorm", "attention.LayerNorm", "norm"),
    ("ffn_1/intermediate/dense", "ffn", "dense"),
    ("ffn_1/intermediate/output/dense", "ffn_output", "dense"),
    ("LayerNorm_1", "full_layer_layer_norm", "norm"),
)
"""A block's modules in TensorFlow 1 and in Hugging Face."""


def _module(variable: str, tensor: str, kind: Literal["dense", "norm"]) -> tuple[Row, Row]:
    if kind == "norm":
        return Row(f"{variable}/gamma", f"{tensor}.weight"), Row(f"{variable}/beta", f"{tensor}.bias")
    return Row(f"{variable}/kernel", f"{tensor}.weight", "kernel"), Row(f"{variable}/bias", f"{tensor}.bias")


def _trunk(config: AlbertConfig) -> tuple[Row, ...]:
    blocks = (
        row
        for group in range(config.num_hidden_groups)
        for inner in range(config.inner_group_num)
        for variable, tensor, kind in _BLOCK
        for row in _module(
            f"bert/encoder/transformer/group_{group}/inner_group_{inner}/{variable}",
            f"{block_prefix(group, inner)}.{tensor}",
            kind,
        )
    )
    # modeling.py has no such layer where it would map a width to itself.
    widens = config.embedding_size != config.hidden_size
    return (
        *(
            Row(f"bert/embeddings/{name}", f"albert.embeddings.{name}.weight")
            for name in ("word_embeddings", "position_embeddings", "token_type_embeddings")
        ),
        *_module("bert/embeddings/LayerNorm", "albert.embeddings.LayerNorm", "norm"),
        *(_module("bert/encoder/embedding_hidden_mapping_in", MAPPING, "dense") if widens else ()),
        *blocks,
        *_module("bert/pooler/dense", "albert.pooler", "dense"),
    )


_WORDS = (
    Row("cls/predictions/output_bias", "predictions.bias"),
    *_module("cls/predictions/transform/dense", "predictions.dense", "dense"),
    *_module("cls/predictions/transform/LayerNorm", "predictions.LayerNorm", "norm"),
)


def _outputs(variable: str, tensor: str) -> tuple[Row, Row]:
    """A head that the programs multiply with `transpose_b`: [outputs, inputs], as in Hugging Face."""
    return Row(f"{variable}_weights", f"{tensor}.weight"), Row(f"{variable}_bias", f"{tensor}.bias")


_SLOT = "a slot of the optimizer"

TF1 = Naming(
    title="TensorFlow 1 checkpoint",
    scope="(?:module/)?",
    trunk=_trunk,
    heads={
        "question-answering": _outputs("cls/squad/output", "qa_outputs"),
        "text-classification": _outputs("output", "classifier"),
        "multiple-choice": _outputs("output", "classifier"),
        "pretraining": (*_WORDS, *_outputs("cls/seq_relationship/output", "sop_classifier.classifier")),
        "fill-mask": _WORDS,
        "sentence-order": _outputs("cls/seq_relationship/output", "classifier"),
        "feature-extraction": (),
    },
    ignored={
        r".*/(adam_m|adam_v|lamb_m|lamb_v)": _SLOT,
        r".*/(Adam|Adam_1|AdamWeightDecayOptimizer|AdamWeightDecayOptimizer_1|LAMBOptimizer|LAMBOptimizer_1)": _SLOT,
        r"(.*/)?beta[12]_power": _SLOT,
        r"global_step": "the training's counter of steps",
    },
    refused={
        r"(start_logits|end_logits|answer_class)/": "the SQuAD v2 head of google-research/albert computes an answer's "
        "end from its start; import the trunk with --task feature-extraction and train a linear head on it "
        "(albert-edge train question-answering --from)",
    },
)

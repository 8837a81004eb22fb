"""The named sizes, and how many parameters an ALBERT and a BERT of one shape have.

`base` to `xxlarge` are the published ALBERT v2 models (Lan et al. 2019, table 1, and google-research/albert), `tiny` to
`medium` have the shapes of the BERT miniatures (Turc et al. 2019). The counts are closed formulas.

The paper rounds generously: it gives 12, 18, 60 and 235 million, and the released checkpoints have 11.7, 17.7, 58.7
and 222.6. It counts BERT without its pooler; here both are counted with it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Optional

from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError

if TYPE_CHECKING:
    from albert_edge.text.tokenizer import Tokenizer


@dataclasses.dataclass(frozen=True)
class Size:
    """A named shape; E is 128 and the feed-forward network four times as wide as the hidden states."""

    num_hidden_layers: int
    hidden_size: int
    num_attention_heads: int
    paper_millions: Optional[int] = None
    """Parameters in table 1 of the ALBERT paper."""


SIZES = {
    "tiny": Size(2, 128, 2),
    "mini": Size(4, 256, 4),
    "small": Size(4, 512, 8),
    "medium": Size(8, 512, 8),
    "base": Size(12, 768, 12, 12),
    "large": Size(24, 1024, 16, 18),
    # The released xlarge has 16 heads of 128, where the other sizes have heads of 64.
    "xlarge": Size(24, 2048, 16, 60),
    "xxlarge": Size(12, 4096, 64, 235),
}

ALBERT_VOCABULARY = 30000
BERT_VOCABULARY = 30522


def size_config(
    name: str, layers: Optional[int] = None, vocab_size: int = ALBERT_VOCABULARY, **changes: Any
) -> AlbertConfig:
    """The configuration of the size `name`.

    `layers` replaces the depth; `changes` are other fields of `AlbertConfig`. Dropout is v2's: none in the encoder,
    0.1 before the classifier. Raises `ConfigError` for an unknown size or a field out of its range.
    """
    if name not in SIZES:
        raise ConfigError(f"size must be one of {', '.join(SIZES)}; received {name!r}")
    size = SIZES[name]
    return AlbertConfig(
        vocab_size=vocab_size,
        embedding_size=128,
        hidden_size=size.hidden_size,
        num_hidden_layers=size.num_hidden_layers if layers is None else layers,
        num_attention_heads=size.num_attention_heads,
        intermediate_size=4 * size.hidden_size,
    ).replace(**changes)


def config_for_vocabulary(name: str, layers: Optional[int], tokenizer: Tokenizer, **changes: Any) -> AlbertConfig:
    """`size_config` with as many pieces as `tokenizer` has, and its ids of the special ones."""
    ids = {"pad_token_id": tokenizer.pad_id, "bos_token_id": tokenizer.cls_id, "eos_token_id": tokenizer.sep_id}
    return size_config(name, layers, tokenizer.vocab_size, **{**ids, **changes})


def parameter_count(config: AlbertConfig, classifier: bool = False) -> int:
    """Parameters of the encoder with its pooler, and with `classifier` of the classifier on it. Depth adds none."""
    width, hidden = config.embedding_size, config.hidden_size
    rows = config.vocab_size + config.max_position_embeddings + config.type_vocab_size
    embeddings = rows * width + 2 * width
    block = _block_count(hidden, config.attention_size, config.intermediate_size)
    blocks = config.num_hidden_groups * config.inner_group_num * block
    head = _linear_count(hidden, len(config.labels)) if classifier else 0
    return embeddings + _linear_count(width, hidden) + blocks + _linear_count(hidden, hidden) + head


def bert_parameter_count(config: AlbertConfig, vocab_size: int = BERT_VOCABULARY) -> int:
    """Parameters of a BERT of the same shape with its pooler: tables of width H, and weights for every layer."""
    hidden = config.hidden_size
    rows = vocab_size + config.max_position_embeddings + config.type_vocab_size
    blocks = config.num_hidden_layers * _block_count(hidden, hidden, config.intermediate_size)
    return rows * hidden + 2 * hidden + blocks + _linear_count(hidden, hidden)


def multiply_adds_per_token(config: AlbertConfig, tokens: int) -> int:
    """Multiplications with addition that the encoder needs for one of `tokens` tokens of a text, all layers together.

    Of the mapping, the blocks' products, and the products of attention, which every token has with all others; the
    pooler and the head, once a text, are left out.
    """
    hidden = config.hidden_size
    attention = 4 * hidden * config.attention_size + 2 * tokens * config.attention_size
    block = attention + 2 * hidden * config.intermediate_size
    return config.embedding_size * hidden + config.num_hidden_layers * config.inner_group_num * block


def _linear_count(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


def _block_count(hidden: int, heads: int, intermediate: int) -> int:
    attention = 3 * _linear_count(hidden, heads) + _linear_count(heads, hidden) + 2 * hidden
    feed_forward = _linear_count(hidden, intermediate) + _linear_count(intermediate, hidden) + 2 * hidden
    return attention + feed_forward


def sizes(layers: Optional[int] = None, vocab_size: Optional[int] = None) -> list[dict[str, Any]]:
    """One dictionary a size: its shape, its parameters, the paper's figure, and BERT's parameters at that shape.

    `layers` replaces every depth; `vocab_size` counts both models with that vocabulary instead of each one's own.
    """
    return [_describe(name, layers, vocab_size) for name in SIZES]


def _describe(name: str, layers: Optional[int], vocab_size: Optional[int]) -> dict[str, Any]:
    config = size_config(name, layers, vocab_size or ALBERT_VOCABULARY)
    parameters = parameter_count(config)
    bert_parameters = bert_parameter_count(config, vocab_size or BERT_VOCABULARY)
    return {
        "name": name,
        "layers": config.num_hidden_layers,
        "hidden_size": config.hidden_size,
        "embedding_size": config.embedding_size,
        "attention_heads": config.num_attention_heads,
        "intermediate_size": config.intermediate_size,
        "vocab_size": config.vocab_size,
        "parameters": parameters,
        "paper_parameters_millions": SIZES[name].paper_millions,
        "bert_parameters": bert_parameters,
        "bert_ratio": round(bert_parameters / parameters, 2),
    }

"""Parameter counts against published figures, the table of tensors, and the built Keras model."""

import math

import pytest

import albert_edge
from albert_edge.config import AlbertConfig
from albert_edge.errors import ConfigError
from albert_edge.model.sizes import SIZES, bert_parameter_count, parameter_count, size_config, sizes
from albert_edge.model.tensors import tensor_table

# keras-hub's presets `albert_*_en_uncased` state these for the released v2 models, pooler included.
RELEASED = {"base": 11_683_584, "large": 17_683_968, "xlarge": 58_724_864, "xxlarge": 222_595_584}


@pytest.mark.parametrize(("name", "parameters"), RELEASED.items())
def test_counts_are_those_of_the_released_models(name, parameters):
    assert parameter_count(size_config(name)) == parameters


@pytest.mark.parametrize(("name", "paper"), [("base", 12), ("large", 18), ("xlarge", 60), ("xxlarge", 235)])
def test_counts_match_the_paper_as_far_as_it_is_exact(name, paper):
    # The paper's figures lie 2 to 3 % above the released models, at xxlarge 5.6 %.
    assert SIZES[name].paper_millions == paper
    assert parameter_count(size_config(name)) == pytest.approx(paper * 1e6, rel=0.06)


@pytest.mark.parametrize(
    ("name", "published_millions"), [("tiny", 4.4), ("mini", 11.3), ("small", 29.1), ("medium", 41.7), ("base", 110.1)]
)
def test_berts_formula_gives_the_published_miniatures(name, published_millions):
    # google-research/bert counts the masked-language head in: a dense layer, a LayerNorm, a bias for each piece.
    config = size_config(name)
    hidden = config.hidden_size
    head = hidden * hidden + hidden + 2 * hidden + 30522
    assert round((bert_parameter_count(config) + head) / 1e6, 1) == published_millions


@pytest.mark.parametrize(("name", "paper"), [("base", 108), ("large", 334), ("xlarge", 1270)])
def test_berts_formula_gives_the_albert_papers_figures(name, paper):
    # Table 1 counts BERT without its pooler, with ALBERT's vocabulary; xlarge is rounded to tens.
    config = size_config(name)
    pooler = config.hidden_size * config.hidden_size + config.hidden_size
    without = (bert_parameter_count(config, vocab_size=30000) - pooler) / 1e6
    assert round(without) == paper or round(without, -1) == paper


@pytest.mark.parametrize(
    "config",
    [
        *(size_config(name) for name in SIZES),
        AlbertConfig(
            vocab_size=70,
            embedding_size=6,
            hidden_size=10,
            num_hidden_layers=5,
            num_hidden_groups=3,
            inner_group_num=2,
            num_attention_heads=5,
            intermediate_size=14,
            type_vocab_size=3,
            max_position_embeddings=9,
            labels=("a", "b", "c", "d"),
        ),
    ],
)
def test_the_formula_agrees_with_the_table_of_tensors(config):
    shapes = [spec.shape for spec in tensor_table(config, "text-classification").values()]
    assert parameter_count(config, classifier=True) == sum(map(math.prod, shapes))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny", "mini"])
def test_the_formula_agrees_with_keras(name):
    from albert_edge.model.heads import build_model

    config = size_config(name)
    assert build_model(config).count_params() == parameter_count(config, classifier=True)


@pytest.mark.parametrize("name", SIZES)
def test_depth_costs_albert_nothing_and_bert_a_layer(name):
    shallow, deep = size_config(name, layers=1), size_config(name, layers=2)
    assert parameter_count(shallow) == parameter_count(deep)
    assert bert_parameter_count(deep) > bert_parameter_count(shallow)


def test_shapes_are_the_miniatures_and_the_papers():
    shapes = {name: (size.num_hidden_layers, size.hidden_size) for name, size in SIZES.items()}
    assert shapes == {
        "tiny": (2, 128),
        "mini": (4, 256),
        "small": (4, 512),
        "medium": (8, 512),
        "base": (12, 768),
        "large": (24, 1024),
        "xlarge": (24, 2048),
        "xxlarge": (12, 4096),
    }
    for name in SIZES:
        config = size_config(name)
        assert config.embedding_size == 128
        assert config.intermediate_size == 4 * config.hidden_size
        assert config.attention_head_size == (128 if name == "xlarge" else 64)
        assert (config.hidden_dropout_prob, config.classifier_dropout_prob) == (0.0, 0.1)


def test_a_sizes_fields_can_be_changed_and_are_checked():
    config = size_config("tiny", layers=3, vocab_size=100, labels=("x",), hidden_dropout_prob=0.2)
    assert (config.num_hidden_layers, config.vocab_size, config.labels) == (3, 100, ("x",))
    with pytest.raises(ConfigError, match=r"size must be one of tiny, .*; received 'huge'"):
        size_config("huge")
    with pytest.raises(ConfigError, match=r"num_hidden_layers must be a positive integer; received 0"):
        size_config("tiny", layers=0)


def test_sizes_lists_every_size_with_both_counts():
    rows = albert_edge.sizes()
    assert [row["name"] for row in rows] == list(SIZES)
    base = rows[list(SIZES).index("base")]
    assert base["parameters"] == RELEASED["base"]
    assert base["bert_parameters"] == 109_482_240
    assert base["bert_ratio"] == 9.37


def test_sizes_takes_a_depth_and_a_vocabulary():
    rows = sizes(layers=3, vocab_size=8000)
    assert {row["layers"] for row in rows} == {3}
    tiny = rows[0]
    assert tiny["parameters"] == parameter_count(size_config("tiny", 3, 8000))
    assert tiny["bert_parameters"] == bert_parameter_count(size_config("tiny", 3), vocab_size=8000)

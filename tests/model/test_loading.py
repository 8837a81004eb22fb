"""Which tensor of a checkpoint goes where."""

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.errors import FolderError
from albert_edge.model.initial import initial_tensors
from albert_edge.model.loading import check_complete, collect, plan_load
from albert_edge.model.tensors import encoder_tensors, tensor_table

TASK = "text-classification"
CONFIG = AlbertConfig(
    vocab_size=20,
    embedding_size=4,
    hidden_size=6,
    num_attention_heads=2,
    intermediate_size=8,
    max_position_embeddings=5,
    labels=("x", "y", "z"),
    architectures=("AlbertForSequenceClassification",),
)
TABLE = list(tensor_table(CONFIG, TASK))
ENCODER = [spec.name for spec in encoder_tensors(CONFIG)]
POOLER = ["albert.pooler.weight", "albert.pooler.bias"]
HEAD = ["classifier.weight", "classifier.bias"]
OTHER_HEADS = [
    "predictions.bias",
    "predictions.dense.weight",
    "predictions.dense.bias",
    "predictions.LayerNorm.weight",
    "predictions.LayerNorm.bias",
    "predictions.decoder.weight",
    "predictions.decoder.bias",
    "sop_classifier.classifier.weight",
    "sop_classifier.classifier.bias",
    "qa_outputs.weight",
    "qa_outputs.bias",
]


def plan(names, config=CONFIG, labels=None, new_head=False):
    return plan_load(names, config, config.replace(labels=labels or config.labels), TASK, new_head)


def test_a_checkpoint_of_the_class_is_used_whole():
    made = plan(TABLE)
    assert made.used == {name: name for name in TABLE}
    assert made.dropped == made.initialised == ()


def test_other_heads_and_constants_are_dropped_and_listed():
    extra = [*OTHER_HEADS, "albert.embeddings.position_ids"]
    made = plan([*TABLE, *extra])
    assert list(made.used) == TABLE
    assert made.dropped == tuple(extra)


@pytest.mark.parametrize(
    "name",
    [
        "albert.encoder.albert_layer_groups.1.albert_layers.0.ffn.weight",  # a second group
        "albert.encoder.albert_layer_groups.0.albert_layers.1.ffn.weight",  # a second inner block
        "bert.encoder.layer.0.attention.self.query.weight",
        "classifier.0.weight",
        "lm_head.weight",
        "optimizer.step",
    ],
)
def test_an_unknown_tensor_is_an_error_that_names_it(name):
    with pytest.raises(FolderError, match=f"received the unknown '{name}'"):
        plan([*TABLE, name])


@pytest.mark.parametrize("name", TABLE)
def test_no_missing_tensor_goes_unnoticed(name):
    with pytest.raises(FolderError, match=f"without '{name}'$"):
        plan([other for other in TABLE if other != name])


def test_several_missing_tensors_are_counted():
    with pytest.raises(
        FolderError, match=r"received AlbertForSequenceClassification without 'classifier.weight' and 1 more"
    ):
        plan([*ENCODER, *POOLER])


def test_a_base_model_saved_alone_has_no_prefix():
    config = CONFIG.replace(architectures=("AlbertModel",))
    bare = [name[len("albert.") :] for name in [*ENCODER, *POOLER]]
    made = plan([*bare, "embeddings.position_ids"], config, new_head=True)
    assert made.used["albert.pooler.bias"] == "pooler.bias"
    assert made.dropped == ("embeddings.position_ids",)
    assert list(made.initialised) == HEAD


def test_a_tensor_under_both_names_is_refused():
    with pytest.raises(FolderError, match=r"each tensor once; received 'albert.pooler.bias' and 'pooler.bias'"):
        plan([*TABLE, "pooler.bias"])


# === New heads ===


def test_a_missing_head_starts_anew_only_if_asked_for():
    config = CONFIG.replace(architectures=("AlbertForMaskedLM",))
    names = [*ENCODER, *OTHER_HEADS]
    with pytest.raises(FolderError, match=r"received AlbertForMaskedLM without 'albert.pooler.weight' and 3 more"):
        plan(names, config)
    made = plan(names, config, new_head=True)
    assert sorted(made.initialised) == sorted([*HEAD, *POOLER])
    assert made.dropped == tuple(OTHER_HEADS)


def test_a_pooler_that_is_there_is_kept():
    config = CONFIG.replace(architectures=("AlbertForPreTraining",))
    made = plan([*ENCODER, *POOLER, *OTHER_HEADS], config, new_head=True)
    assert list(made.initialised) == HEAD
    assert set(POOLER) <= set(made.used)


def test_another_tasks_classifier_is_not_mistaken_for_ours():
    config = CONFIG.replace(architectures=("AlbertForTokenClassification",))
    names = [*ENCODER, *POOLER, *HEAD]
    with pytest.raises(FolderError, match=r"received AlbertForTokenClassification without 'classifier.weight'"):
        plan(names, config)
    made = plan(names, config, new_head=True)
    assert list(made.initialised) == list(made.dropped) == HEAD


def test_a_file_without_a_class_is_taken_at_its_word():
    assert list(plan(TABLE, CONFIG.replace(architectures=())).used) == TABLE


@pytest.mark.parametrize("labels", [("z", "y", "x"), ("x", "y"), ("x", "y", "z", "w")])
def test_a_head_for_other_labels_starts_anew(labels):
    with pytest.raises(FolderError, match=r"without 'classifier.weight'"):
        plan(TABLE, labels=labels)
    made = plan(TABLE, labels=labels, new_head=True)
    assert list(made.initialised) == list(made.dropped) == HEAD


def test_a_head_for_the_same_labels_is_kept():
    made = plan(TABLE, labels=CONFIG.labels, new_head=True)
    assert made.initialised == made.dropped == ()


@pytest.mark.parametrize("name", [*ENCODER, "classifier.bias", "albert.pooler.bias"])
def test_a_new_head_excuses_no_damage(name):
    with pytest.raises(FolderError, match=f"without '{name}'$"):
        plan([other for other in TABLE if other != name], new_head=True)


# === Carrying it out ===


def test_collect_takes_from_the_file_and_draws_the_rest():
    stored = initial_tensors(CONFIG, TASK, seed=1)
    wanted = CONFIG.replace(labels=("p", "q"))
    made = plan(stored, labels=wanted.labels, new_head=True)
    first, again, other = (collect(made, stored, wanted, TASK, seed) for seed in (5, 5, 6))
    assert list(first) == TABLE
    assert first["classifier.weight"].shape == (2, 6)
    np.testing.assert_array_equal(first["classifier.weight"], again["classifier.weight"])
    assert (first["classifier.weight"] != other["classifier.weight"]).any()
    np.testing.assert_array_equal(first["albert.pooler.weight"], stored["albert.pooler.weight"])


@pytest.mark.parametrize("name", TABLE)
def test_every_shape_is_checked(name):
    tensors = initial_tensors(CONFIG, TASK, seed=1)
    right = list(tensors[name].shape)
    tensors[name] = np.zeros((2, *right), np.float32)
    message = (
        rf"{name} must have the shape \[{', '.join(map(str, right))}\]; received \[2, {', '.join(map(str, right))}\]"
    )
    with pytest.raises(FolderError, match=message):
        collect(plan(tensors), tensors, CONFIG, TASK, seed=1)
    with pytest.raises(FolderError, match=message):
        check_complete(tensors, CONFIG, TASK)


def test_a_transposed_weight_is_refused():
    tensors = initial_tensors(CONFIG, TASK, seed=1)
    tensors["classifier.weight"] = tensors["classifier.weight"].T
    with pytest.raises(FolderError, match=r"classifier.weight must have the shape \[3, 6\]; received \[6, 3\]"):
        check_complete(tensors, CONFIG, TASK)


def test_check_complete_refuses_too_many_and_too_few():
    tensors = initial_tensors(CONFIG, TASK, seed=1)
    check_complete(tensors, CONFIG, TASK)
    with pytest.raises(FolderError, match=r"received the surplus 'qa_outputs.bias'"):
        check_complete({**tensors, "qa_outputs.bias": np.zeros(2, np.float32)}, CONFIG, TASK)
    del tensors["albert.pooler.bias"]
    with pytest.raises(FolderError, match=r"without 'albert.pooler.bias'"):
        check_complete(tensors, CONFIG, TASK)

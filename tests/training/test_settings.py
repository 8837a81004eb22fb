"""`TrainingSettings`: two sets of defaults, and a rule for every value."""

import dataclasses
import json

import pytest

from albert_edge.errors import ConfigError
from albert_edge.training.recipes import LOSS, OWN_SETTINGS, RECIPES, shown
from albert_edge.training.settings import _RULES, FROM_CHECKPOINT, FROM_SCRATCH, TrainingSettings


def test_defaults_depend_on_the_start():
    scratch = TrainingSettings.from_dict({}, from_checkpoint=False)
    checkpoint = TrainingSettings.from_dict({}, from_checkpoint=True)
    assert scratch.learning_rate > checkpoint.learning_rate
    assert scratch.dropout is not None
    assert checkpoint.dropout is None
    assert FROM_SCRATCH.keys() == FROM_CHECKPOINT.keys()
    assert {name for recipe in RECIPES.values() for name in (*recipe.scratch, *recipe.checkpoint)} <= _RULES.keys()


def test_a_value_wins_over_the_default_and_none_does_not():
    settings = TrainingSettings.from_dict({"epochs": 2, "learning_rate": None, "seed": 7}, from_checkpoint=True)
    assert (settings.epochs, settings.learning_rate, settings.seed) == (2, FROM_CHECKPOINT["learning_rate"], 7)


def test_settings_are_json():
    settings = TrainingSettings.from_dict({}, from_checkpoint=False)
    assert TrainingSettings(**json.loads(json.dumps(settings.to_dict()))) == settings


def test_a_misspelt_setting_is_refused():
    with pytest.raises(ConfigError, match=r"received 'learning_rat', did you mean 'learning_rate'\?"):
        TrainingSettings.from_dict({"learning_rat": 1.0}, from_checkpoint=False)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("epochs", 0, "a positive integer"),
        ("epochs", 1.5, "a positive integer"),
        ("batch_size", True, "a positive integer"),
        ("learning_rate", 0.0, "a positive number"),
        ("learning_rate", float("nan"), "a positive number"),
        ("learning_rate", "fast", "a positive number"),
        ("warmup", 1.0, r"in \[0, 1\)"),
        ("weight_decay", -0.1, "not negative"),
        ("max_gradient_norm", float("inf"), "a positive number"),
        ("label_smoothing", -0.1, r"in \[0, 1\)"),
        ("dropout", 1.0, r"in \[0, 1\)"),
        ("word_dropout", 2, r"in \[0, 1\)"),
        ("class_weights", "heavy", "none, balanced, square-root"),
        ("max_length", 3, "at least 4"),
        ("metric", "f1", "accuracy, macro_f1, loss"),
        ("problem_type", "ranking", "regression"),
        ("patience", 0, "a positive integer"),
        ("seed", -1, "an integer from 0"),
        ("seed", 2**31, "an integer from 0"),
    ],
)
def test_a_bad_value_is_refused_with_the_rule(name, value, rule):
    with pytest.raises(ConfigError, match=f"{name} must be .*{rule}.*; received "):
        TrainingSettings.from_dict({name: value}, from_checkpoint=False)


SEEN = RECIPES["text-classification"].texts_seen


@pytest.mark.parametrize(
    ("texts", "epochs"), [(1, 40), (240, 40), (1125, 40), (3450, 14), (9000, 5), (9001, 5), (20_000, 3), (10**6, 3)]
)
def test_small_sets_are_seen_more_often(texts, epochs):
    assert TrainingSettings.from_dict({}, from_checkpoint=False).epochs_for(texts, SEEN) == epochs


def test_chosen_epochs_do_not_depend_on_the_set():
    assert TrainingSettings.from_dict({"epochs": 7}, from_checkpoint=False).epochs_for(10, SEEN) == 7
    assert TrainingSettings.from_dict({}, from_checkpoint=True).epochs_for(10, SEEN) == 3


def test_every_setting_has_a_rule():
    assert _RULES.keys() == {field.name for field in dataclasses.fields(TrainingSettings)}


# === Tasks ===


@pytest.mark.parametrize("task", RECIPES)
def test_each_task_has_defaults_that_hold(task):
    recipe = RECIPES[task]
    for kind in recipe.kinds:
        values = {} if kind is None else {recipe.kind_setting: kind}
        settings = TrainingSettings.from_dict(values, from_checkpoint=False, task=task)
        assert settings.metric == (LOSS if task == "fill-mask" else recipe.scores[kind][0])
        others = set(OWN_SETTINGS) - set(recipe.own_settings)
        assert all(getattr(settings, name) is None for name in others)


def test_a_task_takes_its_own_settings_only():
    with pytest.raises(ConfigError, match=r"a setting of fill-mask must be one of .*; received 'class_weights'"):
        TrainingSettings.from_dict({"class_weights": "none"}, from_checkpoint=False, task="fill-mask")
    assert TrainingSettings.from_dict({"mask_share": 0.3}, False, "fill").mask_share == 0.3


def test_the_kind_decides_the_metrics():
    with pytest.raises(ConfigError, match="metric must be one of pearson, spearman, mse, loss; received 'accuracy'"):
        TrainingSettings.from_dict({"problem_type": "regression", "metric": "accuracy"}, from_checkpoint=False)
    with pytest.raises(ConfigError, match="pair_objective must be one of sop, nsp; received 'cosine'"):
        TrainingSettings.from_dict({"pair_objective": "cosine"}, from_checkpoint=False, task="sentence-order")


def test_scores_in_words():
    assert shown("token-classification", "f1", 0.125) == "F1 12.5%"
    assert shown("question-answering", "f1", 12.5) == "F1 12.5%"
    assert shown("text-classification", "pearson", None) == "pearson none"
    assert shown("text-classification", LOSS, 0.5) == "loss 0.500"

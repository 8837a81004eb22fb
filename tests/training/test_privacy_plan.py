"""What a private training promises, against published figures and an exact formula, and what it refuses."""

import json
import logging
import math
import shutil
import sys

import pytest
from scipy.optimize import brentq
from scipy.stats import norm

import albert_edge
from albert_edge.errors import AlbertEdgeError, ConfigError, MissingPackageError
from albert_edge.training.dp.plan import accounting, epsilons, make_plan, noise_for, promise
from albert_edge.training.pruning.settings import settings_of_a_further_training
from albert_edge.training.recipes import RECIPES
from albert_edge.training.request import Request, Source
from albert_edge.training.settings import TrainingSettings

VOCABULARY = Source(size="tiny", vocab="spiece.model")


@pytest.fixture
def accountant():
    return pytest.importorskip("dp_accounting", reason="needs the extra 'privacy'")


def settings_of(task="text-classification", **values):
    return TrainingSettings.from_dict(values, from_checkpoint=False, task=task)


# tensorflow-privacy 0.9, compute_dp_sgd_privacy_test.py: rows, batch, noise multiplier, epochs, delta, epsilon.
@pytest.mark.parametrize(
    ("rows", "batch", "noise", "epochs", "delta", "published"),
    [(60_000, 150, 1.3, 15, 1e-5, 0.7242234026109595), (100_000, 100, 1.0, 30, 1e-7, 1.4154988495444845)],
)
def test_epsilon_is_the_published_one(accountant, rows, batch, noise, epochs, delta, published):
    """By Renyi divergences, as it was published; privacy loss distributions promise up to a quarter less."""
    tight, by_renyi = epsilons(noise, batch / rows, rows // batch * epochs, delta)
    assert by_renyi == pytest.approx(published, rel=1e-3)
    assert 0.75 * by_renyi < tight < by_renyi


@pytest.mark.parametrize(("noise", "steps"), [(2.0, 1), (10.0, 40)])
def test_without_sampling_epsilon_is_that_of_the_formula(accountant, noise, steps):
    """Balle and Wang 2018, theorem 8: `steps` releases are one with the noise divided by their root."""
    mu = math.sqrt(steps) / noise

    def too_much(epsilon):
        return norm.cdf(mu / 2 - epsilon / mu) - math.exp(epsilon) * norm.cdf(-mu / 2 - epsilon / mu) - 1e-5

    exact = brentq(too_much, 0, 50)
    # Rounded up to the accountant's grid of 1e-4.
    assert epsilons(noise, 1.0, steps, 1e-5)[0] == pytest.approx(exact, abs=2e-3)


@pytest.mark.slow  # A dozen seconds of accounting.
def test_the_noise_is_the_least_that_keeps_the_promise(accountant):
    noise = noise_for(3.0, 0.02, 500, 1e-5)
    assert epsilons(noise, 0.02, 500, 1e-5)[0] <= 3.0
    assert epsilons(noise - 0.003, 0.02, 500, 1e-5)[0] > 3.0
    with pytest.raises(ConfigError, match=r"from 0.2 to 200.0; received 1e-05"):
        noise_for(1e-5, 0.02, 500, 1e-5)


@pytest.mark.parametrize("share", [0.3, 0.95, 1.05])
def test_the_least_noise_is_found_however_far_apart_the_accountants_are(accountant, monkeypatch, share):
    """Made-up ones: 3 / noise, and a share of that, which decides."""
    factors = {"rdp": 3.0, "pld": 3.0 * share}
    monkeypatch.setattr("albert_edge.training.dp.plan._epsilon", lambda name, noise, *_: factors[name] / noise)
    found = noise_for(1.5, 0.02, 500, 1e-5)
    assert 2.0 * share <= found < 2.0 * share + 0.002
    plan = make_plan(settings_of(dp_epsilon=1.5), examples=1000, steps=20)
    assert (plan.noise_multiplier, plan.epsilon, plan.epsilon_rdp) == (found, 3.0 * share / found, 3.0 / found)


def test_noise_that_promises_next_to_nothing_is_refused_in_no_time(accountant):
    with pytest.raises(ConfigError, match=r"at most 200, or be 0; received 0\.2, which promises .* in 20000 updates"):
        make_plan(settings_of(dp_noise_multiplier=0.2, batch_size=50), examples=1000, steps=20_000)
    with pytest.raises(ConfigError, match=r"dp_epsilon must be at most 200; received 201"):
        make_plan(settings_of(dp_epsilon=201.0), examples=1000, steps=200)


def test_a_plan_is_made_from_rows_and_updates(accountant):
    plan = make_plan(settings_of(dp_noise_multiplier=1.0, batch_size=50), examples=1000, steps=20)
    assert (plan.sampling_rate, plan.expected_batch, plan.delta, plan.clip) == (0.05, 50, 1e-4, 1.0)
    assert plan.epsilon == epsilons(1.0, 0.05, 20, 1e-4)[0]
    assert f"epsilon {plan.epsilon:.3g} at delta 0.0001" in promise(plan)
    assert make_plan(settings_of(), 1000, 20) is None
    assert not settings_of(dp_noise_multiplier=1.0).word_vectors
    more = make_plan(settings_of(dp_noise_multiplier=1.0, batch_size=50), examples=1000, steps=40)
    assert more.epsilon > plan.epsilon


def test_without_noise_nothing_is_promised(accountant):
    plan = make_plan(settings_of(dp_noise_multiplier=0.0), examples=1000, steps=200)
    assert plan.epsilon is None
    assert "no privacy guarantee" in promise(plan)


def test_a_delta_that_permits_to_publish_a_row_is_refused(accountant):
    with pytest.raises(ConfigError, match=r"dp_delta must be below 1/1000, .*; received 0.001"):
        make_plan(settings_of(dp_noise_multiplier=1.0, dp_delta=0.001), examples=1000, steps=200)


def test_without_the_accountant_one_line_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "dp_accounting", None)
    with pytest.raises(MissingPackageError, match=r"albert-edge\[privacy\]"):
        accounting()


@pytest.mark.parametrize(
    ("changes", "source", "received"),
    [
        ({"dp_epsilon": 3.0}, VOCABULARY, "received both"),
        ({"dp_noise_multiplier": 0.1}, VOCABULARY, r"0, for no guarantee, or at least 0\.2; received 0\.1"),
        ({"problem_type": "regression"}, VOCABULARY, "received regression"),
        ({}, Source(size="tiny"), "received one that is trained on the private texts"),
        ({"word_vectors": True}, VOCABULARY, "word_vectors, .*received true"),
        ({"class_weights": "balanced"}, VOCABULARY, "class_weights none; received balanced"),
        ({"teacher": "somewhere"}, VOCABULARY, "no teacher, .*received somewhere"),
        ({"qat": "int8"}, VOCABULARY, "no qat, .*received int8"),
    ],
)
def test_what_breaks_the_guarantee_is_refused(changes, source, received):
    settings = settings_of(**{"dp_noise_multiplier": 1.0, **changes})
    with pytest.raises(ConfigError, match=received):
        Request("text-classification", "train", "dev", None, None, source, settings)


def test_old_rows_beside_private_ones_are_refused():
    settings = settings_of(dp_noise_multiplier=1.0)
    with pytest.raises(ConfigError, match=r"a private training must have no replay, .*received old"):
        Request("text-classification", "train", "dev", None, None, Source(from_="folder"), settings, replay="old")


@pytest.mark.parametrize("task", [name for name in RECIPES if name != "text-classification"])
def test_other_tasks_are_refused(task):
    with pytest.raises(ConfigError, match=f"a setting of {task} must be .*; received 'dp_epsilon'"):
        settings_of(task, dp_epsilon=1.0)


@pytest.mark.parametrize("changes", [{"dp_clip": 1.0}, {"dp_delta": 1e-5}])
def test_settings_of_no_private_training_are_refused(changes):
    with pytest.raises(ConfigError, match="needs dp_noise_multiplier or dp_epsilon; received neither"):
        Request("text-classification", "train", "dev", None, None, VOCABULARY, settings_of(**changes))


def test_a_pruning_is_never_private(tmp_path):
    from albert_edge.config import AlbertConfig

    config = AlbertConfig(vocab_size=10)
    with pytest.raises(ConfigError, match=r"a pruning can't be private, .*; received dp_epsilon"):
        settings_of_a_further_training(tmp_path, config, "text-classification", {"dp_epsilon": 3.0})


@pytest.mark.parametrize(("epsilon", "kept"), [(3.0, True), (None, False)])
def test_a_promise_is_not_ended_by_a_pruning(golden_folder, tmp_path, epsilon, kept):
    """By the public function, which would else fail for the data files that aren't there."""
    folder = shutil.copytree(golden_folder, tmp_path / "model")
    (folder / "training.json").write_text(json.dumps({"privacy": {"epsilon": epsilon}}))
    refusal = "without a privacy guarantee, .* of epsilon 3.0" if kept else "none.tsv"
    with pytest.raises(AlbertEdgeError, match=refusal):
        albert_edge.prune(folder, "none.tsv", "none.tsv", tmp_path / "out", sparsity=0.5)


def test_the_accountant_says_nothing_on_the_way():
    """At this rate it leaves orders out, with a warning each."""
    import dp_accounting.rdp

    said = []
    handler = logging.Handler()
    handler.emit = said.append
    logging.getLogger("absl").addHandler(handler)
    try:
        assert 0 < epsilons(1.760938, 64 / 300, 5, 1e-3)[1] < 20
        assert said == []
        event = dp_accounting.PoissonSampledDpEvent(64 / 300, dp_accounting.GaussianDpEvent(1.760938))
        dp_accounting.rdp.RdpAccountant().compose(event, 5)
        assert said != []
    finally:
        logging.getLogger("absl").removeHandler(handler)

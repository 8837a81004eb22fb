"""`adapt`: a domain is learnt, what is forgotten is measured, and folders that lack a head."""

import json
import signal

import numpy as np
import pytest
from corpora import write_made_corpus
from processes import run_in_one_process, stop_on_its_way
from teachers import write_teacher

from albert_edge.errors import AlbertEdgeError
from albert_edge.model.folder import read_checkpoint, read_tensors
from albert_edge.training.differences import differences
from albert_edge.training.pretraining.adapt import adapt
from albert_edge.training.pretraining.folder import from_folder
from albert_edge.training.pretraining.pretrain import pretrain
from albert_edge.training.pretraining.running import SNAPSHOT_FILE, work_folder
from albert_edge.training.pretraining.settings import PretrainingSettings
from albert_edge.training.pretraining.trainer import PretrainingPosition
from albert_edge.training.reporting import Reporter
from albert_edge.training.snapshot import read_snapshot

SHAPE = {"batch_size": 8, "lengths": "32", "jit": False, "log_every": 10, "evaluate_every": 20}
STEPS, RATE = 40, 0.002


@pytest.fixture(scope="module")
def general(corpora):
    return corpora


@pytest.fixture(scope="module")
def domain(domain_corpora):
    return {name: corpus.folder for name, corpus in domain_corpora.items()}


@pytest.fixture(scope="module")
def start(general, tmp_path_factory):
    out = tmp_path_factory.mktemp("start") / "model"
    shape = {**SHAPE, "size": "tiny", "layers": 1, "steps": 120, "evaluate_every": 120, "learning_rate": 0.003}
    pretrain(general["train"].folder, out, **shape)
    return out


def adapted(start, domain, general, out, **more):
    measured = {"held_out": [domain["held-out"]], "general_held_out": [general["held-out"].folder]}
    choices = {**SHAPE, "steps": STEPS, "learning_rate": RATE, **measured, **more}
    return adapt(start, domain["train"], out, **choices)


def test_differences_by_hand():
    before = {"a": 0.5, "n": 3, "none": None, "words": "x", "gone": 1.0, "per_class": {"x": {"f1": 0.25}, "y": {}}}
    after = {"a": 0.75, "n": 3, "none": 0.5, "words": "x", "per_class": {"x": {"f1": 0.0}, "z": {"f1": 1.0}}}
    assert differences(before, after) == {
        "a": {"before": 0.5, "after": 0.75, "difference": 0.25},
        "n": {"before": 3, "after": 3, "difference": 0},
        "none": {"before": None, "after": 0.5, "difference": None},
        "per_class": {"x": {"f1": {"before": 0.25, "after": 0.0, "difference": -0.25}}},
    }


# === What is learnt and what is forgotten ===


@pytest.fixture(scope="module")
def reports(start, domain, general, tmp_path_factory):
    """Without a replay, and with half of each batch."""
    folder = tmp_path_factory.mktemp("adapted")
    replay = {"replay": general["train"].folder, "replay_share": 0.5}
    return folder, [
        adapted(start, domain, general, folder / name, **more) for name, more in (("plain", {}), ("replay", replay))
    ]


@pytest.mark.slow
def test_the_domain_is_learnt_and_replay_keeps_the_rest(reports):
    plain, replay = ({**report["gained"], **report["forgotten"]} for report in reports[1])
    assert list(plain) == ["law", "corpus"]
    for found in (plain, replay):
        assert found["law"]["perplexity"]["difference"] < -0.2 * found["law"]["perplexity"]["before"]
    assert plain["corpus"]["perplexity"]["difference"] > 0
    assert replay["corpus"]["perplexity"]["after"] < plain["corpus"]["perplexity"]["after"]


def measured_apart(folders, corpora):
    """The scores of each folder's weights on each corpus, from the parts alone."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict
    from albert_edge.training.pretraining.evaluation import HeldOut
    from albert_edge.training.pretraining.records import open_corpus
    from albert_edge.training.pretraining.step import PretrainStep

    checkpoints = [read_checkpoint(folder, "pretraining") for folder in folders]
    settings = PretrainingSettings(steps=1, lengths="32", jit=False)
    model = build_model(checkpoints[0].config, "pretraining")
    step = PretrainStep(model, settings)
    found = []
    for checkpoint in checkpoints:
        load_state_dict(model, checkpoint.tensors)
        held_out = {
            name: HeldOut(open_corpus(corpus), checkpoint.tokenizer, settings, 32, 4096)
            for name, corpus in corpora.items()
        }
        found.append({name: each.scores(step) for name, each in held_out.items()})
    return found


@pytest.mark.slow
def test_the_report_is_that_of_both_folders(reports, start, domain, general):
    folder, (report, _) = reports
    corpora = {"law": domain["held-out"], "corpus": general["held-out"].folder}
    before, after = measured_apart([start, folder / "plain"], corpora)
    for name, changes in {**report["gained"], **report["forgotten"]}.items():
        for score, change in changes.items():
            assert change["before"] == pytest.approx(before[name][score], rel=1e-5)
            assert change["after"] == pytest.approx(after[name][score], rel=1e-5)
            assert change["difference"] == change["after"] - change["before"]
    stored = json.loads((folder / "plain" / "training.json").read_text(encoding="utf-8"))
    assert stored["forgotten"] == report["forgotten"]
    assert stored["new_head"] == []


# === Stopping and going on ===


def command(start, domain, general, out):
    text = ["--corpus", domain["train"], "--replay", general["train"].folder, "--replay-share", "0.25"]
    options = ["--steps", "30", "--batch-size", "8", "--lengths", "32", "--no-jit", "--threads", "1"]
    pace = ["--checkpoint-seconds", "0", "--log-every", "5", "--evaluate-every", "30"]
    held_out = ["--held-out", domain["held-out"], "--general-held-out", general["held-out"].folder]
    return ["adapt", start, *text, *held_out, *options, *pace, "--out", out]


def stored_step(out):
    found = read_snapshot(work_folder(out) / SNAPSHOT_FILE, PretrainingPosition)
    return 0 if found is None else found.position.step


@pytest.mark.slow
def test_a_killed_adaptation_ends_with_the_same_weights(start, domain, general, tmp_path):
    through, out = tmp_path / "through", tmp_path / "out"
    commands = [command(start, domain, general, each) for each in (out, through)]
    stop_on_its_way(commands[0], lambda: stored_step(out) >= 12, signal.SIGKILL)
    step = stored_step(out)
    assert 12 <= step < 30
    done = run_in_one_process(*commands)
    assert done.stderr.count("going on after update") == 1
    assert f"going on after update {step} of 30" in done.stderr
    expected, tensors = read_tensors(through), read_tensors(out)
    assert [name for name in expected if not np.array_equal(tensors[name], expected[name])] == []
    records = [json.loads((each / "training.json").read_text(encoding="utf-8")) for each in (out, through)]
    assert records[0]["forgotten"] == records[1]["forgotten"]
    # A line for each score.
    assert done.stdout.count("forgotten  corpus") == 2 * len(records[0]["forgotten"]["corpus"]) == 10
    assert not work_folder(out).exists()


class Stop(Reporter):
    def note(self, text):
        raise KeyboardInterrupt


@pytest.mark.slow
def test_another_start_or_replay_does_not_go_on(start, domain, general, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        adapted(start, domain, general, out, reporter=Stop(), checkpoint_seconds=0, evaluate_every=2)
    assert stored_step(out) > 0
    with pytest.raises(AlbertEdgeError, match=r"\(--restart starts over\); received replay \{"):
        adapted(start, domain, general, out, replay=general["train"].folder)
    weights = start / "model.safetensors"
    data = weights.read_bytes()
    try:
        weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        with pytest.raises(AlbertEdgeError, match=r'received folder model.safetensors "'):
            adapted(start, domain, general, out)
    finally:
        weights.write_bytes(data)


# === Folders that lack a head, and bad use ===

SETTINGS = PretrainingSettings(steps=1, lengths="32")
ORDER = ("sop_classifier.classifier.weight", "sop_classifier.classifier.bias")


@pytest.mark.slow
def test_heads_that_the_folder_has_are_kept(golden, general):
    corpus = general["train"]
    whole = golden / "base_like" / "pretraining"
    found = from_folder(whole, corpus, SETTINGS)
    assert found.new_head == ()
    expected = read_tensors(whole)
    assert all(np.array_equal(values, expected[name]) for name, values in found.tensors().items())
    filler = golden / "base_like" / "masked_lm"
    found = from_folder(filler, corpus, SETTINGS)
    assert {name for name in found.new_head if "pooler" not in name} == set(ORDER)
    assert np.array_equal(found.tensors()["predictions.bias"], read_tensors(filler)["predictions.bias"])


@pytest.mark.slow
def test_a_classifier_gets_new_heads_and_a_note(golden_folder, general, tmp_path):
    notes = []

    class Notes(Reporter):
        def note(self, text):
            notes.append(text)

    shape = {**SHAPE, "steps": 2, "held_out": [general["held-out"].folder], "reporter": Notes()}
    report = adapt(golden_folder, general["train"].folder, tmp_path / "out", **shape)
    assert (
        notes[0]
        == f"{golden_folder} has no head of masked pieces and of the order: a new one starts, with random weights"
    )
    assert {*ORDER, "predictions.bias", "predictions.dense.weight"} <= set(report["new_head"])
    # The frequencies are known before the first update: better than a guess among 1,000 pieces.
    assert report["gained"]["corpus"]["perplexity"]["before"] < 200
    saved = read_checkpoint(tmp_path / "out", "pretraining")
    assert saved.config.labels == ("in_order", "swapped")
    assert saved.config.problem_type is None


@pytest.mark.slow
def test_what_is_refused(start, domain, general, golden, spm_30k, trained_folder, tmp_path):
    def refused(folder=start, corpus=domain["train"], **choices):
        with pytest.raises(AlbertEdgeError) as caught:
            adapt(folder, corpus, tmp_path / "out", steps=1, **{"lengths": "32", **choices})
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "out").exists()
        return str(caught.value)

    assert "a corpus must have the vocabulary and the tokenizer options of the folder" in refused(trained_folder)
    other = write_made_corpus(tmp_path, spm_30k, documents=5, held_out=0.0)["train"].folder
    assert "a replayed corpus must have the corpus's vocabulary" in refused(replay=other)
    assert "a held-out corpus must have the corpus's vocabulary" in refused(general_held_out=[other])
    twice = [general["held-out"].folder]
    assert refused(held_out=twice, general_held_out=twice).endswith("names of their own; received 'corpus' twice")
    assert refused(replay_share=0.5).endswith("with a replay only; received 0.5 without one")
    assert refused(replay=domain["train"], replay_share=1.5) == "replay_share must be in (0, 1); received 1.5"
    assert "word_vectors must be false for a folder" in refused(word_vectors=True)
    assert "at most the model's 512 positions; received 1024" in refused(lengths="1024")
    assert "must be a folder or hf:owner/name" in refused(tmp_path / "none")
    damaged = write_teacher(start, tmp_path / "damaged", "fill-mask")
    (damaged / "model.safetensors").write_bytes((damaged / "model.safetensors").read_bytes()[:-40])
    assert "model.safetensors" in refused(damaged)

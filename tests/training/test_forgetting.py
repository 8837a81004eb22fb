"""Going on with new data: which old ones come again, which labels stay, and that the report is that of both folders."""

import collections
import json
import random
import signal

import numpy as np
import pytest
from processes import run_in_one_process, stop_on_its_way
from small_sets import TOPICS, shuffled

import albert_edge
from albert_edge.errors import AlbertEdgeError, ConfigError
from albert_edge.model.folder import read_checkpoint, read_tensors
from albert_edge.training.data import Encoded, choose_labels
from albert_edge.training.finetune import train
from albert_edge.training.replay import Replay, make_replay
from albert_edge.training.settings import TrainingSettings
from albert_edge.training.snapshot import partial_path, read_snapshot

TASK = "text-classification"
NEW = {**TOPICS, "music": ("violin", "choir", "drums", "opera"), "zoo": ("lion", "bear", "zebra")}


def write_table(path, labels, count, seed):
    generator = random.Random(seed)
    rows = [(generator.choice(labels)) for _ in range(count)]
    lines = [f"{shuffled(generator, generator.choices(NEW[label], k=2))}\t{label}" for label in rows]
    path.write_text("\n".join(["text\tlabel", *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def new_data(tmp_path_factory):
    """Train and dev of music and food, of which the checkpoint knows food alone."""
    folder = tmp_path_factory.mktemp("new")
    return [
        write_table(folder / f"{name}.tsv", ["music", "food"], count, count) for name, count in (("a", 96), ("b", 40))
    ]


# === Which old data an epoch sees ===


@pytest.mark.parametrize(("share", "old", "per_epoch"), [(0.2, 30, 20), (0.5, 30, 80), (0.01, 5, 1)])
def test_an_epoch_has_the_share_and_all_old_data_have_their_turn(share, old, per_epoch):
    replay = Replay(new=80, old=old, share=share, seed=3)
    assert replay.per_epoch == per_epoch
    counts = collections.Counter()
    for epoch in range(12):
        inputs = replay.inputs(epoch)
        assert inputs[:80].tolist() == list(range(80))
        assert len(inputs) == 80 + per_epoch
        counts.update(inputs[80:].tolist())
        assert np.array_equal(inputs, Replay(80, old, share, 3).inputs(epoch))
    assert set(counts) <= set(range(80, 80 + old))
    assert max(counts.values()) - min(counts[index] for index in range(80, 80 + old)) <= 1
    assert not np.array_equal(replay.inputs(0)[80:], Replay(80, old, share, 4).inputs(0)[80:]) or per_epoch == 1


class Asked:
    """As much of an objective as a replay needs."""

    replay = object()
    new_examples = 2
    settings = TrainingSettings.from_dict({"replay_share": 0.5}, from_checkpoint=True)


def test_windows_of_a_long_text_are_its_examples():
    replay = make_replay(Asked(), Encoded([None] * 7, (), owners=[0, 0, 0, 1, 2, 2, 4]))
    assert (replay.new, replay.old, replay.per_epoch) == (4, 3, 4)


def test_a_share_of_no_input_is_refused():
    asked = Asked()
    asked.settings = TrainingSettings.from_dict({"replay_share": 0.01}, from_checkpoint=True)
    with pytest.raises(ConfigError, match=r"an input of each epoch; received 0\.01 beside 2 new ones"):
        make_replay(asked, Encoded([None] * 7, ()))


def test_labels_that_stay():
    known = ("sport", "food")
    assert choose_labels("a.tsv", ["music", "food"], known) == ("food", "music")
    assert choose_labels("a.tsv", ["music", "food"], known, keep=True) == ("sport", "food", "music")
    assert choose_labels("a.tsv", ["music"], known, keep=True) == ("sport", "food", "music")
    assert choose_labels("a.tsv", ["music", "food"], None, keep=True) == ("food", "music")


# === What is forgotten ===


def gone_on(trained_folder, separable, new_data, out, **more):
    choices = {"epochs": 5, "batch_size": 16, "learning_rate": 1e-3, **more}
    return train(TASK, *new_data, out, from_=trained_folder, old_dev=separable / "dev.tsv", **choices)


@pytest.fixture(scope="module")
def runs(trained_folder, separable, new_data, tmp_path_factory):
    """Without anything, with old data, with the old model as teacher."""
    folder = tmp_path_factory.mktemp("runs")
    ways = {
        "plain": {},
        "replay": {"replay": separable / "train.tsv", "replay_share": 0.5},
        "teacher": {"teacher": trained_folder},
    }
    return folder, {
        name: gone_on(trained_folder, separable, new_data, folder / name, **more) for name, more in ways.items()
    }


@pytest.mark.slow
def test_old_data_and_the_old_model_keep_what_was_learnt(runs):
    found = {name: report["forgotten"]["change"]["accuracy"] for name, report in runs[1].items()}
    assert found["plain"]["before"] >= 0.9, found
    assert found["plain"]["difference"] < -0.3, found
    assert found["replay"]["difference"] > found["plain"]["difference"] + 0.2, found
    assert found["teacher"]["difference"] > found["plain"]["difference"] + 0.1, found
    for name, report in runs[1].items():
        assert report["dev"]["accuracy"] > 0.85, (name, found, report["history"])
        assert report["labels"] == ["food", "sport", "weather", "music"]
        assert report["forgotten"]["new_labels"] == ["music"]
        assert report["new_head"] == []
    assert runs[1]["replay"]["train"]["replay"] == {"inputs": 240, "inputs_an_epoch": 96}


@pytest.mark.slow
def test_the_report_is_that_of_evaluate_on_both_folders(runs, trained_folder, separable):
    folder, reports = runs
    forgotten = reports["plain"]["forgotten"]
    stored = json.loads((folder / "plain" / "training.json").read_text(encoding="utf-8"))
    assert stored["forgotten"] == forgotten
    for side, model in (("before", trained_folder), ("after", folder / "plain")):
        found = albert_edge.evaluate(model, separable / "dev.tsv")
        assert {key: found[key] for key in forgotten[side]} == forgotten[side]
    per_class = forgotten["change"]["per_class"]
    assert set(per_class) == {"food", "sport", "weather"}
    for label, scores in per_class.items():
        before, after = (forgotten[side]["per_class"][label]["f1"] for side in ("before", "after"))
        assert scores["f1"] == {"before": before, "after": after, "difference": after - before}


@pytest.mark.slow
def test_without_old_data_a_further_label_is_a_new_head(trained_folder, tmp_path):
    """Its labels would come right behind the checkpoint's, and are not taken for an addition."""
    data = [write_table(tmp_path / f"{name}.tsv", ["food", "sport", "weather", "zoo"], 40, 1) for name in "ab"]
    report = train(TASK, *data, tmp_path / "out", from_=trained_folder, epochs=1)
    assert report["labels"] == ["food", "sport", "weather", "zoo"]
    assert report["new_head"] == ["classifier.weight", "classifier.bias"]
    assert "forgotten" not in report
    # A learning rate of almost nothing: what is in the folder is what it began with.
    more = {"keep_labels": True, "epochs": 1, "learning_rate": 1e-12}
    kept = train(TASK, *data, tmp_path / "kept", from_=trained_folder, **more)
    assert kept["labels"] == report["labels"]
    assert kept["new_head"] == []
    old, new = (read_checkpoint(folder).tensors for folder in (trained_folder, tmp_path / "kept"))
    for name in ("classifier.weight", "classifier.bias"):
        assert len(new[name]) == 4
        np.testing.assert_allclose(new[name][:3], old[name], atol=1e-6)


# === Stopping, and bad use ===


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_weights(trained_folder, separable, new_data, tmp_path):
    def command(out):
        files = ["--train", new_data[0], "--dev", new_data[1], "--replay", separable / "train.tsv"]
        more = ["--replay-share", "0.5", "--old-dev", separable / "dev.tsv", "--from", trained_folder]
        pace = ["--epochs", "2", "--batch-size", "4", "--checkpoint-every", "2", "--threads", "1", "--out", out]
        return ["train", TASK, *files, *more, *pace]

    def stored_step():
        found = read_snapshot(partial_path(out))
        return 0 if found is None else found.position.step

    through, out = tmp_path / "through", tmp_path / "out"
    # 48 steps an epoch.
    stop_on_its_way(command(out), lambda: stored_step() > 52, signal.SIGKILL)
    assert 52 < stored_step() < 96
    done = run_in_one_process(command(out), command(through))
    assert done.stdout.count("F1 of weather") == 2
    assert done.stderr.count("going on after step") == 1
    expected, tensors = read_tensors(through), read_tensors(out)
    assert [name for name in expected if not np.array_equal(tensors[name], expected[name])] == []


@pytest.mark.slow
def test_what_is_refused(trained_folder, separable, new_data, golden, tmp_path):
    def refused(from_=trained_folder, **choices):
        with pytest.raises(AlbertEdgeError) as caught:
            train(TASK, *new_data, tmp_path / "out", from_=from_, **choices)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "out").exists()
        return str(caught.value)

    old = separable / "dev.tsv"
    for name in ("replay", "old_dev"):
        assert f"{name} must come with --from" in refused(None, size="tiny", **{name: old})
    assert "keep_labels must come with --from" in refused(None, size="tiny", keep_labels=True)
    assert "replay_share may be given with a replay only; received 0.5" in refused(replay_share=0.5)
    assert "replay_share must be in (0, 1); received 1.0" in refused(replay=old, replay_share=1.0)
    other_task = golden / "base_like" / "masked_lm"
    assert "old_dev must come with a checkpoint that has learnt text-classification" in refused(other_task, old_dev=old)
    assert "keep_labels needs a checkpoint that has learnt text-cl" in refused(other_task, keep_labels=True)
    strange = tmp_path / "strange.tsv"
    strange.write_text("text\tlabel\nrain\tweather\nloud\tmusic\n", encoding="utf-8")
    assert "strange.tsv:3" in refused(old_dev=strange)
    strange.write_text("text\tlabel\nrain\n", encoding="utf-8")
    assert "strange.tsv:2" in refused(replay=strange)
    assert "none.tsv" in refused(replay=tmp_path / "none.tsv")

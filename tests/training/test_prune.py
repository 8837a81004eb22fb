"""`prune` from a folder to a smaller one: what it writes and says, every task, stopping and going on."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from small_sets import write_sets
from teachers import write_teacher

import albert_edge
from albert_edge.cli import cli
from albert_edge.config import AlbertConfig
from albert_edge.errors import AlbertEdgeError, DataError
from albert_edge.model.folder import read_checkpoint
from albert_edge.training.pruning.settings import settings_of_a_further_training
from albert_edge.training.reporting import Reporter

CUT = {"heads": 0.5, "ffn": 0.5, "epochs": 1}


@pytest.fixture(scope="module")
def files(separable):
    return separable / "train.tsv", separable / "dev.tsv"


class StopAt(Reporter):
    """Ends the session in a step of the training, as a crash would."""

    def __init__(self, step):
        self.left = step

    def step(self, loss):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def pruned(files, trained_folder, tmp_path_factory):
    """The folder of a structured pruning that was stopped in its training and went on, and the report."""
    out = tmp_path_factory.mktemp("pruned") / "out"
    with pytest.raises(KeyboardInterrupt):
        albert_edge.prune(trained_folder, *files, out, **CUT, checkpoint_every=2, reporter=StopAt(5))
    assert (out.with_name("out.pruning") / "start" / "model.safetensors").exists()
    with pytest.raises(AlbertEdgeError, match=r"received prune ffn 0\.25 for 0\.5"):
        albert_edge.prune(trained_folder, *files, out, **{**CUT, "ffn": 0.25})
    return out, albert_edge.prune(trained_folder, *files, out, **CUT, checkpoint_every=2)


@pytest.mark.slow
def test_the_folder_is_a_smaller_model_that_still_answers(pruned, trained_folder, files):
    out, report = pruned
    config, whole = AlbertConfig.load(out), AlbertConfig.load(trained_folder)
    assert (whole.num_attention_heads, whole.intermediate_size) == (2, 512)
    assert (config.num_attention_heads, config.attention_head_size, config.intermediate_size) == (1, 64, 256)
    assert report["attention_heads"] == {"before": 2, "after": 1}
    assert report["ffn_units"] == {"before": 512, "after": 256}
    found = albert_edge.evaluate(out, files[1])
    assert found["accuracy"] == pytest.approx(report["dev"]["after_training"]["accuracy"])
    assert found["accuracy"] >= 0.9
    before = albert_edge.evaluate(trained_folder, files[1])
    assert before["accuracy"] == pytest.approx(report["dev"]["before"]["accuracy"])
    assert "after_pruning" in report["dev"]
    assert not out.with_name("out.pruning").exists()


@pytest.mark.slow
def test_the_figures_are_those_of_the_tensors(pruned, trained_folder):
    out, report = pruned
    for name, folder in (("before", trained_folder), ("after", out)):
        tensors = read_checkpoint(folder).tensors
        assert report[name]["parameters"] == sum(values.size for values in tensors.values())
        assert report[name]["weight_bytes"] == 4 * report[name]["parameters"]
        assert 0.5 < report[name]["zipped_bytes"] / report[name]["weight_bytes"] < 1
    # Two layers of 4 x 128 x 64, 2 x 128 tokens x 64, 2 x 128 x 256, and the mapping, 128 x 128.
    by_hand = 128 * 128 + 2 * (4 * 128 * 64 + 2 * 128 * 64 + 2 * 128 * 256)
    assert report["after"]["multiply_adds_per_token"] == by_hand
    assert "every runtime faster" in report["note"]
    record = json.loads((out / "training.json").read_text(encoding="utf-8"))
    assert {"folder": str(out), "task": "text-classification", **record["pruning"]} == report
    assert report["model"] == str(trained_folder)
    # As the model learnt, at half the learning rate.
    assert (record["request"]["learning_rate"], record["request"]["word_dropout"]) == (1e-3, 0.3)


@pytest.mark.slow
def test_a_stop_changes_nothing(pruned, trained_folder, files, tmp_path):
    out, _ = pruned
    albert_edge.prune(trained_folder, *files, tmp_path / "whole", **CUT, checkpoint_every=2)
    for name in ("model.safetensors", "config.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (out / name).read_bytes()


@pytest.mark.slow
def test_magnitude_pruning_and_its_table(trained_folder, files, tmp_path):
    arguments = ["prune", str(trained_folder), "--train", str(files[0]), "--dev", str(files[1]), "--epochs", "1"]
    done = CliRunner().invoke(cli, [*arguments, "--sparsity", "0.5", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["before", "after", "ratio"]
    assert [row[-1] for row in rows if row[0] == "parameters"] == ["1.00"]
    assert [row[-2] for row in rows if row[0] == "zeros"] == ["50.0%"]
    assert "no runtime here is faster" in done.stdout
    zipped = [float(row[-1]) for row in rows if row[:2] == ["...", "zipped"]]
    assert 0.5 < zipped[0] < 0.75


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "task", "settings"),
    [
        ("tagging", "token-classification", {"labels": ("O", "B-place", "I-place", "B-person", "I-person")}),
        ("answering", "question-answering", {}),
        ("ranking", "feature-extraction", {}),
        ("filling", "fill-mask", {}),
        ("order", "sentence-order", {"labels": ("in_order", "swapped")}),
    ],
)
def test_every_task(kind, task, settings, trained_folder, tmp_path):
    changes = {"problem_type": None, **settings}
    model = write_teacher(trained_folder, tmp_path / "model", task, **changes)
    files = write_sets(tmp_path, kind, rows=(32, 12))
    more = {"max_length": 48, "epochs": 1, "batch_size": 8}
    report = albert_edge.prune(model, *files, tmp_path / "out", heads=0.5, ffn=0.5, sparsity=0.5, **more)
    assert report["task"] == task
    assert report["after"]["zero_share"] == pytest.approx(0.5, abs=0.01)
    assert set(report["dev"]["before"]) == set(report["dev"]["after_training"]) != set()
    found = read_checkpoint(tmp_path / "out")
    assert (found.task, found.config.num_attention_heads, found.config.intermediate_size) == (task, 2, 24)


def test_a_model_learns_again_as_it_learnt(tmp_path):
    (tmp_path / "training.json").write_text(
        json.dumps({"request": {"task": "text-classification", "learning_rate": 1e-3, "label_smoothing": 0.1}})
    )
    config = AlbertConfig(problem_type="multi_label_classification").with_settings(max_length=64, pooling="cls")
    given = {"batch_size": 8, "epochs": None}
    assert settings_of_a_further_training(tmp_path, config, "text-classification", given) == {
        "max_length": 64,
        "multi_exit": False,
        "problem_type": "multi_label_classification",
        "label_smoothing": 0.1,
        "learning_rate": 5e-4,
        "batch_size": 8,
    }
    # A record that was cut by hand tells what it still has.
    (tmp_path / "training.json").write_text(json.dumps({"request": {"task": "text-classification", "metric": "loss"}}))
    cut = settings_of_a_further_training(tmp_path, config, "text-classification", {})
    assert (cut["metric"], cut.get("learning_rate")) == ("loss", None)
    # Of another task's record nothing is taken.
    swapped = config.replace(labels=("next", "random"), problem_type=None)
    other = settings_of_a_further_training(tmp_path, swapped, "sentence-order", {})
    assert other == {"max_length": 64, "multi_exit": False, "pair_objective": "nsp"}


def test_what_is_not_given_is_left_to_the_settings(monkeypatch):
    """A flag of `train` or `prune` that is False where nobody gave it would undo the default: word vectors, zeros."""
    seen = {}

    def note(*_, **arguments):
        seen.update(arguments)
        raise AlbertEdgeError("seen")

    for name, command in (("train", ["train", "classify", "--size", "tiny"]), ("prune", ["prune", "model"])):
        monkeypatch.setattr(albert_edge, name, note, raising=False)
        CliRunner().invoke(cli, [*command, "--train", "a.tsv", "--dev", "b.tsv", "--out", "c"])
        assert (seen["keep_zeros"], seen["freeze_encoder"], seen["multi_exit"]) == (None, None, None)
        assert (seen.get("word_vectors"), seen["metric"]) == (None, None)
        seen.clear()


def test_mistakes_are_one_line(golden_folder, topics, tmp_path):
    arguments = ["prune", str(golden_folder), "--train", str(topics / "train.tsv"), "--dev", str(topics / "dev.tsv")]
    for more, complaint in (
        ([], "a pruning must have a sparsity, or a share of heads or of ffn that stays; received none"),
        (["--heads", "1.2"], "heads must be in (0, 1]; received 1.2"),
        (["--heads", "0.99"], "received 0.99 and 1.0"),
        (["--sparsity", "0.5", "--stride", "3"], "received 'stride'"),
    ):
        done = CliRunner().invoke(cli, [*arguments, "--out", str(tmp_path / "out"), *more])
        assert isinstance(done.exception, AlbertEdgeError)
        assert complaint in str(done.exception)
        assert "\n" not in str(done.exception)
    shutil.copytree(golden_folder, tmp_path / "taken")
    done = CliRunner().invoke(cli, [*arguments, "--ffn", "0.5", "--out", str(tmp_path / "taken")])
    assert "must not exist unless --overwrite is given" in str(done.exception)
    with pytest.raises(AlbertEdgeError, match="checkpoint_every must be a positive integer; received 0"):
        albert_edge.prune(
            golden_folder, topics / "train.tsv", topics / "dev.tsv", tmp_path / "out", ffn=0.5, checkpoint_every=0
        )
    assert not np.any([path.name.endswith(".pruning") for path in tmp_path.iterdir()])


def test_labels_that_the_model_lacks_are_refused(golden_folder, tmp_path):
    """A training would give the model a new head, and the pruned one would have forgotten everything."""
    data = tmp_path / "data.tsv"
    data.write_text("text\tlabel\nrain again\twet\nthe sun\tdry\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"data\.tsv: a pruned model must learn the labels that it has, .*; received dry, wet"
    ):
        albert_edge.prune(golden_folder, data, data, tmp_path / "out", sparsity=0.5, max_length=16)
    assert [path.name for path in tmp_path.iterdir()] == ["data.tsv"]


@pytest.mark.parametrize("restart", [[], ["--restart"]])
def test_a_file_in_the_place_of_its_work_is_one_line(golden_folder, topics, tmp_path, restart):
    (tmp_path / "out.pruning").write_text("mine")
    files = ["--train", str(topics / "train.tsv"), "--dev", str(topics / "dev.tsv"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli, ["prune", str(golden_folder), *files, "--ffn", "0.5", *restart])
    assert isinstance(done.exception, AlbertEdgeError)
    assert str(done.exception).startswith("a pruning must have a folder for its work; received the file ")
    assert (tmp_path / "out.pruning").read_text() == "mine"

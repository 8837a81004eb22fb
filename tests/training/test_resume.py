"""Trainings that are killed or interrupted in the middle of an epoch, in processes of their own, and go on."""

import signal

import numpy as np
import pytest
from processes import run_in_one_process, stop_on_its_way
from small_sets import write_sets
from teachers import write_teacher

from albert_edge.cli import main
from albert_edge.errors import AlbertEdgeError
from albert_edge.model.folder import read_tensors
from albert_edge.training.snapshot import partial_path, read_snapshot

pytestmark = pytest.mark.slow

# 240 rows in batches of 8: 30 steps an epoch.
OPTIONS = [
    "--size",
    "tiny",
    "--layers",
    "1",
    "--epochs",
    "2",
    "--batch-size",
    "8",
    "--checkpoint-every",
    "4",
    "--threads",
    "1",
]


# Kind of data -> its task. Masked places, second texts and labels of words follow from seed and step too.
TASKS = {
    "separable": "text-classification",
    "tagging": "tag",
    "filling": "fill",
    "ranking": "embed",
    "taught": "text-classification",
}


@pytest.fixture(scope="module")
def files_of(separable, trained_folder, tmp_path_factory):
    """Kind -> the options that name its files; `taught`: a teacher of another width for every depth, all rounded."""
    folder = tmp_path_factory.mktemp("sets")

    def options(kind):
        if kind in ("separable", "taught"):
            train, dev = separable / "train.tsv", separable / "dev.tsv"
        else:
            train, dev = write_sets(folder, kind)
        more = ["--vocab-size", "120"]
        if kind == "taught":
            teacher = write_teacher(trained_folder, folder / "teacher")
            more = ["--teacher", str(teacher), "--teacher-hidden", "0.5", "--multi-exit", "--qat", "int8"]
        return ["--train", str(train), "--dev", str(dev), *more]

    return options


def command(kind, files, out, *more):
    return ["train", TASKS[kind], *files, "--out", out, *OPTIONS, *more]


def stopped(kind, files, out, number):
    """Start a training, send it the signal `number` in its second epoch: its exit code and errors, and the last step
    that is stored."""
    found = stop_on_its_way(command(kind, files, out), lambda: stored_step(out) > 30, number)
    assert not out.exists()
    return *found, stored_step(out)


def stored_step(out):
    found = read_snapshot(partial_path(out))
    return 0 if found is None else found.position.step


# Each start of TensorFlow takes seconds: what Ctrl-C leaves is seen where the least happens.
CASES = [(kind, signal.SIGINT if kind == "separable" else signal.SIGKILL) for kind in TASKS]


@pytest.fixture(scope="module")
def trainings(files_of, tmp_path_factory):
    """(kind, None) -> the folder of a training that nothing stopped; (kind, signal) -> that of one that went on.

    And how the stopped ones stopped. What isn't stopped runs in one process: TensorFlow's start takes seconds.
    """
    outs = {
        (kind, number): tmp_path_factory.mktemp(kind) / "out" for kind, number in [*CASES, *((k, None) for k in TASKS)]
    }
    stops = {case: stopped(case[0], files_of(case[0]), outs[case], case[1]) for case in CASES}
    done = run_in_one_process(*(command(kind, files_of(kind), out) for (kind, _), out in outs.items()))
    notes = [line for line in done.stderr.splitlines() if line.startswith("going on")]
    assert notes == [f"going on after step {step} of 60" for _, _, step in stops.values()]
    return outs, stops


@pytest.mark.parametrize(("kind", "number"), CASES, ids=lambda value: value if isinstance(value, str) else value.name)
def test_a_stopped_training_ends_with_the_same_weights(trainings, kind, number):
    """Bit for bit: one thread adds up in one order, and everything random follows from seed and step."""
    outs, stops = trainings
    code, errors, step = stops[kind, number]
    assert 30 < step < 60
    assert code == (130 if number == signal.SIGINT else -number)
    if number == signal.SIGINT:
        assert errors.splitlines()[-1] == (
            f"albert-edge: error: stopped after step {step} of 60; the same command goes on from there"
        )
    out, through = outs[kind, number], outs[kind, None]
    tensors, expected = read_tensors(out), read_tensors(through)
    assert (out / "config.json").read_bytes() == (through / "config.json").read_bytes()
    assert tensors.keys() == expected.keys()
    assert [name for name in tensors if not np.array_equal(tensors[name], expected[name])] == []
    assert list(out.parent.iterdir()) == [out]


def test_other_arguments_do_not_go_on(files_of, tmp_path, trainings, capsys):
    out, files = tmp_path / "out", files_of("separable")
    stopped("separable", files, out, signal.SIGKILL)
    changed = command("separable", files, out, "--learning-rate", "0.01", "--seed", "2")
    with pytest.raises(SystemExit) as refused:
        main(list(map(str, changed)))
    output, errors = capsys.readouterr()
    assert (refused.value.code, output, len(errors.splitlines())) == (2, "", 1)
    assert "(--restart starts over); received learning_rate 0.01 for 0.001, seed 2 for 1" in errors
    again = run_in_one_process(command("separable", files, out, "--restart"))
    assert "going on" not in again.stderr
    tensors, expected = read_tensors(out), read_tensors(trainings[0]["separable", None])
    assert all(np.array_equal(tensors[name], values) for name, values in expected.items())


def test_other_data_under_the_same_name_do_not_go_on(separable, tmp_path):
    from albert_edge.training.finetune import train
    from albert_edge.training.reporting import Reporter

    class Stop(Reporter):
        def epoch(self, record, epochs, scores):
            raise KeyboardInterrupt

    data = tmp_path / "train.tsv"
    data.write_bytes((separable / "train.tsv").read_bytes())
    arguments = {"size": "tiny", "layers": 1, "vocab_size": 120, "checkpoint_every": 5}
    with pytest.raises(KeyboardInterrupt):
        train("text-classification", data, separable / "dev.tsv", tmp_path / "out", reporter=Stop(), **arguments)
    data.write_text(data.read_text(encoding="utf-8") + "snow again\tweather\n", encoding="utf-8")
    with pytest.raises(AlbertEdgeError, match='received train_sha256 "'):
        train("text-classification", data, separable / "dev.tsv", tmp_path / "out", **arguments)

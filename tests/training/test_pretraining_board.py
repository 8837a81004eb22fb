"""The log of a pretraining as TensorBoard reads it, with TensorFlow's own reader of event files."""

import pytest

from albert_edge.training.pretraining.log import Log, read_log
from albert_edge.training.pretraining.pretrain import pretrain
from albert_edge.training.reporting import Reporter

pytestmark = pytest.mark.slow  # TensorFlow's start alone takes seconds.

LINES = [
    {"step": 5, "tokens": 640, "seconds": 1.5, "loss": 3.5, "learning_rate": 1e-3},
    {"step": 5, "tokens": 640, "held_out": {"books": {"loss": 3.25, "accuracy": 0.5}}},
    {"step": 10, "tokens": 1280, "seconds": 3.0, "loss": 3.0, "learning_rate": 5e-4},
]


def events(folder):
    """Name of a scalar -> its (step, value) in the order of the files."""
    from albert_edge.model.keras import tf

    found = {}
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                found.setdefault(value.tag, []).append((event.step, float(tf.make_ndarray(value.tensor))))
    return found


def test_each_number_of_a_line_is_a_scalar(tmp_path):
    from albert_edge.training.pretraining.board import Board

    board = Board(tmp_path, LINES[:1])
    for line in LINES[1:]:
        board.add(line)
    assert events(tmp_path) == {
        "training/tokens": [(5, 640), (10, 1280)],
        "training/loss": [(5, 3.5), (10, 3.0)],
        "training/learning_rate": [(5, pytest.approx(1e-3)), (10, pytest.approx(5e-4))],
        "held_out/books/loss": [(5, 3.25)],
        "held_out/books/accuracy": [(5, 0.5)],
    }


def test_going_on_leaves_no_step_twice(tmp_path):
    from albert_edge.training.pretraining.board import Board

    path, folder = tmp_path / "log.jsonl", tmp_path / "board"
    log = Log(path)
    log.board = Board(folder, log.lines)
    for line in LINES:
        log.add(line)
    (folder / "notes.txt").write_text("not an event file")
    again = Log(path, 5)
    again.board = Board(folder, again.lines)
    again.add({**LINES[2], "loss": 2.5})
    assert events(folder)["training/loss"] == [(5, 3.5), (10, 2.5)]
    assert (folder / "notes.txt").exists()


def test_a_stopped_pretraining_has_each_update_once(corpora, tmp_path):
    class Stop(Reporter):
        def note(self, text):
            raise KeyboardInterrupt

    settings = {"steps": 8, "batch_size": 4, "lengths": "32", "jit": False, "learning_rate": 0.01, "warmup": 0.5}
    shape = {"size": "tiny", "layers": 1, "log_every": 1, "evaluate_every": 4, "held_out_inputs": 16}
    arguments = {**settings, **shape, "checkpoint_seconds": 0, "held_out": [corpora["held-out"].folder]}
    arguments["tensorboard"] = tmp_path / "board"
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        pretrain(corpora["train"].folder, out, reporter=Stop(), **arguments)
    pretrain(corpora["train"].folder, out, **arguments)
    found, lines = events(tmp_path / "board" / "out"), read_log(out / "log.jsonl")
    learnt = [line for line in lines if "held_out" not in line]
    for name in ("loss", "accuracy", "order_loss", "order_accuracy", "learning_rate", "tokens_per_second"):
        expected = [(line["step"], pytest.approx(line[name], rel=1e-6)) for line in learnt]
        assert found[f"training/{name}"] == expected
        assert len(expected) == 8
    rates = [0.01 * min((step + 1) / 4, (8 - step) / 5) for step in range(8)]
    assert [line["learning_rate"] for line in learnt] == pytest.approx(rates)
    assert all(line["tokens_per_second"] > 0 for line in learnt)
    assert [step for step, _ in found["held_out/corpus/accuracy"]] == [4, 8]

"""A teacher through the whole of a training: what it changes, what may teach, and going on with the very same one."""

import json
import random

import pytest
from teachers import write_teacher

from albert_edge.errors import AlbertEdgeError, ConfigError
from albert_edge.training.finetune import train
from albert_edge.training.reporting import Reporter
from albert_edge.training.settings import TrainingSettings

TASK = "text-classification"


@pytest.mark.parametrize("name", ["teacher_weight", "temperature", "teacher_hidden", "teacher_attention"])
def test_settings_of_a_teacher_need_one(name):
    with pytest.raises(ConfigError, match=rf"{name} may be given with a teacher only; received 0\.5 without one"):
        TrainingSettings.from_dict({name: 0.5}, from_checkpoint=False)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"teacher_weight": 1.5}, r"teacher_weight must be in \[0, 1\]; received 1.5"),
        ({"temperature": 0}, "temperature must be a positive number; received 0"),
        ({"teacher_hidden": -1.0}, "teacher_hidden must be a number that is not negative; received -1.0"),
        ({"teacher": ""}, "teacher must be a folder or hf:owner/name; received ''"),
    ],
)
def test_settings_out_of_range(values, rule):
    with pytest.raises(ConfigError, match=rule):
        TrainingSettings.from_dict({"teacher": "big", **values}, from_checkpoint=False)


def refused(separable, out, teacher, task=TASK, **choices):
    """The one line, after which there is no folder."""
    files = separable / "train.tsv", separable / "dev.tsv"
    with pytest.raises(AlbertEdgeError) as caught:
        train(task, *files, out, **{"size": "tiny", **choices}, teacher=teacher)
    assert not out.exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.slow
def test_what_can_not_teach(separable, trained_folder, golden_folder, tmp_path):
    out = tmp_path / "out"

    def teacher(**changes):
        return write_teacher(trained_folder, tmp_path / "teacher", **changes)

    message = refused(separable, out, golden_folder, size=None, from_=trained_folder)
    assert "a teacher must have the student's vocabulary and tokenizer options, " in message
    assert message.endswith("received others, 1000 pieces")
    message = refused(separable, out, teacher(labels=("food", "music", "weather")))
    assert message == "a teacher must have the student's labels, food, sport, weather; received food, music, weather"
    message = refused(separable, out, teacher(task="token-classification"))
    assert "a teacher must have the student's task, text-classification; received " in message
    message = refused(separable, out, teacher(problem_type="multi_label_classification"))
    assert message.endswith("problem type, single_label_classification; received multi_label_classification")
    message = refused(separable, out, teacher(max_position_embeddings=64))
    assert message.endswith("a position for each of a text's 128 tokens (--max-length); received 64")
    message = refused(separable, out, teacher(type_vocab_size=1))
    assert message == "a teacher must have the student's 2 segments; received 1"
    assert "received --vocab or --teacher too" in refused(separable, out, teacher(), vocab_size=99)
    assert "must be a folder" in refused(separable, out, tmp_path / "none")


@pytest.mark.slow
def test_a_student_that_no_label_helps_agrees_with_its_teacher(separable, trained_folder, tmp_path):
    """The training labels are drawn at random: what the student knows afterwards it has from the teacher alone."""
    generator, lines = random.Random(3), (separable / "train.tsv").read_text(encoding="utf-8").splitlines()
    rows = [f"{line.split(chr(9))[0]}\t{generator.choice(['food', 'sport', 'weather'])}" for line in lines[1:]]
    (tmp_path / "train.tsv").write_text("\n".join([lines[0], *rows]) + "\n", encoding="utf-8")
    files = tmp_path / "train.tsv", separable / "dev.tsv"
    choices = {"size": "tiny", "layers": 1, "epochs": 6, "batch_size": 16, "learning_rate": 2e-3}
    reached = []
    for more in ({"teacher": trained_folder, "teacher_weight": 1.0}, {"vocab": trained_folder}):
        out = tmp_path / f"out{len(reached)}"
        reached.append(train(TASK, *files, out, **choices, **more))
    assert reached[0]["dev"]["accuracy"] > 0.9
    assert reached[1]["dev"]["accuracy"] < 0.7
    assert reached[0]["vocabulary_size"] == reached[1]["vocabulary_size"]
    taught = json.loads((tmp_path / "out0" / "training.json").read_text(encoding="utf-8"))
    assert taught["teacher"]["folder"] == str(trained_folder)
    assert taught["teacher"]["answers_computed"] == "once"
    assert taught["request"]["teacher"] == str(trained_folder)


class Stop(Reporter):
    """Ends the session after the first epoch."""

    def epoch(self, record, epochs, scores):
        raise KeyboardInterrupt


@pytest.mark.slow
def test_another_teacher_under_the_same_name_does_not_go_on(separable, trained_folder, tmp_path):
    teacher, files = tmp_path / "teacher", (separable / "train.tsv", separable / "dev.tsv")
    choices = {"size": "tiny", "layers": 1, "checkpoint_every": 5, "teacher": teacher}
    write_teacher(trained_folder, teacher)
    with pytest.raises(KeyboardInterrupt):
        train(TASK, *files, tmp_path / "out", reporter=Stop(), **choices)
    write_teacher(trained_folder, teacher, num_hidden_layers=2)
    with pytest.raises(AlbertEdgeError, match=r'received teacher config\.json "'):
        train(TASK, *files, tmp_path / "out", **choices)

"""The losses of a student against scipy and scikit-learn, and a whole step against their sum."""

import numpy as np
import pytest
from scipy.special import rel_entr, softmax
from sklearn.metrics import log_loss
from sklearn.metrics.pairwise import cosine_similarity
from test_multi_exit import DEEP, cross_entropies
from test_optimization import Labels, batch_of, settings

from albert_edge.model.initial import initial_tensors
from albert_edge.text.packing import Packed
from albert_edge.training.data import Encoded
from albert_edge.training.objectives.base import Items

pytestmark = pytest.mark.slow

TASK = "text-classification"
GENERATOR = np.random.default_rng(7)


def drawn(*shape):
    return GENERATOR.normal(0, 2, shape).astype(np.float32)


def divergence(student, teacher, temperature):
    return temperature**2 * rel_entr(softmax(teacher / temperature, -1), softmax(student / temperature, -1)).sum(-1)


# === One loss each ===


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_softened_answers(temperature):
    from albert_edge.training.distillation import softened_binary, softened_divergence

    student, teacher = drawn(5, 4), drawn(5, 4)
    found = softened_divergence(student, teacher, temperature)
    np.testing.assert_allclose(found, divergence(student, teacher, temperature), rtol=1e-4)
    np.testing.assert_allclose(softened_divergence(teacher, teacher, temperature), np.zeros(5), atol=1e-5)
    chances, wanted = (1 / (1 + np.exp(-np.float64(each) / temperature)) for each in (student, teacher))
    # Each label as two examples, one of each class, weighted by what the teacher says.
    expected = [
        np.mean([log_loss([1, 0], [p, p], sample_weight=[q, 1 - q]) for p, q in zip(*row)])
        for row in zip(chances, wanted)
    ]
    np.testing.assert_allclose(
        softened_binary(student, teacher, temperature), temperature**2 * np.array(expected), rtol=1e-4
    )


def test_gradients_do_not_shrink_with_the_temperature():
    """At a high temperature they are those of half the squared differences of centred logits (Hinton, equation 4)."""
    from albert_edge.model.keras import tf
    from albert_edge.training.distillation import softened_divergence

    student, teacher = tf.constant(drawn(1, 3)), drawn(1, 3)
    with tf.GradientTape() as tape:
        tape.watch(student)
        loss = softened_divergence(student, teacher, 200.0)
    centred = [np.asarray(each) - np.mean(each) for each in (student, teacher)]
    np.testing.assert_allclose(tape.gradient(loss, student), (centred[0] - centred[1]) / 3, rtol=0.05)


def test_vectors_of_other_widths():
    from albert_edge.training.distillation import similarities

    student, teacher = drawn(6, 3), drawn(6, 8)
    expected = np.square(cosine_similarity(student) - cosine_similarity(teacher)).mean(axis=1)
    np.testing.assert_allclose(similarities(student, teacher), expected, rtol=1e-4)


MASK = np.array([[1, 1, 1], [1, 1, 0]], np.int32)


def test_padding_teaches_nothing():
    from albert_edge.training.distillation import attention_divergence, hidden_error

    student, teacher = drawn(2, 3, 4), drawn(2, 3, 4)
    known = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    expected = [np.square(student[at] - teacher[at]).mean() for at in known]
    np.testing.assert_allclose(hidden_error(student, teacher, MASK), expected, rtol=1e-4)
    own, taught = softmax(drawn(2, 2, 3, 3), -1), softmax(drawn(2, 5, 3, 3), -1)
    expected = [rel_entr(taught.mean(1)[at], own.mean(1)[at]).sum() for at in known]
    np.testing.assert_allclose(attention_divergence(own, taught, MASK), expected, rtol=1e-3)


def test_layers_by_hand():
    from albert_edge.training.distillation import teaching_layers

    assert teaching_layers(2, 6) == [3, 6]
    assert teaching_layers(3, 3) == [1, 2, 3]
    assert teaching_layers(4, 2) == [1, 1, 2, 2]
    assert teaching_layers(1, 12) == [12]


class Asks:
    """As much of an objective as the choice of a loss needs."""

    def __init__(self, task, problem_type=None):
        self.request = type("Request", (), {"task": task})
        self.settings = type("Settings", (), {"problem_type": problem_type})


@pytest.mark.parametrize("task", ["token-classification", "fill-mask"])
def test_only_pieces_that_are_asked_for(task):
    from albert_edge.training.distillation import answer_loss

    student, teacher = drawn(2, 3, 4), drawn(2, 3, 4)
    targets = (np.array([[1, -100, 0], [-100, 2, -100]], np.int32),)
    found = answer_loss(Asks(task))({"logits": student}, {"logits": teacher}, None, targets, 2.0)
    expected = [divergence(student[at], teacher[at], 2.0) for at in ((0, 0), (0, 2), (1, 1))]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_spans_compete_in_the_passage_alone():
    from albert_edge.training.batches import Inputs
    from albert_edge.training.distillation import answer_loss

    inputs = Inputs(np.ones((1, 5), np.int32), np.array([[1, 1, 1, 1, 0]]), np.array([[0, 0, 1, 1, 0]]))
    student, teacher = ({name: drawn(1, 5) for name in ("start_logits", "end_logits")} for _ in range(2))
    places = [0, 2, 3]
    expected = np.mean([divergence(student[name][0, places], teacher[name][0, places], 2.0) for name in student])
    found = answer_loss(Asks("question-answering"))(student, teacher, inputs, (), 2.0)
    np.testing.assert_allclose(found, [expected], rtol=1e-4)


def test_numbers_and_label_sets():
    from albert_edge.training.distillation import answer_loss, softened_binary

    student, teacher = {"logits": drawn(3, 1)}, {"logits": drawn(3, 1)}
    squares = np.square(student["logits"] - teacher["logits"])[:, 0]
    np.testing.assert_allclose(
        answer_loss(Asks(TASK, "regression"))(student, teacher, None, (), 2.0), squares, rtol=1e-5
    )
    found = answer_loss(Asks(TASK, "multi_label_classification"))(student, teacher, None, (), 2.0)
    np.testing.assert_allclose(found, softened_binary(student["logits"], teacher["logits"], 2.0), rtol=1e-6)


# === A whole step ===


def distilled(teacher_labels=("c", "a", "b"), **changes):
    """A step of three layers of 16 with a teacher of two layers of 24, its texts, and the teacher's model."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.weights import load_state_dict
    from albert_edge.training.additions.teacher import Distillation
    from albert_edge.training.optimization import TrainStep
    from albert_edge.training.reporting import Reporter
    from albert_edge.training.teacher import Teacher

    chosen = settings(teacher="big", **changes)
    objective = Labels(chosen)
    objective.request = type("Request", (), {"task": TASK, "settings": chosen})
    shape = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "labels": teacher_labels}
    config = DEEP.replace(**shape)
    places = np.array([teacher_labels.index(label) for label in DEEP.labels])
    teacher = Teacher("big", config, initial_tensors(config, TASK, 5), places)
    batch = batch_of()
    texts = [
        Packed(ids[: mask.sum()], np.zeros(mask.sum(), np.int32)) for ids, mask in zip(batch.inputs[0], batch.inputs[1])
    ]
    student = build_model(DEEP)
    tensors = initial_tensors(DEEP, TASK, seed=1)
    load_state_dict(student, tensors)
    tokenizer = type("Tokenizer", (), {"pad_id": 0})
    parts = {
        "request": objective.request,
        "objective": objective,
        "train": Encoded(texts, batch.targets[0]),
        "start": type("Start", (), {"tokenizer": tokenizer}),
    }
    addition = Distillation(type("Prepared", (), parts), student, teacher)
    addition.begin(Reporter())
    step = TrainStep(student, objective, tensors, 10, (addition,))
    arrays = tuple(addition.arrays(np.arange(len(texts)), Items(texts, batch.targets)))
    return step, addition, batch._replace(additions=(arrays,))


def answers(addition, batch):
    """What the teacher's own model gives, its labels in the student's order."""
    outputs = addition._keras(*batch.inputs[:3])
    return outputs, outputs.logits.numpy()[:, [1, 2, 0]]


def test_the_loss_of_a_step_is_shared():
    """0.3 of the labels' and 0.7 of the teacher's, whose labels are in another order."""
    step, addition, batch = distilled(teacher_weight=0.7, temperature=2.0)
    logits = step.model(*batch.inputs[:3]).logits.numpy()
    labels = cross_entropies(logits, batch.targets[0]).mean()
    taught = divergence(logits, answers(addition, batch)[1], 2.0).mean()
    assert abs(taught - divergence(logits, answers(addition, batch)[0].logits.numpy(), 2.0).mean()) > 1e-3
    assert step(batch) == pytest.approx(0.3 * labels + 0.7 * taught, rel=1e-4)


def test_every_depth_is_taught():
    step, addition, batch = distilled(teacher_weight=1.0, multi_exit=True)
    depths = [step.model(*batch.inputs[:3], depth=depth).logits.numpy() for depth in (1, 2, 3)]
    first, second, third = (divergence(logits, answers(addition, batch)[1], 2.0).mean() for logits in depths)
    assert step(batch) == pytest.approx((first + 2 * second + 3 * third) / 6, rel=1e-4)


def test_states_and_maps_are_taught_through_a_projection():
    step, addition, batch = distilled(teacher_weight=0.0, teacher_hidden=0.5, teacher_attention=2.0)
    own, (taught, _) = step.model(*batch.inputs[:3]), answers(addition, batch)
    projection, known = addition.variables()[0].numpy(), batch.inputs.attention_mask == 1
    states, maps = [], []
    for layer, from_layer in ((1, 1), (2, 1), (3, 2)):
        wide = own.hidden_states[layer].numpy() @ projection
        states.append(np.square(wide - taught.hidden_states[from_layer].numpy())[known].mean())
        taught_mean, own_mean = (
            maps_of.numpy().mean(1)[known] for maps_of in (taught.attentions[from_layer - 1], own.attentions[layer - 1])
        )
        maps.append(rel_entr(taught_mean, own_mean).sum(-1).mean())
    labels = cross_entropies(own.logits, batch.targets[0]).mean()
    assert step(batch) == pytest.approx(labels + 0.5 * np.mean(states) + 2 * np.mean(maps), rel=1e-3)
    assert not np.array_equal(addition.variables()[0].numpy(), projection)


def test_answers_computed_once_are_those_of_each_step():
    once, each = distilled(), distilled(teacher_attention=1e-9)
    assert once[1].facts()["answers_computed"] == "once"
    assert each[1].facts()["answers_computed"] == "in each step"
    assert once[0](once[2]) == pytest.approx(each[0](each[2]), rel=1e-5)


def test_the_teacher_stays_as_it_is_and_the_projection_is_kept():
    from albert_edge.model.weights import state_dict

    step, addition, batch = distilled(teacher_hidden=1.0)
    before, stored = state_dict(addition._keras), step.tensors()
    first = [step(batch) for _ in range(3)]
    assert all(np.array_equal(values, before[name]) for name, values in state_dict(addition._keras).items())
    assert "additions/teacher/0" in stored
    step.restore(stored)
    assert [step(batch) for _ in range(3)] == first
    step.restore({**stored, "additions/teacher/0": stored["additions/teacher/0"] * 2})
    assert step(batch) != first[0]


def test_the_teacher_reads_the_words_that_the_student_does_not_see():
    """The student's ids are another text's; what it is held against is the answer to the items as they are."""
    step, addition, batch = distilled(teacher_weight=1.0, teacher_attention=1e-9)
    (ids,) = batch.additions[0]
    np.testing.assert_array_equal(ids, batch.inputs.input_ids)
    hidden = batch._replace(inputs=batch.inputs._replace(input_ids=np.full_like(ids, 4)))
    logits = step.model(*hidden.inputs[:3]).logits.numpy()
    taught = divergence(logits, answers(addition, batch)[1], 2.0).mean()
    assert step(hidden) == pytest.approx(taught, rel=1e-4)
    assert abs(taught - divergence(logits, answers(addition, hidden)[1], 2.0).mean()) > 1e-3

"""The same files give the same answers on the JVM: TensorFlow Lite behind the Kotlin library, against Python.

`desktop` is TensorFlow Lite 2.19 for Linux, `tflite` the app's own runner over Android's own library, 2.16.1 for x86-64
(see bionic.py). `pytest -s` prints how many texts were judged: those of which the float32 file is sure, its two best
logits more than 0.1 apart; for closer ones the kernels of another processor may decide otherwise.
"""

import functools

import numpy as np
import pytest
from jvm import FILES, requests_of

import albert_edge

MARGIN = 0.1
TEXTS = 200
# float32 sums in another order: about 2e-6 was measured.
FLOAT32_LOGITS = 1e-3
# What int8 weights were measured to differ by between processors and runtimes is up to 0.05.
INT8_LOGITS = 0.2
TASKS = ("text-classification", "token-classification", "question-answering")

pytestmark = pytest.mark.slow


@functools.cache
def wanted_of(path, task):
    return python_answers(path, task, requests_of(task, TEXTS))


@functools.cache
def judged_of(path, task):
    """Whether each text is judged, by its float32 file."""
    return [margin > MARGIN for margin in margins(path, task, requests_of(task, TEXTS))]


def python_answers(path, task, requests):
    """What Python's runtime answers, with the ids of the text's or the passage's pieces."""
    with albert_edge.load(path) as predictor:
        answers, tokenizer = [], predictor.artifact.tokenizer()
        for request in requests:
            is_question = task == "question-answering"
            item = (request["question"], request["passage"]) if is_question else request["text"]
            answer = next(iter(predictor.answers([item], n_best=2 if is_question else None))).to_dict()
            text = request["passage" if is_question else "text"]
            answers.append({**answer, "ids": [int(each) for each in tokenizer.encode(text).ids]})
        return answers


def margins(path, task, requests):
    """Of each request how far apart the two best logits are that its answer hangs on."""
    if task == "token-classification":
        with albert_edge.load(path) as predictor:
            return [tag_margin(predictor, request["text"]) for request in requests]
    with albert_edge.load(path) as predictor:
        threshold = predictor.artifact.heads[0].config.settings.no_answer_threshold
    found = []
    for answer in python_answers(path, task, requests):
        if task == "text-classification":
            first, second = sorted(answer["scores"].values(), reverse=True)[:2]
            found.append(np.log(first / second))
        else:
            # Probabilities of spans: their quotient's logarithm is the difference of the logits.
            first, second = (each["score"] for each in answer["n_best"][:2])
            found.append(min(np.log(first / second), abs(answer["no_answer_score"] - threshold)))
    return found


def tag_margin(predictor, text):
    margin = np.inf
    for packed in predictor.inputs_of(text):
        logits = np.sort(predictor.run(packed)["token-classification"]["logits"][1:-1], axis=-1)
        margin = min(margin, float((logits[:, -1] - logits[:, -2]).min()))
    return margin


def essence(task, answer):
    """What must be equal: labels, or spans."""
    if task == "text-classification":
        return answer["labels"] if "labels" in answer else [answer["label"]]
    if task == "token-classification":
        return [(each["label"], each["start"], each["end"], each["text"]) for each in answer["entities"]]
    return answer["text"], answer["start"], answer["end"]


def numbers(task, answer):
    """Logits, less what the softmax took from them; of entities the logarithms of their scores."""
    if task == "text-classification":
        logits = np.log([answer["scores"][label] for label in sorted(answer["scores"])])
        return logits - logits.mean()
    if task == "token-classification":
        return np.log([each["score"] for each in answer["entities"]])
    return np.array([answer["no_answer_score"]])


def compare(task, found, wanted, judged):
    """The number of judged answers that are equal, and the largest difference of logits among all that are."""
    assert len(found) == len(wanted) == len(judged)
    assert [answer["ids"] for answer in found] == [answer["ids"] for answer in wanted]
    same = [essence(task, mine) == essence(task, theirs) for mine, theirs in zip(found, wanted)]
    distances = [
        np.abs(numbers(task, mine) - numbers(task, theirs)).max(initial=0.0)
        for mine, theirs, is_same in zip(found, wanted, same)
        if is_same
    ]
    equal = sum(is_same for is_same, is_judged in zip(same, judged) if is_judged)
    return equal, sum(judged), max(distances, default=0.0)


@pytest.mark.parametrize("runner", ["desktop", "tflite"])
@pytest.mark.parametrize(("scheme", "layout"), list(FILES))
@pytest.mark.parametrize("task", TASKS)
def test_answers_are_pythons(jvm, model_files, task, scheme, layout, runner, capsys):
    requests = requests_of(task, TEXTS)
    path, float_path = (model_files(task, each, layout) for each in (scheme, "float32"))
    wanted = wanted_of(path, task)
    lengths = [len(answer["ids"]) for answer in wanted]
    assert len(set(lengths)) > 20
    assert any(a < b > c for a, b, c in zip(lengths, lengths[1:], lengths[2:]))
    found = jvm.answers(runner, path, requests)
    judged = judged_of(float_path, task)
    equal, count, distance = compare(task, found, wanted, judged)
    with capsys.disabled():
        print(
            f"\n{runner} {task} {scheme} {layout}: {TEXTS} texts, {count} judged, {equal} equal, {distance:.2g} apart"
        )
    assert count > TEXTS // 2
    assert equal == count
    assert distance < (FLOAT32_LOGITS if scheme == "float32" else INT8_LOGITS)

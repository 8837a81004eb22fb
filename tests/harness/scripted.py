"""Models whose answers are worked out from the words' first letters: every task without a network."""

import numpy as np
from word_pieces import WordPieces, config, letters

import albert_edge
from albert_edge.harness.evaluation import answers
from albert_edge.harness.evaluations import make_evaluation
from albert_edge.harness.evaluations.base import DataFile
from albert_edge.harness.runners import Runner
from albert_edge.pipelines import make_pipeline

FIRST, SECOND = np.float32([4, 0]), np.float32([0, 4])


def runner(task, network, longest=32, batch=2, **settings):
    """A runner of `task` whose outputs `network` gives, a function of one packed input."""
    pipeline = make_pipeline(task, config(**settings), WordPieces(), longest)

    def outputs(inputs):
        return [network(packed) for packed in inputs]

    return Runner("tflite", pipeline, outputs, batch, "scripted 1.0", 1, "0")


def starts_with(letter):
    """`logits` for the first label where the first word starts with `letter`, else for the second."""
    return lambda packed: {"logits": FIRST if letters(packed)[1] == letter else SECOND}


def capitals(packed):
    """Tagging: `O`, and `B-x` for a word with a capital letter."""
    return {"logits": np.stack([SECOND if letter.isupper() else FIRST for letter in letters(packed)])}


def points_at(letter, no_answer=0.0):
    """Answering: the word that starts with `letter`, in the second text."""

    def network(packed):
        places = [place for place, each in enumerate(letters(packed)) if each == letter]
        logits = np.zeros(len(packed.input_ids), np.float32)
        logits[0] = no_answer
        logits[[place for place in places if packed.token_type_ids[place]]] = 5
        return {"start_logits": logits, "end_logits": logits}

    return network


def direction(packed):
    """Embedding: by the first letter, `a` to `z` a quarter of a circle."""
    angle = (ord(letters(packed)[1]) - ord("a")) / 25 * np.pi / 2
    return {"embedding": np.float32([np.cos(angle), np.sin(angle)])}


def always(piece, vocabulary):
    """Filling: the piece of id `piece` at every mask."""

    def network(packed):
        logits = np.zeros((len(packed.masked_positions), vocabulary), np.float32)
        logits[:, piece] = 3
        return {"logits": logits}

    return network


def written(path, text):
    """The path of a file with that text."""
    path.write_text(text, encoding="utf-8")
    return path


def report_of(model, path, predictions=None, limit=None):
    """The report of a runner on a data file; its predictions are written if there is a file for them."""
    evaluation = make_evaluation(model.pipeline, DataFile(path, None, limit))
    found = answers(evaluation, model)
    if predictions is not None:
        predictions.write_bytes(evaluation.written(found))
    return evaluation.report([evaluation.value(prediction) for prediction in found])


def scored(*arguments, **options):
    """`score` without what isn't the task's report."""
    result = albert_edge.score(*arguments, **options)
    del result["schema_version"], result["task"]
    return result

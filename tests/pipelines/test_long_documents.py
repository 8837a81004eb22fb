"""A document of 20,000 words through the pipelines: bounded memory, time that grows with the text.

The network is a function, so that what is measured is the windows, the decoding and nothing else.
"""

import random
import time
import tracemalloc

import numpy as np
import pytest
from word_pieces import config

from albert_edge.pipelines.base import TagRequest, TextRequest
from albert_edge.pipelines.classification import ClassificationPipeline
from albert_edge.pipelines.embedding import EmbeddingPipeline
from albert_edge.pipelines.order import OrderPipeline
from albert_edge.pipelines.tagging import TaggingPipeline
from albert_edge.text.tokenizer import open_tokenizer

HIDDEN = 64
LABELS = ("O", *(f"{prefix}-{kind}" for kind in "abcdef" for prefix in "BI"))
TASKS = ("classify", "pair", "tag", "embed", "order")


@pytest.fixture(scope="module")
def tokenizer(spm_30k):
    return open_tokenizer(spm_30k)


def document(words):
    generator = random.Random(words)
    return " ".join(
        generator.choices(("oil", "prices", "fell", "in", "London", "on", "Monday", ",", "unexpectedly"), k=words)
    )


def network(outputs):
    """Random numbers that the ids decide, of the shapes in `outputs`, T standing for the input's length."""

    def run(packed):
        generator = np.random.default_rng(int(packed.input_ids.sum()))
        shapes = {
            name: [len(packed.input_ids) if axis == "T" else axis for axis in axes] for name, axes in outputs.items()
        }
        return {name: generator.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}

    return run


def prepared(task, text, tokenizer):
    if task == "tag":
        return TaggingPipeline(config(LABELS), tokenizer, 128), TagRequest(text), {"logits": ["T", len(LABELS)]}
    if task == "embed":
        return EmbeddingPipeline(config(hidden_size=HIDDEN), tokenizer, 128), TextRequest(text), {"embedding": [HIDDEN]}
    if task == "order":
        return OrderPipeline(config(), tokenizer, 128), TextRequest(text, text), {"logits": [2]}
    pair = "oil fell" if task == "pair" else None
    return ClassificationPipeline(config(), tokenizer, 128), TextRequest(text, pair), {"logits": [2]}


def measure(task, words, tokenizer):
    """Seconds and the peak in bytes beyond what was there before, of a request from its text to its answer."""
    pipeline, request, outputs = prepared(task, document(words), tokenizer)
    give = network(outputs)
    tracemalloc.start()
    begin = time.process_time()
    inputs = pipeline.inputs(request)
    assert all(len(packed.input_ids) <= 128 for packed in inputs)
    answer = pipeline.decode(request, inputs, [give(packed) for packed in inputs])
    seconds = time.process_time() - begin
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    if task == "tag":
        assert len(answer.word_labels) == len(request.text.split())
    return seconds, peak


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_twenty_thousand_words(tokenizer, task):
    measure(task, 100, tokenizer)
    half_s, half_bytes = measure(task, 10_000, tokenizer)
    seconds, peak = measure(task, 20_000, tokenizer)
    # tracemalloc itself takes most of this time.
    assert seconds < 20
    assert peak < 64 * 2**20
    assert peak < 2.5 * half_bytes
    # Twice the text: twice the time, and as much again for a busy machine.
    assert seconds < 4 * half_s

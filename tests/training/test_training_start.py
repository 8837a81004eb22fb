"""The first weights: sizes of vocabularies and of numbers."""

import numpy as np
import pytest

from albert_edge.training.start import initializer_range, vocabulary_size


@pytest.mark.parametrize(
    ("texts", "size"),
    [
        (["a short text"], 1000),
        (["abcdefghij" * 30] * 1000, 3000),
        (["abcdefghij" * 30] * 100_000, 8000),
        ([chr(0x4E00 + index) for index in range(4500)], 9000),
    ],
)
def test_a_vocabulary_is_as_large_as_its_texts_allow(texts, size):
    assert vocabulary_size(iter(texts)) == size


def test_first_weights_are_berts_at_768_and_larger_for_narrower_models():
    assert initializer_range(768) == pytest.approx(0.02)
    assert initializer_range(192) == pytest.approx(0.04)
    # What it is for: outputs of one size, whatever the width.
    generator = np.random.default_rng(0)
    sizes = [
        (generator.standard_normal(width) @ generator.normal(0, initializer_range(width), (width, 2000))).std()
        for width in (128, 256, 768)
    ]
    assert max(sizes) / min(sizes) < 1.3

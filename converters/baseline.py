"""What a bag of words reaches on the same texts, so that a model's score has something to be compared with."""

from __future__ import annotations

from typing import Any, Mapping

from albert_edge.files import PathLike
from albert_edge.model.packages import host_package
from albert_edge.text.tables import Example, read_examples

_ANALYZERS: Mapping[str, Mapping[str, Any]] = {
    "word": {"analyzer": "word"},
    "char": {"analyzer": "char", "ngram_range": (1, 2)},
}
"""What is counted: words, or for scripts that don't separate them, characters and pairs of characters."""


def tfidf_accuracy(train: PathLike, test: PathLike, analyzer: str = "word") -> float:
    """Accuracy on `test`, a fraction, of scikit-learn's TF-IDF and logistic regression fitted on `train`."""
    classifier = host_package("sklearn.linear_model").LogisticRegression(C=10, max_iter=1000)
    model = host_package("sklearn.pipeline").make_pipeline(_tfidf(analyzer), classifier)
    train_examples, test_examples = read_examples(train), read_examples(test)
    model.fit(_texts(train_examples), [example.label for example in train_examples])
    return float(model.score(_texts(test_examples), [example.label for example in test_examples]))


def tfidf_similarity(train: PathLike, test: PathLike) -> float:
    """Pearson's correlation on `test` between the labels and the cosine of both texts' TF-IDF, counted on `train`."""
    features = _tfidf("word").fit(_texts(read_examples(train)))
    examples = read_examples(test)
    first = features.transform([example.text for example in examples])
    second = features.transform([example.text_pair for example in examples])
    # scikit-learn's rows have length 1, so their product is the cosine.
    cosines = first.multiply(second).sum(axis=1)
    labels = [float(example.label or 0) for example in examples]
    np = host_package("numpy")
    return float(np.corrcoef(np.asarray(cosines).ravel(), labels)[0, 1])


def _tfidf(analyzer: str) -> Any:
    return host_package("sklearn.feature_extraction.text").TfidfVectorizer(sublinear_tf=True, **_ANALYZERS[analyzer])


def _texts(examples: list[Example]) -> list[str]:
    return [" ".join(filter(None, (example.text, example.text_pair))) for example in examples]

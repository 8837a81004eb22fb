"""What a bag of words reaches on the same texts, so that a model's accuracy has something to be compared with."""

from __future__ import annotations

from albert_edge.files import PathLike
from albert_edge.model.packages import host_package
from albert_edge.text.tables import Example, read_examples


def tfidf_accuracy(train: PathLike, test: PathLike) -> float:
    """Accuracy on `test`, a fraction, of scikit-learn's TF-IDF and logistic regression fitted on `train`."""
    features = host_package("sklearn.feature_extraction.text").TfidfVectorizer(sublinear_tf=True)
    classifier = host_package("sklearn.linear_model").LogisticRegression(C=10, max_iter=1000)
    model = host_package("sklearn.pipeline").make_pipeline(features, classifier)
    train_examples, test_examples = read_examples(train), read_examples(test)
    model.fit(_texts(train_examples), [example.label for example in train_examples])
    return float(model.score(_texts(test_examples), [example.label for example in test_examples]))


def _texts(examples: list[Example]) -> list[str]:
    return [" ".join(filter(None, (example.text, example.text_pair))) for example in examples]

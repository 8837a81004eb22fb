"""From files to inputs and targets, task by task, without TensorFlow."""

import json

import numpy as np
import pytest

from albert_edge.config import AlbertConfig
from albert_edge.text.entities import IGNORED
from albert_edge.text.tables import Columns
from albert_edge.text.tokenizer import open_tokenizer
from albert_edge.training.data import class_weights, rare_label_weights
from albert_edge.training.objectives import make_objective
from albert_edge.training.request import Request, Source
from albert_edge.training.settings import TrainingSettings


@pytest.fixture(scope="module")
def tokenizer(spm_30k):
    return open_tokenizer(spm_30k)


@pytest.fixture
def objective_of(tmp_path):
    """A function of the task, the file's ending and text (train and dev alike) and the settings."""

    def make(task, suffix, text, known=None, **settings):
        path = tmp_path / f"data{suffix}"
        path.write_text(text, encoding="utf-8")
        chosen = TrainingSettings.from_dict(settings, from_checkpoint=False, task=task)
        return make_objective(Request(task, path, path, Columns(), Columns(), Source("tiny"), chosen), known)

    return make


def config_of(longest, **changes):
    return AlbertConfig(hidden_size=64, **changes).with_settings(max_length=longest)


def pieces_of(tokenizer, ids):
    return [tokenizer.id_to_piece(int(each)) for each in ids]


def batch_of(objective, data, count, tokenizer):
    return objective.batch(data, np.arange(count), tokenizer, np.random.default_rng(0))


# === Questions ===


def squad(passage, answer=None):
    answers = [] if answer is None else [{"text": answer, "answer_start": passage.index(answer)}]
    qa = {"id": "q", "question": "who won", "answers": answers, "is_impossible": answer is None}
    return json.dumps({"data": [{"title": "t", "paragraphs": [{"context": passage, "qas": [qa]}]}]})


def test_a_window_without_the_answer_aims_at_cls(objective_of, tokenizer):
    passage = "one two three four five six seven eight nine ten Anna Smith eleven twelve thirteen fourteen fifteen"
    objective = objective_of("question-answering", ".json", squad(passage, "Anna Smith"))
    train, dev = objective.encode(config_of(14), tokenizer)
    assert len(train.texts) == len(dev.texts) > 2
    found = [tuple(int(place) for place in target) for target in train.targets]
    assert (0, 0) in found
    inside = [(packed, target) for packed, target in zip(train.texts, found) if target != (0, 0)]
    for packed, (first, last) in inside:
        assert pieces_of(tokenizer, packed.input_ids[first : last + 1]) == ["▁anna", "▁smith"]
        assert packed.token_type_ids[first] == 1
    assert inside
    texts, (targets,) = batch_of(objective, train, 2, tokenizer)
    assert targets.shape == (len(texts), 2)
    assert targets.dtype == np.int32


def test_an_unanswered_question_aims_at_cls_and_is_counted(objective_of, tokenizer):
    objective = objective_of("question-answering", ".json", squad("nobody won this"))
    train, _ = objective.encode(config_of(32), tokenizer)
    assert [target.tolist() for target in train.targets] == [[0, 0]]
    assert objective.facts() == {"unanswered": 1}
    assert objective.has_unanswered
    assert list(objective.texts()) == ["nobody won this", "who won"]


def test_the_threshold_of_the_best_epoch_goes_into_the_settings(objective_of):
    objective = objective_of("question-answering", ".json", squad("nobody won this"))
    config = config_of(32).with_settings(no_answer_threshold=9.0)
    assert objective.adapt(config).settings.no_answer_threshold is None
    assert objective.finish(config, {"no_answer_threshold": -1.5}).settings.no_answer_threshold == -1.5
    assert objective.finish(config, {}).settings.no_answer_threshold is None


# === Tags ===

CONLL = "Washington\tB-place\nunbelievably\tO\nsaw\tO\nAnna\tB-person\nSmith\tI-person\n"


def test_first_pieces_have_the_words_labels(objective_of, tokenizer):
    objective = objective_of("token-classification", ".conll", CONLL, class_weights="square-root")
    assert objective.labels == ("O", "B-person", "I-person", "B-place", "I-place")
    train, _ = objective.encode(config_of(64), tokenizer)
    pieces = pieces_of(tokenizer, train.texts[0].input_ids)
    learnt = {pieces[place]: int(label) for place, label in enumerate(train.targets[0]) if label != IGNORED}
    assert [learnt[piece] for piece in ("▁washington", "▁saw", "▁anna", "▁smith")] == [3, 0, 1, 2]
    assert len(learnt) == 5 < len(pieces) - 2
    # Five words of which two are O: 5 / (5 * 2) and 5 / (5 * 1), and I-place that doesn't occur.
    np.testing.assert_allclose(objective.class_weights, np.sqrt([0.5, 1, 1, 1, 0]))


def test_targets_of_a_batch_are_filled_up(objective_of, tokenizer):
    objective = objective_of("token-classification", ".conll", f"{CONLL}\nAnna\tB-person\n")
    train, _ = objective.encode(config_of(64), tokenizer)
    _, (targets,) = batch_of(objective, train, 2, tokenizer)
    assert targets.shape == (2, len(train.targets[0]))
    assert targets[1].tolist() == [IGNORED, 1] + [IGNORED] * (targets.shape[1] - 2)


def test_long_sentences_are_learnt_in_windows(objective_of, tokenizer):
    words = [f"word\t{'B-person' if index == 30 else 'O'}" for index in range(40)]
    objective = objective_of("token-classification", ".conll", "\n".join(words) + "\n")
    train, _ = objective.encode(config_of(12), tokenizer)
    assert all(len(packed.input_ids) == len(target) <= 12 for packed, target in zip(train.texts, train.targets))
    assert sum((target == 1).any() for target in train.targets) >= 1


@pytest.mark.parametrize(
    ("known", "kept"),
    [
        (("I-place", "O", "B-place", "B-person", "I-person"), True),
        (("O", "B-person", "I-person"), False),
        (None, False),
    ],
)
def test_a_checkpoints_tags_stay_if_they_fit(objective_of, known, kept):
    objective = objective_of("token-classification", ".conll", CONLL, known=known)
    assert (objective.labels == known) == kept
    config = config_of(64).with_settings(tag_scheme="iob2")
    assert objective.adapt(config).settings.tag_scheme == ("iob2" if kept else None)


# === Other tasks ===


def test_lines_follow_one_another_in_windows(objective_of, tokenizer):
    text = " ".join(f"word{number}" for number in range(30))
    objective = objective_of("fill-mask", ".txt", f"{text}\n\n \nshort\n")
    train, _ = objective.encode(config_of(20), tokenizer)
    assert [len(example.text) for example in objective.train.examples] == [len(text), 5]
    joined = np.concatenate([packed.input_ids[1:-1] for packed in train.texts[:-1]])
    # The last window is shifted back so that it is full: it repeats the end of the one before.
    assert set(tokenizer.encode(text).ids) == set(joined.tolist())
    texts, (targets,) = batch_of(objective, train, len(train.texts), tokenizer)
    for packed, original, target in zip(texts, train.texts, targets):
        asked = packed.masked_positions
        assert np.array_equal(original.input_ids[asked], target[: len(asked)])
        assert (target[len(asked) :] == IGNORED).all()


def test_passages_too_long_lose_their_outer_ends(objective_of, tokenizer):
    first, second = ("one two three four five six", "seven eight nine ten eleven twelve")
    objective = objective_of("sentence-order", ".tsv", f"text\ttext_pair\tlabel\n{first}\t{second}\tswapped\n")
    train, _ = objective.encode(config_of(9), tokenizer)
    assert pieces_of(tokenizer, train.texts[0].input_ids) == [
        "[CLS]", "▁four", "▁five", "▁six", "[SEP]", "▁seven", "▁eight", "▁nine", "[SEP]",
    ]  # fmt: skip
    assert train.targets == [1]


def test_documents_become_pairs_of_both_kinds(objective_of):
    text = "\n".join("a\nb\nc\n" for _ in range(30))
    for kind, labels in (("sop", ("in_order", "swapped")), ("nsp", ("next", "random"))):
        objective = objective_of("sentence-order", ".txt", text, pair_objective=kind)
        assert objective.labels == labels
        counts = objective.facts()["per_label"]
        assert sum(counts.values()) == 60
        assert min(counts.values()) > 15


def test_partners_lie_half_a_batch_apart(objective_of, tokenizer):
    rows = "text\ttext_pair\none\ttwo\nthree\tfour\nfive\tsix\n"
    objective = objective_of("feature-extraction", ".tsv", rows)
    train, _ = objective.encode(config_of(16), tokenizer)
    texts, _ = objective.batch(train, np.array([2, 0]), tokenizer, np.random.default_rng(0))
    assert [pieces_of(tokenizer, packed.input_ids)[1] for packed in texts] == ["▁five", "▁one", "▁six", "▁two"]
    assert len(train.inputs) == 6
    config = objective_of("feature-extraction", ".tsv", rows, pooling="cls", normalize=False).adapt(config_of(16))
    assert (config.settings.pooling, config.settings.normalize) == ("cls", False)


def test_numbers_are_learnt_with_mean_0_and_deviation_1(objective_of, tokenizer):
    objective = objective_of(
        "text-classification", ".tsv", "text\tlabel\na\t10\nb\t20\nc\t60\n", problem_type="regression"
    )
    train, _ = objective.encode(config_of(16), tokenizer)
    assert float(train.targets.mean()) == pytest.approx(0, abs=1e-6)
    assert float(train.targets.std()) == pytest.approx(1)
    tensors = {"classifier.weight": np.ones((1, 4), np.float32), "classifier.bias": np.array([0.5], np.float32)}
    final = objective.unscale(tensors)
    # An output of 1.5 standard deviations above the mean of 30.
    assert float(final["classifier.weight"][0, 0] + final["classifier.bias"][0]) == pytest.approx(
        30 + 1.5 * np.std([10, 20, 60]), rel=1e-6
    )
    back = objective.scale(final)
    assert all(np.allclose(back[name], tensors[name], atol=1e-5) for name in tensors)


def test_weights_against_rarity_by_hand():
    labels = np.array([0, 0, 0, 0, 1])
    assert class_weights("none", labels, 2) is None
    assert class_weights("balanced", labels, 2).tolist() == [0.625, 2.5]
    np.testing.assert_allclose(class_weights("square-root", labels, 2), np.sqrt([0.625, 2.5]))
    targets = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1]], np.float32)
    assert rare_label_weights(None, targets) is None
    assert rare_label_weights("balanced", targets).tolist() == [3.0, 1.0, 1.0]
    np.testing.assert_allclose(rare_label_weights("square-root", targets), np.sqrt([3.0, 1.0, 1.0]))

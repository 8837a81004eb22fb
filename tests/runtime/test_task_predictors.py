"""Each task's predictor on its golden model: what it takes, what it gives, and that it is the pipeline's answer."""

import concurrent.futures
import json
import math

import numpy as np
import pytest
from small_models import TAGS, head_of, small_artifact

import albert_edge
from albert_edge.artifact import Head, write_artifact
from albert_edge.errors import ConfigError, DataError
from albert_edge.runtime.predictors import Answerer, Classifier, Embedder, Filler, OrderPredictor, Tagger
from albert_edge.text.tokenizer import make_tokenizer

TEXT = "Oil prices rise again in Über London"
PASSAGE = "The team from Paris won the match. It rained all day."
KINDS = {
    "looped_float32": Classifier,
    "looped_tag": Tagger,
    "looped_answer": Answerer,
    "looped_embed": Embedder,
    "looped_fill": Filler,
    "looped_order": OrderPredictor,
}


@pytest.fixture(scope="module")
def opened(runtime, artifact_paths):
    predictors = {name: albert_edge.load(artifact_paths[name], runtime=runtime) for name in KINDS}
    yield predictors
    for predictor in predictors.values():
        predictor.close()


def test_load_gives_the_tasks_predictor(opened):
    for name, kind in KINDS.items():
        assert type(opened[name]) is kind
        assert opened[name].tasks == (kind.task,)
        assert opened[name].head(kind.task) is opened[name]
    assert opened["looped_tag"].labels == TAGS
    assert opened["looped_fill"].labels == ()


def test_tagger(opened):
    tagger = opened["looped_tag"]
    tagging = tagger.predict(TEXT)
    assert list(tagging.to_dict()) == ["text", "entities"]
    assert [TEXT[start:end] for start, end in tagging.words] == TEXT.split()
    for entity in tagging.entities:
        assert entity.text == TEXT[entity.start : entity.end]
        assert entity.label in ("PER", "LOC")
    words = [(0, 10), (11, 15)]
    assert tagger.predict(TEXT, words).words == ((0, 10), (11, 15))
    assert tagger.predict([TEXT, "a"], [words, [(0, 1)]]) == [tagger.predict(TEXT, words), tagger.predict("a")]
    with pytest.raises(DataError, match="words must be a list of 1 as text is"):
        tagger.predict([TEXT], words)
    with pytest.raises(DataError, match=r"words must be characters \[start, end\) of the text"):
        tagger.predict(TEXT, [(5, 3)])


def test_answerer(opened):
    answerer = opened["looped_answer"]
    answer = answerer.predict("Who won?", PASSAGE, n_best=3)
    assert list(answer.to_dict()) == ["question", "text", "start", "end", "score", "no_answer_score", "n_best"]
    assert answer.text == PASSAGE[answer.start : answer.end]
    assert len(answer.n_best) == 3
    assert answer.n_best[0].text == answer.text
    assert len(answerer.predict("Who won?", PASSAGE).n_best) == 1
    both = answerer.predict(["Who won?", "What?"], [PASSAGE, "a b"])
    assert both == [answerer.predict("Who won?", PASSAGE), answerer.predict("What?", "a b")]
    with pytest.raises(ConfigError, match="n_best must be at least 1; received 0"):
        answerer.predict("Who won?", PASSAGE, n_best=0)
    with pytest.raises(DataError, match="a text must have a piece left"):
        answerer.predict("Who won?", "▁")


def test_embedder(opened):
    embedder = opened["looped_embed"]
    embedding = embedder.predict(TEXT)
    assert (embedding.embedding.dtype, embedding.embedding.shape) == (np.float32, (48,))
    assert math.isclose(np.linalg.norm(embedding.embedding), 1, abs_tol=1e-6)
    assert list(embedding.to_dict()) == ["text", "embedding"]
    np.testing.assert_array_equal(embedder.predict([TEXT])[0].embedding, embedding.embedding)


def test_similar(opened):
    embedder = opened["looped_embed"]
    texts = ["The team won", TEXT, "Oil prices", TEXT, "a"]
    found = embedder.similar(TEXT, texts, k=3)
    vectors = np.stack([embedder.predict(text).embedding for text in texts]).astype(np.float64)
    cosines = vectors @ vectors[1] / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vectors[1])
    assert [each.index for each in found] == np.argsort(-cosines.round(12), kind="stable")[:3].tolist()
    assert [each.index for each in found][:2] == [1, 3]
    np.testing.assert_allclose([each.score for each in found], sorted(cosines)[:-4:-1], atol=1e-12)
    assert [each.text for each in found] == [texts[each.index] for each in found]
    assert list(found[0].to_dict()) == ["text", "index", "score"]
    assert len(embedder.similar(TEXT, iter(texts), k=99)) == 5
    for arguments, message in (
        ((TEXT, []), "texts must hold a text to compare with; received none"),
        ((TEXT, ["a", ""]), "text 2: a text must have a piece left"),
        (("", ["a"]), "^a text must have a piece left"),
        ((TEXT, "ab"), "texts must be a list or another iterable of texts; received the string 'ab'"),
    ):
        with pytest.raises(DataError, match=message):
            embedder.similar(*arguments)
    with pytest.raises(ConfigError, match="k must be at least 1; received 0"):
        embedder.similar(TEXT, ["a"], 0)


def test_filler(opened):
    filler = opened["looped_fill"]
    filling = filler.predict("Oil [MASK] rise in [MASK]", top=2)
    assert list(filling.to_dict()) == ["text", "masks"]
    assert [len(mask) for mask in filling.masks] == [2, 2]
    assert [len(mask) for mask in filler.predict("a [MASK]").masks] == [5]
    first, second = filling.masks[0][:2]
    assert 1 > first.score >= second.score > 0
    assert filler.predict(["Oil [MASK] rise in [MASK]"], top=2) == [filling]
    with pytest.raises(DataError, match=r"must be a string that holds \[MASK\]"):
        filler.predict("Oil prices")


def test_order(opened):
    order = opened["looped_order"]
    answer = order.predict("He opened the door.", "The room was empty.")
    assert list(answer.to_dict()) == ["text", "text_pair", "in_order", "score", "scores"]
    assert list(answer.scores) == ["in_order", "swapped"]
    assert answer.in_order == (answer.scores["in_order"] >= 0.5)
    assert order.predict(["a", "b"], ["c", "d"]) == [order.predict("a", "c"), order.predict("b", "d")]
    with pytest.raises(DataError, match="sentence-order must have two texts"):
        order.predict("a", None)


@pytest.mark.parametrize("name", ["tag", "answer", "fill"])
def test_the_unrolled_file_answers_as_the_looped_one(name, opened, runtime, artifact_paths):
    arguments = {"tag": ("Oil prices rise",), "answer": ("Who won?", "The team"), "fill": ("a [MASK] b [MASK]",)}[name]
    with albert_edge.load(artifact_paths[f"unrolled_{name}"], runtime=runtime) as unrolled:
        ours, theirs = (each.predict(*arguments) for each in (unrolled, opened[f"looped_{name}"]))
    assert_close(ours.to_dict(), theirs.to_dict())


def assert_close(ours, theirs) -> None:
    assert type(ours) is type(theirs)
    if isinstance(ours, dict):
        assert list(ours) == list(theirs)
        for key in ours:
            assert_close(ours[key], theirs[key])
    elif isinstance(ours, list):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs):
            assert_close(one, other)
    elif isinstance(ours, float):
        assert math.isclose(ours, theirs, abs_tol=1e-5)
    else:
        assert ours == theirs


REQUESTS = {
    "looped_float32": TEXT,
    "looped_tag": TEXT,
    "looped_answer": ("Who won?", PASSAGE),
    "looped_embed": TEXT,
    "looped_fill": "Oil [MASK] rise",
    "looped_order": ("a b", "c d"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_the_public_function_answers_each_task(name, opened, artifact_paths):
    (answer,) = albert_edge.predict(artifact_paths[name], [REQUESTS[name]])
    assert_close(answer.to_dict(), opened[name].answer_item(REQUESTS[name]).to_dict())
    assert json.loads(json.dumps(answer.to_dict())) == answer.to_dict()
    assert [len(packed.input_ids) > 2 for packed in opened[name].inputs_of(REQUESTS[name])] == [True]


def test_one_text_is_no_list_of_characters(artifact_paths):
    with pytest.raises(DataError, match="texts must be a list or another iterable of texts; received the string 'ab'"):
        list(albert_edge.predict(artifact_paths["looped_tag"], "ab"))


@pytest.mark.parametrize("name", REQUESTS)
def test_depth_reaches_the_graph(name, opened):
    predictor = opened[name]
    whole, shallow = (str(predictor.answer_item(REQUESTS[name], depth).to_dict()) for depth in (3, 1))
    assert whole == str(predictor.answer_item(REQUESTS[name]).to_dict())
    assert whole != shallow


@pytest.mark.parametrize("name", ["looped_tag", "looped_answer", "looped_embed", "looped_fill"])
def test_threads_may_share_a_predictor(name, opened):
    predictor = opened[name]
    serial = [str(predictor.answer_item(REQUESTS[name], depth).to_dict()) for depth in (None, 1, 2)] * 8
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        parallel = list(pool.map(lambda d: str(predictor.answer_item(REQUESTS[name], d).to_dict()), [None, 1, 2] * 8))
    assert parallel == serial


@pytest.mark.parametrize(
    ("name", "item", "message"),
    [
        ("looped_tag", ("a", "b"), "a text must be a string"),
        ("looped_answer", "a", "must have a question and a passage; received 'a'"),
        ("looped_answer", ("a",), "must have a question and a passage"),
        ("looped_answer", "ab", "must have a question and a passage; received 'ab'"),
        # Its keys are two strings, and are no question and passage.
        ("looped_answer", {"question": "a", "passage": "b"}, "must have a question and a passage; received {"),
        ("looped_answer", 5, "must have a question and a passage; received 5"),
        ("looped_fill", ("a", "b"), "a text to fill must be a string"),
        ("looped_embed", ("a", "b"), "a text must be a string"),
        ("looped_order", "a", "sentence-order must have two texts"),
        ("looped_order", ("a", "b", "c"), "an item must be a text or a pair of texts"),
        ("looped_float32", ("a", "b", "c"), "an item must be a text or a pair of texts"),
    ],
)
def test_items_of_another_form(name, item, message, opened):
    with pytest.raises(DataError, match=message):
        opened[name].answer_item(item)


@pytest.mark.parametrize("words", [[0, 3], [(0,)], ["ab"], [(0.0, 3.0)], 7])
def test_words_that_are_no_pairs(words, opened):
    with pytest.raises(DataError, match="words must be pairs of whole numbers"):
        opened["looped_tag"].predict("Oil prices", words)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("looped_float32", {"n_best": 2}, "n_best must be left out for text-classification; received 2"),
        ("looped_tag", {"top": 2}, "top must be left out for token-classification; received 2"),
        ("looped_fill", {"n_best": 2}, "n_best must be left out for fill-mask"),
    ],
)
def test_options_of_another_task(name, options, message, artifact_paths):
    with pytest.raises(ConfigError, match=message):
        list(albert_edge.predict(artifact_paths[name], [REQUESTS[name]], **options))


def test_heads_that_the_file_lacks(artifact_paths, opened):
    with pytest.raises(ConfigError, match="task must be one of the file's, fill-mask; received 'tag'"):
        opened["looped_fill"].head("tag")
    with pytest.raises(ConfigError, match="task must be one of the file's, fill-mask"):
        albert_edge.similar(artifact_paths["looped_fill"], "a", ["b"])
    with pytest.raises(ConfigError, match="task must be one of text-classification"):
        opened["looped_fill"].head("translate")
    with pytest.raises(ConfigError, match="must have a token-classification head; received fill-mask"):
        Tagger(opened["looped_fill"].artifact, opened["looped_fill"].session)


# === What the configuration decides ===


@pytest.mark.parametrize(
    ("problem_type", "keys"),
    [
        ("multi_label_classification", ["text", "labels", "scores"]),
        ("regression", ["text", "values"]),
        ("single_label_classification", ["text", "label", "score", "scores"]),
    ],
)
def test_problem_types(problem_type, keys, tmp_path):
    config = head_of("text-classification").config.replace(problem_type=problem_type)
    write_artifact(tmp_path / "a.tflite", small_artifact(heads=[Head("text-classification", config)]))
    with albert_edge.load(tmp_path / "a.tflite") as classifier:
        assert list(classifier.predict("a").to_dict()) == keys


def test_a_vocabulary_without_a_mask_can_not_fill(tmp_path):
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"w{number}" for number in range(996))]
    tokenizer = make_tokenizer("wordpiece", "".join(f"{piece}\n" for piece in pieces).encode(), {})
    path = tmp_path / "fill.tflite"
    write_artifact(path, small_artifact("looped_fill", tokenizer=tokenizer))
    with pytest.raises(ConfigError, match=r"fill\.tflite: ") as error:
        albert_edge.load(path)
    assert "\n" not in str(error.value)

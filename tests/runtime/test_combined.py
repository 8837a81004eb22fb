"""Several heads on one trunk: the same answers as each head's own file gives, from as few passes as there can be."""

import random

import pytest
from small_models import head_of, small_artifact

import albert_edge
from albert_edge.artifact import write_artifact
from albert_edge.errors import ConfigError, DataError
from albert_edge.runtime.combined import CombinedPredictor
from albert_edge.runtime.predictors import Classifier, Filler, OrderPredictor, Tagger
from albert_edge.runtime.session import Session

TEXT = "Oil prices rise again in Über London"
# No two windows of it are equal: equal ones would run once.
LONG = " ".join(random.Random(1).choices(("oil", "prices", "rise", "team", "london", "again", "new"), k=400))


class CountingSession(Session):
    """Hands on what it is asked, and counts it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.inputs)
        self.session = session
        self.runs = 0

    @property
    def runtime(self) -> str:
        return self.session.runtime

    def _invoke(self, inputs):
        self.runs += 1
        return self.session.run(inputs)

    def _release(self) -> None:
        self.session.close()


@pytest.fixture(scope="module")
def both(runtime, artifact_paths):
    with albert_edge.load(artifact_paths["looped_classify_tag"], runtime=runtime) as predictor:
        predictor = CombinedPredictor(predictor.artifact, CountingSession(predictor.session))
        yield predictor


@pytest.fixture(scope="module")
def pretrained(artifact_paths):
    with albert_edge.load(artifact_paths["looped_fill_order"]) as predictor:
        yield CombinedPredictor(predictor.artifact, CountingSession(predictor.session))


def runs_of(predictor, *arguments, **options) -> int:
    before = predictor.session.runs
    predictor.predict(*arguments, **options)
    return predictor.session.runs - before


def test_one_pass_for_equal_inputs(both):
    assert runs_of(both, TEXT) == 1
    assert runs_of(both, TEXT, max_depth=1) == 1
    assert runs_of(both, [TEXT, "a"]) == 2
    windows = len(both.head("classify").inputs_of(LONG))
    assert windows > 2
    assert runs_of(both, LONG) == windows


def test_two_passes_for_unlike_inputs(both, pretrained):
    """The pair is for the classifier alone, and a mask is one for fill-mask alone."""
    assert runs_of(both, TEXT, "a pair") == 2
    assert runs_of(pretrained, "Oil [MASK] rise", "a b") == 2


def test_nothing_is_remembered_from_request_to_request(both):
    assert runs_of(both, TEXT) == runs_of(both, TEXT) == 1


@pytest.mark.parametrize("text", [TEXT, LONG, "a"])
def test_answers_are_those_of_each_head_alone(text, both, artifact_paths, runtime):
    answers = both.predict(text)
    assert list(answers) == list(both.tasks) == ["text-classification", "token-classification"]
    assert answers["text-classification"] == both.head("classify").predict(text)
    assert answers["token-classification"] == both.head("tag").predict(text)
    # The classifier stands on the trunk of the file that has it alone.
    with albert_edge.load(artifact_paths["looped_float32"], runtime=runtime) as alone:
        ours, theirs = answers["text-classification"].scores, alone.predict(text).scores
    assert ours == pytest.approx(theirs, abs=1e-6)


def test_heads_have_their_own_predict(both, pretrained):
    assert isinstance(both.head("text-classification"), Classifier)
    assert isinstance(both.head("tag"), Tagger)
    assert isinstance(pretrained.head("fill"), Filler)
    assert isinstance(pretrained.head("order"), OrderPredictor)
    assert both.head("tag").session is both.session
    with pytest.raises(ConfigError, match="one of the file's, text-classification, token-classification; received 'fi"):
        both.head("fill")


def test_each_head_gets_what_is_its_own(both, pretrained):
    words = [(0, 10), (11, 15)]
    assert both.predict(TEXT, words=words)["token-classification"].words == ((0, 10), (11, 15))
    answers = pretrained.predict("Oil [MASK] rise", "a b", top=2)
    assert [len(mask) for mask in answers["fill-mask"].masks] == [2]
    assert (answers["sentence-order"].text, answers["sentence-order"].text_pair) == ("Oil [MASK] rise", "a b")


def test_the_public_function_takes_texts_pairs_and_objects(artifact_paths):
    path = artifact_paths["looped_classify_tag"]
    items = [TEXT, (TEXT, "b"), {"text": TEXT, "words": [(0, 3)]}]
    single, pair, words = albert_edge.predict(path, items)
    assert pair["text-classification"].text_pair == "b"
    assert pair["token-classification"] == single["token-classification"]
    assert words["token-classification"].words == ((0, 3),)
    (tagging,) = albert_edge.predict(path, [TEXT], task="tag")
    assert tagging == single["token-classification"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"text": TEXT, "question": "Who?"}, ConfigError, "question must be left out for text-class.*; received 'Who"),
        ({"text": TEXT, "n_best": 3}, ConfigError, "n_best must be left out for text-classification, token-cla"),
        ({"text": TEXT, "top": 3}, ConfigError, "top must be left out for text-classification"),
        ({"text": ""}, DataError, "a text must have a piece left"),
        ({"text": [TEXT], "text_pair": "a"}, DataError, "text_pair must be a list of 1 as text is"),
        ({"text": None}, DataError, "a text must be a string; received None"),
    ],
)
def test_refuses(arguments, error, message, both):
    with pytest.raises(error, match=message):
        both.predict(**arguments)


def test_refuses_for_other_heads(pretrained):
    with pytest.raises(ConfigError, match="words must be left out for fill-mask, sentence-order"):
        pretrained.predict("a [MASK]", "b", words=[(0, 1)])
    with pytest.raises(DataError, match="sentence-order must have two texts"):
        pretrained.predict("a [MASK]")


@pytest.mark.parametrize("item", [{"text_pair": "a"}, {"text": "a", "passage": "b"}, ("a", "b", "c")])
def test_items_of_another_form(item, both):
    with pytest.raises(DataError, match="an item must"):
        both.answer_item(item)


def test_settings_of_one_head_are_not_the_others(tmp_path):
    """Windows that differ are passes that differ."""
    heads = [head_of("text-classification", max_length=32), head_of("token-classification")]
    write_artifact(tmp_path / "both.tflite", small_artifact("looped_classify_tag", heads=heads))
    with albert_edge.load(tmp_path / "both.tflite") as predictor:
        classify, tag = (predictor.head(task).inputs_of(LONG) for task in ("classify", "tag"))
        counting = CombinedPredictor(predictor.artifact, CountingSession(predictor.session))
        assert {len(packed.input_ids) for packed in classify} == {32}
        assert {len(packed.input_ids) for packed in tag} == {64}
        assert runs_of(counting, LONG) == len(classify) + len(tag)
        assert len(counting.inputs_of(LONG)) == len(classify) + len(tag)

"""Text in, label out: the public `load` and `predict`, and the predictor between them."""

import concurrent.futures
import json
import shutil
import sys

import numpy as np
import pytest
from small_models import head_of, small_artifact

import albert_edge
from albert_edge.errors import ArtifactError, ConfigError, DataError, RuntimeUnavailableError
from albert_edge.files import atomic_write
from albert_edge.runtime.predictor import load
from albert_edge.runtime.predictors import Classifier
from albert_edge.runtime.session import Session, input_specs

TEXTS = [
    "Oil prices rise",
    "The team won",
    "a",
    "A much longer text about a new vaccine " * 3,
    "Über die Brücke: 1,000 €",
]


@pytest.fixture(scope="module")
def predictor(runtime, artifact_paths):
    with albert_edge.load(artifact_paths["looped_float32"], runtime=runtime) as loaded:
        yield loaded


class EchoSession(Session):
    """Remembers what it was asked and answers with the number of tokens as the logits."""

    def __init__(self, artifact) -> None:
        super().__init__(input_specs(artifact.manifest))
        self.asked = []

    @property
    def runtime(self) -> str:
        return "echo 1"

    def _invoke(self, inputs):
        self.asked.append(inputs)
        return {"logits": np.array([[0, inputs["input_ids"].shape[1], 0, 0, 0]], np.float32)}

    def _release(self) -> None:
        return


@pytest.fixture
def echo():
    artifact = small_artifact()
    return Classifier(artifact, EchoSession(artifact))


def test_predicts_what_the_logits_say(predictor):
    prediction = predictor.predict("Oil prices rise")
    logits = predictor.logits(predictor.pack("Oil prices rise")).astype(np.float64)
    expected = np.exp(logits) / np.exp(logits).sum()
    assert list(prediction.scores) == list(predictor.labels) == [f"LABEL_{number}" for number in range(5)]
    np.testing.assert_allclose(list(prediction.scores.values()), expected, rtol=1e-6)
    assert prediction.label == predictor.labels[int(logits.argmax())]
    assert prediction.score == prediction.scores[prediction.label] == max(prediction.scores.values())
    assert (prediction.text, prediction.text_pair) == ("Oil prices rise", None)


def test_keys_of_a_prediction(predictor):
    single, pair = predictor.predict("a").to_dict(), predictor.predict("a", "b").to_dict()
    assert list(single) == ["text", "label", "score", "scores"]
    assert list(pair) == ["text", "text_pair", "label", "score", "scores"]
    assert json.loads(json.dumps(pair)) == pair


def test_a_list_is_a_loop(predictor):
    assert predictor.predict(TEXTS) == [predictor.predict(text) for text in TEXTS]
    pairs = predictor.predict(TEXTS, TEXTS[::-1])
    assert pairs == [predictor.predict(*both) for both in zip(TEXTS, TEXTS[::-1])]
    assert pairs[0] != predictor.predict(TEXTS[0])
    assert predictor.predict([]) == []


def test_max_depth(predictor):
    whole = predictor.predict("Oil prices rise")
    for all_layers in (None, 0, -5, 3, 4, 10**12, np.int64(3)):
        assert predictor.predict("Oil prices rise", max_depth=all_layers) == whole
    assert predictor.predict("Oil prices rise", max_depth=1) != whole
    for wrong in (1.5, "2"):
        with pytest.raises(ConfigError, match="max_depth must be a whole number or None; received"):
            predictor.predict("Oil prices rise", max_depth=wrong)


def test_the_unrolled_file_answers_as_the_looped_one(predictor, runtime, artifact_paths):
    """It pads to its length and masks the padding."""
    with load(artifact_paths["unrolled_float32"], runtime=runtime) as unrolled:
        for text in TEXTS[:3]:
            ours, theirs = unrolled.predict(text).scores, predictor.predict(text).scores
            np.testing.assert_allclose(list(ours.values()), list(theirs.values()), atol=1e-6)
        with pytest.raises(ConfigError, match="max_depth needs a model in the looped layout; received 2"):
            unrolled.predict("a", max_depth=2)


def test_long_texts_run_in_windows(echo):
    """Of at most the file's 64 tokens, which together hold every piece; the other text of a pair stands in each."""
    assert echo.predict("word " * 200).label == "LABEL_1"
    singles = [asked["input_ids"][0] for asked in echo.session.asked]
    tokenizer = echo.artifact.tokenizer()
    assert len(singles) > 1
    assert {len(ids) for ids in singles} == {64}
    assert all((ids[0], ids[-1]) == (tokenizer.cls_id, tokenizer.sep_id) for ids in singles)
    echo.predict("word " * 200, "one")
    pairs = echo.session.asked[len(singles) :]
    assert len(pairs) > 1
    one = tokenizer.encode("one").ids
    assert all(asked["input_ids"][0][-1 - len(one) : -1].tolist() == one for asked in pairs)


def test_a_model_trained_at_fewer_tokens_gets_no_longer_windows():
    artifact = small_artifact(heads=[head_of("text-classification", max_length=20)])
    echo = Classifier(artifact, EchoSession(artifact))
    echo.predict("word " * 100)
    assert {asked["input_ids"].shape for asked in echo.session.asked} == {(1, 20)}


@pytest.mark.slow
def test_a_text_of_a_megabyte(predictor):
    assert predictor.predict("Oil prices rise. " * 60_000).label in predictor.labels


@pytest.mark.parametrize("empty", ["", " ", "\n\t ", "\u0301"])
def test_refuses_texts_without_a_piece(empty, predictor):
    for arguments in ((empty,), (empty, "b"), ("a", empty), ([TEXTS[0], empty],)):
        with pytest.raises(DataError, match="a text must have a piece left after clean-up"):
            predictor.predict(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3,), "a text must be a string; received 3"),
        ((b"bytes",), "a text must be a string; received b'bytes'"),
        ((None,), "a text must be a string; received None"),
        (([3],), "a text must be a string; received 3"),
        (("a", 3), "a text must be a string; received 3"),
        (("a", ["b"]), r"a text must be a string; received \['b'\]"),
        ((["a"], "b"), "text_pair must be a list of 1 as text is; received 'b'"),
        ((["a"], ["b", "c"]), "text_pair must be a list of 1 as text is"),
        (("a\ud800",), "lone surrogate"),
    ],
)
def test_refuses_what_is_no_text(arguments, message, predictor):
    with pytest.raises(DataError, match=message):
        predictor.predict(*arguments)


@pytest.mark.parametrize("name", ["looped_float32", "looped_dynamic_range"])
def test_threads_may_share_a_predictor(name, runtime, artifact_paths):
    with load(artifact_paths[name], runtime=runtime) as shared:
        work = [(text, depth) for text in TEXTS for depth in (None, 1, 2)] * 8
        serial = [shared.predict(text, max_depth=depth) for text, depth in work]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            parallel = list(pool.map(lambda item: shared.predict(item[0], max_depth=item[1]), work))
    assert parallel == serial


def test_a_closed_predictor_says_so(artifact_paths):
    with load(artifact_paths["looped_float32"]) as loaded:
        loaded.predict("a")
    with pytest.raises(RuntimeUnavailableError, match="received a closed one"):
        loaded.predict("a")


def test_two_predictors_do_not_disturb_each_other(artifact_paths):
    with load(artifact_paths["looped_float32"]) as first, load(artifact_paths["looped_float16"]) as second:
        before = first.predict(TEXTS[0])
        second.predict(TEXTS[3])
        assert first.predict(TEXTS[0]) == before


def test_a_file_that_is_replaced_goes_on_as_it_was(runtime, artifact_paths, tmp_path):
    path = tmp_path / "model.tflite"
    shutil.copy(artifact_paths["looped_float32"], path)
    with load(path, runtime=runtime) as loaded:
        before = loaded.predict(TEXTS)
        atomic_write(path, artifact_paths["looped_float16"].read_bytes())
        assert loaded.predict(TEXTS) == before
        path.unlink()
        assert loaded.predict(TEXTS) == before


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the model is copied")
def test_a_file_that_is_overwritten_is_refused(runtime, artifact_paths, tmp_path):
    """What was checked is what runs: the interpreter has mapped the file, which now holds something else."""
    path = tmp_path / "model.tflite"
    shutil.copy(artifact_paths["looped_float32"], path)
    with load(path, runtime=runtime) as loaded:
        loaded.predict(TEXTS[0])
        with open(path, "r+b") as file:
            file.write(b"\0")
        with pytest.raises(ArtifactError, match="must stay as it is while it is loaded"):
            loaded.predict(TEXTS[0])


# === The public function ===


def test_predict_answers_as_texts_come(artifact_paths):
    taken = []

    def texts():
        for text in ("a", ("b", "c"), "d"):
            taken.append(text)
            yield text

    answers = albert_edge.predict(artifact_paths["looped_float32"], texts())
    assert next(answers).text == "a"
    assert taken == ["a"]
    assert [(answer.text, answer.text_pair) for answer in answers] == [("b", "c"), ("d", None)]


def test_predict_names_the_text(artifact_paths):
    answers = albert_edge.predict(artifact_paths["looped_float32"], ["a", ""])
    next(answers)
    with pytest.raises(DataError, match="text 2: a text must have a piece left"):
        next(answers)


def test_load_refuses_what_is_no_artifact(tmp_path):
    path = tmp_path / "none.tflite"
    path.write_bytes(b"\x08\0\0\0TFL3")
    with pytest.raises(ArtifactError, match=r"none.tflite: "):
        albert_edge.load(path)

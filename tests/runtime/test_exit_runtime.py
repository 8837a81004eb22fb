"""Files whose loop may stop early: thresholds, depths and predictions, on both runtimes and without one.

The graph is `tests/artifact/make_models.py`'s, written apart from the converters.
"""

import dataclasses
import json

import numpy as np
import pytest
from small_models import EXIT_FILE, small_artifact
from test_running import Recorder

import albert_edge
from albert_edge import cli
from albert_edge.artifact import Exit, QuantizedOutput, write_artifact
from albert_edge.artifact.exits import NEVER
from albert_edge.errors import ConfigError, DataError
from albert_edge.pipelines import make_pipeline
from albert_edge.pipelines.base import TextRequest, depth_used
from albert_edge.runtime import open_session
from albert_edge.runtime.running import run_packed, run_windows
from albert_edge.text.labels import softmax
from albert_edge.text.packing import Packed

TASK = "text-classification"
TEXTS = ["a few words", "and some other words, of another length", "the third text"]


def packed_of(tokens: int, seed: int = 0) -> Packed:
    ids = np.random.default_rng(seed).integers(5, 1000, tokens).astype(np.int32)
    return Packed(ids, np.zeros(tokens, np.int32))


def certainty(logits) -> float:
    """1 - H(p) / log(labels), from the definition."""
    p = softmax(logits)
    return float(1 + (p * np.log(p)).sum() / np.log(len(p)))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    found = tmp_path_factory.mktemp("exit") / "exit.tflite"
    write_artifact(found, small_artifact(EXIT_FILE, exit=Exit("entropy", 1e-6)))
    return found


@pytest.fixture
def run_json(capsys):
    """A command's JSON, a line an object; of a pretty-printed one the object."""

    def run(*arguments):
        with pytest.raises(SystemExit) as left:
            cli.main([*map(str, arguments), "--json"])
        assert left.value.code == 0
        return capsys.readouterr().out

    return run


def test_stops_where_the_confidence_reaches_the_threshold(runtime):
    exiting, plain = small_artifact(EXIT_FILE), small_artifact()
    with open_session(exiting, runtime=runtime) as session, open_session(plain, runtime=runtime) as other:
        for seed, tokens in enumerate((5, 40, 12, 5)):
            packed = packed_of(tokens, seed)
            layers = [run_packed(other, plain.manifest, packed, depth)[TASK]["logits"] for depth in (1, 2, 3)]
            sureness = [certainty(logits) for logits in layers]
            for threshold in (*(value * factor for value in sureness for factor in (0.99, 1.01)), 1.001, NEVER):
                expected = next((n for n, value in enumerate(sureness, 1) if value >= threshold), 3)
                outputs = run_packed(session, exiting.manifest, packed, None, threshold)[TASK]
                assert outputs["depth_used"].tolist() == [expected]
                # Float32 in another order, at most.
                np.testing.assert_allclose(outputs["logits"], layers[expected - 1], rtol=0, atol=1e-5)


def test_the_depth_stays_the_upper_bound(path, runtime):
    with albert_edge.load(path, runtime=runtime) as predictor:
        assert [predictor.predict(TEXTS[0], max_depth=depth, exit_threshold=2).depth_used for depth in (1, 2, 3)] == [
            1,
            2,
            3,
        ]
        assert predictor.predict(TEXTS[0], max_depth=2, exit_threshold=1e-9).depth_used == 1
        assert predictor.predict(TEXTS[0], exit_threshold=1e300).depth_used == 3


def test_the_manifests_threshold_is_the_default(path):
    with albert_edge.load(path) as predictor:
        # 1e-6: every text is surer than that after a layer.
        assert [found.depth_used for found in predictor.predict(TEXTS)] == [1, 1, 1]
        found = predictor.predict(TEXTS[0], exit_threshold=2.0)
        assert (found.depth_used, found.to_dict()["depth_used"]) == (3, 3)
        packed = predictor.pack(TEXTS[0])
        np.testing.assert_array_equal(predictor.logits(packed), predictor.logits(packed, max_depth=1))
    depths = [found.depth_used for found in albert_edge.predict(path, TEXTS, exit_threshold=1.5)]
    assert depths == [3, 3, 3]


@pytest.mark.parametrize("threshold", [0, -1, float("nan"), float("inf"), True, "1"])
def test_a_threshold_that_is_none(path, threshold):
    with albert_edge.load(path) as predictor, pytest.raises(ConfigError, match="exit_threshold must be a finite"):
        predictor.predict(TEXTS[0], exit_threshold=threshold)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.array([0.5]), "exit_threshold must be float32 of shape"),
        (np.array([1], np.int32), "exit_threshold must be float32 of shape"),
        (np.array([[0.5]], np.float32), "exit_threshold must be float32 of shape"),
        (np.array([np.nan], np.float32), "exit_threshold must hold values from 0 to .* received nan"),
        (np.array([np.inf], np.float32), "exit_threshold must hold values from 0"),
        (np.array([-0.5], np.float32), "exit_threshold must hold values from 0"),
        (np.array([0.5, 0.5], np.float32), "a size of exit_threshold must be from 1 to 1"),
    ],
)
def test_a_session_takes_one_float(array, reason):
    session = Recorder(small_artifact(EXIT_FILE))
    ids = np.zeros((1, 4), np.int32)
    with pytest.raises(DataError, match=reason):
        session.run(
            {"input_ids": ids, "token_type_ids": ids, "max_depth": np.zeros(1, np.int32), "exit_threshold": array}
        )


@pytest.mark.parametrize("name", ["looped_float32", "looped_order", "looped_tag", "looped_classify_tag"])
def test_a_file_without_an_exit_takes_no_threshold(artifact_paths, name):
    with albert_edge.load(artifact_paths[name]) as predictor:
        item = ("one text", "and another") if name == "looped_order" else "one text"
        with pytest.raises(ConfigError, match=r"exit_threshold needs a file with an exit; received 0\.5"):
            predictor.answer_item(item, exit_threshold=0.5)
        answer = predictor.answer_item(item)
        if name in ("looped_float32", "looped_order"):
            assert answer.depth_used is None
            assert "depth_used" not in answer.to_dict()


# === Long texts and integers, without an interpreter ===


def test_of_a_long_texts_windows_the_deepest_counts():
    artifact = small_artifact(EXIT_FILE)
    pipeline = make_pipeline(TASK, artifact.config, artifact.tokenizer(), 16)
    request = TextRequest("some words that go on " * 12)
    inputs = pipeline.inputs(request)
    depths = iter([2, 1, 3] + [1] * len(inputs))
    outputs = run_windows(
        TASK, inputs, lambda _: {TASK: {"logits": np.ones(5, np.float32), "depth_used": np.float32([next(depths)])}}
    )
    assert len(outputs) > 3
    assert [int(each["depth_used"][0]) for each in outputs[:4]] == [2, 1, 3, 1]
    assert pipeline.decode(request, inputs, outputs).depth_used == 3
    assert depth_used([{"logits": np.ones(5, np.float32)}]) is None


class Integers(Recorder):
    """Gives what a graph with int16 logits would."""

    def _invoke(self, inputs):
        return {"logits": np.array([[-32768, -3, 0, 1, 32767]], np.int16)}


def test_integers_become_the_numbers_that_they_stand_for():
    artifact = small_artifact()
    stated = {"logits": QuantizedOutput("int16", 0.5, -3)}
    manifest = dataclasses.replace(artifact.manifest, quantized_outputs=stated)
    logits = run_packed(Integers(artifact), manifest, packed_of(4))[TASK]["logits"]
    assert logits.dtype == np.float32
    assert logits.tolist() == [-16382.5, 0.0, 1.5, 2.0, 16385.0]


# === Commands ===


def test_predict_and_evaluate_take_a_threshold(path, tmp_path, run_json):
    (line,) = run_json("predict", path, TEXTS[0], "--exit-threshold", "2").splitlines()
    assert list(json.loads(line)) == ["text", "label", "score", "scores", "depth_used"]
    assert json.loads(line)["depth_used"] == 3
    data = tmp_path / "dev.tsv"
    data.write_text("text\tlabel\n" + "".join(f"{text}\tLABEL_0\n" for text in TEXTS), encoding="utf-8")
    own = json.loads(run_json("evaluate", path, "--data", data))
    assert (own["exit_threshold"], own["mean_depth"]) == (1e-6, 1.0)
    full = json.loads(run_json("evaluate", path, "--data", data, "--exit-threshold", "2"))
    assert (full["exit_threshold"], full["mean_depth"]) == (2.0, 3.0)

"""The files that benchmarks/gate.py makes worse are so in one way alone, and the gate trips on them."""

import functools
import shutil

import numpy as np
import pytest

import albert_edge
from albert_edge.artifact import read_artifact
from albert_edge.harness import gate as gates
from albert_edge.harness.cost import measure_cost
from albert_edge.harness.gate.baselines import write_baseline
from albert_edge.harness.gate.measuring import Ways, measured

pytest.importorskip("flatbuffers", reason="needs the package flatbuffers (pip install 'albert-edge[host]')")

from benchmarks.regressions import changed, widened, with_noise

TEXT = "The central bank left its interest rate unchanged"


@pytest.fixture(scope="module")
def file(topics):
    return topics / "topics.tflite"


@pytest.fixture(scope="module")
def wider(file, tmp_path_factory):
    """Makes the file with so many units more."""
    folder, width = tmp_path_factory.mktemp("wider"), read_artifact(file).config.intermediate_size

    def make(units):
        changed(file, folder / f"{units}.tflite", functools.partial(widened, width=width, units=units))
        return folder / f"{units}.tflite"

    return make


def logits(path):
    with albert_edge.load(path) as predictor:
        return predictor.logits(predictor.pack(TEXT))


def test_a_wider_file_answers_as_before(file, wider):
    # Zero units add nothing but zeros to a sum, whose order may be another.
    np.testing.assert_allclose(logits(wider(32)), logits(file), atol=1e-5)
    assert wider(32).stat().st_size > file.stat().st_size + 2 * 32 * read_artifact(file).config.hidden_size


def test_a_width_that_is_not_there_is_refused(file, tmp_path):
    with pytest.raises(RuntimeError, match="a product 7 wide"):
        changed(file, tmp_path / "no.tflite", functools.partial(widened, width=7, units=1))


def test_noise_is_on_the_weights_and_the_same_for_a_seed(file, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        changed(file, tmp_path / name, functools.partial(with_noise, noise=0.1, seed=seed))
    first, again, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == again
    assert first != other
    assert not np.allclose(logits(file), logits(tmp_path / "a"), atol=1e-3)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind")
def test_two_percent_of_instructions_trip(file, wider, tmp_path, monkeypatch):
    result = {**measured(file, [16], Ways()), "cost": measure_cost(file)}
    write_baseline(tmp_path / "baseline.json", result, {}, "for the tests")
    monkeypatch.setattr(gates, "workload_passes", lambda *_: {})
    outcome = albert_edge.gate(wider(32), tmp_path / "baseline.json", lengths=[16])
    found = {item["metric"]: item for item in outcome["metrics"]}
    assert found["instructions"]["verdict"] == "worse"
    assert 1.02 <= found["instructions"]["after"] / found["instructions"]["before"] < 1.06

"""Sessions: right answers on each runtime at every length, and inputs refused before any native code."""

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from small_models import FILES, model_bytes, small_artifact, table_model

from albert_edge.errors import ArtifactError, ConfigError, DataError, RuntimeUnavailableError
from albert_edge.runtime import interpreter, open_session

# Largest difference from the float model's logits, which are about 1: rounding, half floats, int8.
TOLERANCE = {"float32": 2e-6, "float16": 3e-3, "dynamic-range": 3e-2}


def request(tokens: int, depth: int = 0) -> dict:
    ids = np.random.default_rng(tokens).integers(0, 1000, (1, tokens)).astype(np.int32)
    return {
        "input_ids": ids,
        "token_type_ids": (np.arange(tokens, dtype=np.int32) > tokens // 2).astype(np.int32)[np.newaxis],
        "max_depth": np.array([depth], np.int32),
    }


@pytest.mark.parametrize("name", FILES)
def test_equals_the_reference_implementation(name, runtime, artifact_paths, golden):
    """Logits of the golden checkpoint as Hugging Face's PyTorch implementation computed them."""
    expected = np.load(golden / "base_like" / "sequence_classification" / "expected.npz")
    scheme, layout, _ = FILES[name]
    with open_session(artifact_paths[name], runtime=runtime) as session:
        for index, mask in enumerate(expected["attention_mask"]):
            tokens = 24 if layout == "unrolled" else int(mask.sum())
            inputs = {key: expected[key][index : index + 1, :tokens] for key in ("input_ids", "token_type_ids")}
            inputs.update(
                {"attention_mask": mask[np.newaxis]} if layout == "unrolled" else {"max_depth": np.zeros(1, np.int32)}
            )
            logits = session.run(inputs)["logits"]
            assert np.abs(logits[0] - expected["logits"][index]).max() < TOLERANCE[scheme]


@pytest.mark.parametrize("name", ["looped_float32", "looped_float16", "looped_dynamic_range"])
def test_one_session_answers_every_length_as_a_fresh_one(name, runtime):
    artifact, generator = small_artifact(name), random.Random(1)
    lengths = [8, 24, 16, 8, 1, 2, 64, 3, 64, *(generator.randint(1, 64) for _ in range(30))]
    with open_session(artifact, runtime=runtime) as session:
        for tokens in lengths:
            inputs = request(tokens, generator.randint(0, 4))
            with open_session(artifact, runtime=runtime) as fresh:
                np.testing.assert_array_equal(session.run(inputs)["logits"], fresh.run(inputs)["logits"])


def test_depth_is_an_input(runtime, artifact_paths):
    with open_session(artifact_paths["looped_float32"], runtime=runtime) as session:
        answers = {depth: session.run(request(9, depth))["logits"] for depth in (-1, 0, 1, 2, 3, 4, 2**31 - 1)}
    for depth in (-1, 0, 4, 2**31 - 1):
        np.testing.assert_array_equal(answers[depth], answers[3])
    assert all(np.abs(answers[shallow] - answers[3]).max() > 1e-3 for shallow in (1, 2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_ids": np.full((1, 8), 1000, np.int32)}, "input_ids must hold values from 0 to 999; received 1000"),
        ({"input_ids": np.full((1, 8), -1, np.int32)}, "input_ids must hold values from 0 to 999; received -1"),
        ({"token_type_ids": np.full((1, 8), 2, np.int32)}, "token_type_ids must hold values from 0 to 1; received 2"),
        ({"input_ids": np.zeros((1, 8), np.int64)}, r"input_ids must be int32 .* received int64 of shape \[1, 8\]"),
        ({"input_ids": np.zeros((1, 8), np.float32)}, "received float32"),
        ({"input_ids": np.zeros(8, np.int32)}, r"received int32 of shape \[8\]"),
        ({"input_ids": np.zeros((2, 8), np.int32)}, r"a size of input_ids must be from 1 to 1; received \[2, 8\]"),
        ({"input_ids": np.zeros((1, 0), np.int32)}, "a size of input_ids must be from 1 to 64"),
        ({"input_ids": np.zeros((1, 65), np.int32)}, "a size of input_ids must be from 1 to 64"),
        ({"input_ids": np.zeros((1, 9), np.int32)}, "must have one length"),
        ({"max_depth": np.zeros(2, np.int32)}, "a size of max_depth must be from 1 to 1"),
        ({"attention_mask": np.ones((1, 8), np.int32)}, "the inputs must be .* received .*attention_mask"),
    ],
)
def test_refuses_inputs(change, message, runtime, artifact_paths):
    with open_session(artifact_paths["looped_float32"], runtime=runtime) as session:
        with pytest.raises(DataError, match=message):
            session.run({**request(8), **change})
        with pytest.raises(DataError, match="the inputs must be"):
            session.run({"input_ids": request(8)["input_ids"]})
        session.run(request(8))


def test_bytes_are_trusted_but_for_names_types_and_shapes(runtime):
    with open_session(model_bytes("looped_float32"), runtime=runtime) as session:
        assert session.run(request(8))["logits"].shape == (1, 5)
        with pytest.raises(DataError, match="received int64"):
            session.run({**request(8), "input_ids": np.zeros((1, 8), np.int64)})
        with pytest.raises(DataError, match="the inputs must be"):
            session.run({})


def test_an_array_that_is_not_contiguous(runtime, artifact_paths):
    with open_session(artifact_paths["looped_float32"], runtime=runtime) as session:
        inputs = request(16)
        strided = {**inputs, "input_ids": np.repeat(inputs["input_ids"], 2, axis=1)[:, ::2]}
        np.testing.assert_array_equal(session.run(strided)["logits"], session.run(inputs)["logits"])


def test_outputs_stay_as_they_were(runtime, artifact_paths):
    with open_session(artifact_paths["looped_float32"], runtime=runtime) as session:
        first = session.run(request(8))["logits"]
        copy = first.copy()
        session.run(request(9))
    np.testing.assert_array_equal(first, copy)


def test_closed_sessions_say_so(runtime, artifact_paths):
    session = open_session(artifact_paths["looped_float32"], runtime=runtime)
    session.close()
    session.close()
    with pytest.raises(RuntimeUnavailableError, match="received a closed one"):
        session.run(request(8))


def test_a_path_is_read_with_every_check(tmp_path):
    path = tmp_path / "foreign.tflite"
    path.write_bytes(model_bytes("looped_float32"))
    with pytest.raises(ArtifactError, match=r"a .tflite without them"):
        open_session(path)


def test_names_the_runtime(runtime, artifact_paths):
    from importlib.metadata import version

    with open_session(artifact_paths["looped_float32"], runtime=runtime) as session:
        package = runtime.replace("_", "-")
        assert session.runtime == f"{package} {version(package)}"


def test_threads(runtime, artifact_paths):
    path, inputs = artifact_paths["looped_float32"], request(40)
    with open_session(path, threads=2, runtime=runtime) as two, open_session(path, runtime=runtime) as one:
        np.testing.assert_allclose(two.run(inputs)["logits"], one.run(inputs)["logits"], atol=1e-5)
    with pytest.raises(ConfigError, match="threads must be at least 1; received 0"):
        open_session(artifact_paths["looped_float32"], threads=0)


_MEMORY_SCRIPT = """
import sys
import numpy as np
import albert_edge.runtime.interpreter as interpreter

def resident_bytes():
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmRSS"))

path, runtime, how = sys.argv[1:]
package = interpreter._import_package(runtime)
before = resident_bytes()
with open(path, "rb") as file:
    source = (file.read(), None) if how == "copied" else (b"", interpreter.MappedFile(file))
session = interpreter.InterpreterSession(*package, *source, 1, None)
del source
for _ in range(3):
    session.run({"ids": np.arange(4, dtype=np.int32)})
print(resident_bytes() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc")
@pytest.mark.parametrize(("how", "lowest", "highest"), [("copied", 1, 1.25), ("mapped", 0, 0.25)])
def test_how_often_weights_are_in_memory(how, lowest, highest, runtime, tmp_path):
    """Of a table of 32 MB: once where it is copied; of a mapped one only the rows that are read."""
    table_bytes, path = 32 * 1024 * 1024, tmp_path / "table.tflite"
    path.write_bytes(table_model(table_bytes // 64).to_bytes())
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY_SCRIPT, str(path), runtime, how],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent.parent)},
    )
    assert lowest * table_bytes < int(done.stdout) < highest * table_bytes


# === Choosing a package ===


def test_unknown_runtimes(artifact_paths):
    with pytest.raises(ConfigError, match="one of ai_edge_litert, tflite_runtime, tensorflow; received 'onnx'"):
        open_session(artifact_paths["looped_float32"], runtime="onnx")


def test_takes_the_first_that_is_installed(monkeypatch, artifact_paths):
    seen = []

    def missing(name):
        seen.append(name)
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(interpreter.importlib, "import_module", missing)
    monkeypatch.setitem(
        interpreter.PACKAGES,
        "tflite_runtime",
        interpreter.PACKAGES["tflite_runtime"]._replace(needs_numpy_1=False),
    )
    with pytest.raises(
        RuntimeUnavailableError, match=r"pip install ai-edge-litert`; received ai_edge_litert .* and tflite"
    ):
        open_session(artifact_paths["looped_float32"])
    # TensorFlow's own is taken only if asked for.
    assert seen == ["ai_edge_litert.interpreter", "tflite_runtime.interpreter"]


def test_says_that_the_old_runtime_needs_the_old_numpy(monkeypatch, artifact_paths):
    monkeypatch.setattr(np, "__version__", "2.1.0")
    with pytest.raises(RuntimeUnavailableError, match=r"needs numpy below 2, not 2.1.0"):
        open_session(artifact_paths["looped_float32"], runtime="tflite_runtime")


def test_says_that_the_old_runtime_goes_before_tensorflow(monkeypatch, artifact_paths):
    monkeypatch.setattr(np, "__version__", "1.26.4")
    monkeypatch.setitem(sys.modules, "tensorflow", object())
    monkeypatch.delitem(sys.modules, "tflite_runtime.interpreter", raising=False)
    with pytest.raises(RuntimeUnavailableError, match="must be loaded before TensorFlow"):
        open_session(artifact_paths["looped_float32"], runtime="tflite_runtime")


def test_a_model_that_the_interpreter_refuses(runtime):
    """Operators of a version that no runtime has."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    import flatbuffers

    tree = schema.ModelT.InitFromPackedBuf(model_bytes("looped_float32"), 0)
    for code in tree.operatorCodes:
        code.version = 99
    builder = flatbuffers.Builder(1024)
    builder.Finish(tree.Pack(builder), file_identifier=b"TFL3")
    with pytest.raises(RuntimeUnavailableError, match="able to load the model; received a refusal of") as error:
        open_session(bytes(builder.Output()), runtime=runtime)
    assert "\n" not in str(error.value)

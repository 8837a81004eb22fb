"""Graphs that stop early against Keras, layer by layer, and against the definitions worked out on Keras's logits."""

from pathlib import Path

import numpy as np
import pytest
from test_graph import logits_of_layer

import albert_edge
from albert_edge.artifact import read_artifact
from albert_edge.artifact.exits import NEVER
from albert_edge.config import AlbertConfig
from albert_edge.model.folder import read_checkpoint, write_folder
from albert_edge.model.initial import initial_tensors
from albert_edge.model.predictor import KerasPredictor
from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.running import run_packed
from converters.samples import sample_inputs
from converters.targets import installed_targets

pytestmark = pytest.mark.slow

LAYERS = 5
LEAST = 0.4
"""The models' label_threshold."""
KINDS = {
    "entropy": ("entropy", 1, "text-classification", "single_label_classification"),
    "entropy, several labels, several groups": ("entropy", 2, "text-classification", "multi_label_classification"),
    "patience, several groups": ("patience", 2, "sentence-order", None),
    "patience, several labels": ("patience", 1, "text-classification", "multi_label_classification"),
}
"""Name -> kind, groups of weights, task and problem type."""


@pytest.fixture(scope="module", params=KINDS)
def exiting(request, golden_folder: Path, tmp_path_factory):
    """The kind, whether there are several labels, the folder and a float32 file of it for every runtime."""
    kind, groups, task, problem = KINDS[request.param]
    config = AlbertConfig(
        vocab_size=1000,
        embedding_size=16,
        hidden_size=32,
        num_hidden_layers=LAYERS,
        num_hidden_groups=groups,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.3,
        labels=("no", "yes", "perhaps") if task == "text-classification" else ("in_order", "swapped"),
        problem_type=problem,
    ).with_settings(task=task, label_threshold=LEAST)
    folder = tmp_path_factory.mktemp("exiting")
    write_folder(
        folder / "model", config, initial_tensors(config, task, seed=1), read_checkpoint(golden_folder).tokenizer
    )
    targets = [target.label for target in installed_targets()]
    albert_edge.convert(folder / "model", folder / "model.tflite", scheme="float32", exit=kind, targets=targets)
    return kind, problem == "multi_label_classification", folder / "model", folder / "model.tflite"


def confidences(kind: str, several: bool, logits: np.ndarray) -> list:
    """Behind each layer, from the definitions, in float64; `logits` [layers, labels]."""
    logits = logits.astype(np.float64)
    if kind == "entropy":
        if several:
            yes = 1 / (1 + np.exp(-logits))
            entropies = -(yes * np.log(yes) + (1 - yes) * np.log(1 - yes)) / np.log(2)
            return [float(1 - row.mean()) for row in entropies]
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return [float(1 + (row * np.log(row)).sum() / np.log(len(row))) for row in p]
    answers = [tuple(1 / (1 + np.exp(-row)) >= LEAST) if several else int(row.argmax()) for row in logits]
    found = []
    for layer in range(LAYERS):
        count = 1
        while count <= layer and answers[layer - count] == answers[layer]:
            count += 1
        found.append(count / LAYERS)
    return found


def thresholds(kind: str, sureness: list) -> list:
    """Of patience each number of layers; of entropy between any two confidences, where rounding can't matter."""
    if kind == "patience":
        return [count / LAYERS for count in range(1, LAYERS + 1)]
    edges = sorted({0.0, *sureness, 1.0})
    return [(low + high) / 2 for low, high in zip(edges, edges[1:], strict=False) if high - low > 2e-4]


def test_stops_where_keras_would_and_answers_as_that_layer(exiting):
    kind, several, folder, path = exiting
    keras, artifact = KerasPredictor(folder), read_artifact(path)
    assert artifact.manifest.exit.kind == kind
    used = set()
    for target in installed_targets():
        with open_session(artifact, runtime=target.runtime) as session:
            for packed in sample_inputs(keras.config, keras.tokenizer, 64):
                layers = np.stack([logits_of_layer(keras.model, packed, depth) for depth in range(1, LAYERS + 1)])
                sureness = confidences(kind, several, layers)
                for threshold in (*thresholds(kind, sureness), 1.001, NEVER):
                    expected = next((n for n, value in enumerate(sureness, 1) if value >= threshold), LAYERS)
                    for limit in (None, 2):
                        found = run_packed(session, artifact.manifest, packed, limit, threshold)
                        outputs = found[artifact.manifest.task]
                        depth = min(expected, limit or LAYERS)
                        assert outputs["depth_used"].tolist() == [depth]
                        np.testing.assert_allclose(outputs["logits"], layers[depth - 1], rtol=0, atol=1e-4)
                        used.add(depth)
    # The thresholds reached every depth, so that each was compared.
    assert used == set(range(1, LAYERS + 1))


def test_mean_depth_rises_with_the_threshold(exiting):
    _, _, folder, path = exiting
    artifact, checkpoint = read_artifact(path), read_checkpoint(folder)
    samples = sample_inputs(checkpoint.config, checkpoint.tokenizer, 64)
    means = []
    with open_session(artifact) as session:
        for threshold in (1e-9, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.01):
            runs = [run_packed(session, artifact.manifest, packed, None, threshold) for packed in samples]
            means.append(np.mean([run[artifact.manifest.task]["depth_used"] for run in runs]))
    assert means == sorted(means)
    assert (means[0], means[-1]) == (1, LAYERS)


def test_every_matrix_is_stored_and_multiplied_once(exiting):
    """The head's too, though it answers after each layer, and in a model of two groups."""
    facts = albert_edge.inspect(exiting[3])
    assert facts["weight_copies"] == 1
    groups = read_checkpoint(exiting[2]).config.num_hidden_groups
    products = sum(item["count"] for item in facts["operators"] if item["name"] == "FULLY_CONNECTED")
    assert products == groups * 6 + 3


def test_a_client_that_sends_nonsense_gets_a_layer(exiting):
    """Through a bare interpreter, whose inputs nobody checks."""
    artifact = read_artifact(exiting[3])
    ids = np.array([[2, 9, 8, 3]], np.int32)
    for threshold, depth in ((np.nan, 1), (-5.0, 1), (-np.inf, 1), (0.0, 1), (np.inf, LAYERS)):
        inputs = {
            "input_ids": ids,
            "token_type_ids": np.zeros_like(ids),
            "max_depth": np.zeros(1, np.int32),
            "exit_threshold": np.array([threshold], np.float32),
        }
        for target in installed_targets():
            with open_session(bytes(artifact.model), runtime=target.runtime) as session:
                assert session.run(inputs)["depth_used"].tolist() == [depth]

"""Every head of the golden checkpoints as a deployed file: against Hugging Face's outputs, on both runtimes."""

from pathlib import Path

import numpy as np
import pytest

import albert_edge
from albert_edge.artifact import read_artifact
from albert_edge.artifact.weights import unique_weight_bytes
from albert_edge.model.predictor import KerasPredictor
from albert_edge.runtime.interpreter import open_session
from albert_edge.runtime.running import run_packed
from albert_edge.tasks import TASKS, task_named
from albert_edge.text.packing import Packed
from converters.comparison import compare_outputs
from converters.targets import installed_targets

pytestmark = pytest.mark.slow

CHECKPOINTS = ("base_like", "erf_two_labels")
TARGETS = installed_targets()

SOURCES = {
    "classify": ("sequence_classification", {"logits": "logits"}),
    "tag": ("token_classification", {"logits": "logits"}),
    "answer": ("question_answering", {"start_logits": "start_logits", "end_logits": "end_logits"}),
    "embed": ("masked_lm", {}),
    "fill": ("masked_lm", {"logits": "logits"}),
    "order": ("pretraining", {"logits": "sop_logits"}),
}
"""Task -> the golden folder, and our output's name -> the recording's; embeddings are worked out from the states."""

LAYOUTS = ({"layout": "looped"}, {"layout": "unrolled", "length": 24})

AGREEMENT = {"embed": 0.999, ("erf_two_labels", "fill"): 0.985}
"""Share of the answers that a dynamic-range file gives as Keras does, on 200 random inputs, 0.99 where nothing is said;
least cosine of `embed`. Where it is less, the best two of 1,000 pieces lie closer together than a product with int8
inputs can tell: see `test_only_near_ties_flip`."""


@pytest.fixture(scope="module")
def converted(golden: Path, tmp_path_factory):
    """A file for a checkpoint, a task and options, made when first asked for, for every runtime that is installed."""
    made: dict[tuple, Path] = {}

    def convert(checkpoint: str, alias: str, **options) -> Path:
        every = {"scheme": "dynamic-range", "layout": "looped", "targets": [target.label for target in TARGETS]}
        options = {**every, **options}
        key = (checkpoint, alias, str(sorted(options.items())))
        if key not in made:
            path = tmp_path_factory.mktemp("heads") / "model.tflite"
            albert_edge.convert(golden / checkpoint / SOURCES[alias][0], path, task=alias, **options)
            made[key] = path
        return made[key]

    return convert


def recorded(golden: Path, checkpoint: str, alias: str):
    """Each text of the recording without its padding, all positions masked ones, and the outputs it must have."""
    head, names = SOURCES[alias]
    expected = np.load(golden / checkpoint / head / "expected.npz")
    for row, length in enumerate(expected["attention_mask"].sum(axis=1)):
        ids, types = (expected[name][row, :length].astype(np.int32) for name in ("input_ids", "token_type_ids"))
        outputs = {name: expected[theirs][row] for name, theirs in names.items()}
        if alias == "embed":
            mean = expected["hidden_states"][-1, row, :length].astype(np.float64).mean(axis=0)
            outputs = {"embedding": mean / np.linalg.norm(mean)}
        elif not task_named(alias).is_pooled:
            outputs = {name: values[:length] for name, values in outputs.items()}
        yield Packed(ids, types, np.arange(length, dtype=np.int32)), outputs


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda options: options["layout"])
@pytest.mark.parametrize("alias", SOURCES)
@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_float32_is_within_1e_4_of_hugging_face(golden: Path, converted, checkpoint: str, alias: str, layout: dict):
    artifact = read_artifact(converted(checkpoint, alias, scheme="float32", **layout))
    for target in TARGETS:
        with open_session(artifact, runtime=target.runtime) as session:
            for packed, expected in recorded(golden, checkpoint, alias):
                outputs = run_packed(session, artifact.manifest, packed)[task_named(alias).name]
                for name, values in expected.items():
                    # Float32 in another order: 4e-6 was seen.
                    np.testing.assert_allclose(outputs[name], values, rtol=0, atol=1e-4)


def random_inputs(count: int = 200, seed: int = 7) -> list[Packed]:
    generator = np.random.default_rng(seed)
    inputs = []
    for _ in range(count):
        length = int(generator.integers(6, 65))
        ids = generator.integers(5, 1000, length).astype(np.int32)
        ids[0], ids[-1] = 2, 3
        masked = np.sort(generator.choice(np.arange(1, length - 1), 2, replace=False)).astype(np.int32)
        inputs.append(Packed(ids, (np.arange(length) >= length // 2).astype(np.int32), masked))
    return inputs


@pytest.fixture(scope="module")
def answers(golden: Path, converted):
    """Keras's and a dynamic-range file's outputs for 200 random inputs."""
    made: dict[tuple[str, str], tuple] = {}

    def both(checkpoint: str, alias: str):
        if (checkpoint, alias) not in made:
            inputs, task = random_inputs(), task_named(alias)
            artifact = read_artifact(converted(checkpoint, alias, targets=["litert"]))
            with open_session(artifact, runtime="ai_edge_litert") as session:
                received = [run_packed(session, artifact.manifest, packed)[task.name] for packed in inputs]
            keras = KerasPredictor(golden / checkpoint / SOURCES[alias][0], task.name)
            made[checkpoint, alias] = keras.outputs(inputs), received
        return made[checkpoint, alias]

    return both


@pytest.mark.parametrize("alias", SOURCES)
@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_dynamic_range_gives_kerass_answers(answers, checkpoint: str, alias: str):
    task = task_named(alias)
    for comparison in compare_outputs(
        task, {name: name for name in task.outputs}, *answers(checkpoint, alias)
    ).values():
        agreement = comparison.cosine if alias == "embed" else comparison.top1_agreement
        assert agreement >= AGREEMENT.get(alias, AGREEMENT.get((checkpoint, alias), 0.99))


@pytest.mark.parametrize("alias", [alias for alias in SOURCES if alias != "embed"])
@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_only_near_ties_flip(answers, checkpoint: str, alias: str):
    """An answer that flipped was ahead by less than six times the outputs' root-mean-square error."""
    reference, received = answers(checkpoint, alias)
    for name in task_named(alias).outputs:
        rows = [row for each in reference for row in np.atleast_2d(each[name])]
        others = [row for each in received for row in np.atleast_2d(each[name])]
        error = np.sqrt(np.mean(np.concatenate([a - b for a, b in zip(rows, others, strict=True)]) ** 2))
        for a, b in zip(rows, others, strict=True):
            if a.argmax() != b.argmax():
                assert a.max() - a[b.argmax()] < 6 * error


# === The table of words ===


@pytest.mark.parametrize("scheme", ["float32", "float16", "dynamic-range"])
@pytest.mark.parametrize("targets", [["litert"], [target.label for target in TARGETS]], ids=["litert", "all"])
def test_the_table_of_words_is_stored_once(converted, scheme: str, targets: list[str]):
    """fill-mask looks up in it and multiplies by it; another head only looks up. All else that differs is named."""
    filling, embedding = (
        read_artifact(converted("base_like", alias, scheme=scheme, targets=targets)).facts
        for alias in ("fill", "embed")
    )
    width = {"float32": 4, "float16": 2, "dynamic-range": 1}[scheme]
    assert [size for _, size in filling.buffers].count(1000 * 16 * width) == 1
    # predictions.dense (16 rows of 48) is too small to be quantized, LayerNorm's 16 numbers to be counted.
    head = (16 * 48 + 1000) * (2 if scheme == "float16" else 4)
    assert unique_weight_bytes(filling) - unique_weight_bytes(embedding) == head


@pytest.mark.parametrize("alias", SOURCES)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_lengths_go_up_and_down(golden: Path, converted, alias: str, target):
    """One interpreter resized to 8, 24, 16 and 8 tokens answers as Keras does; tflite-runtime 2.14 once did not."""
    artifact, task = read_artifact(converted("base_like", alias, scheme="float32")), task_named(alias)
    inputs = [random_of_length(length, masks=2) for length in (8, 24, 16, 8)]
    expected = KerasPredictor(golden / "base_like" / SOURCES[alias][0], task.name).outputs(inputs)
    with open_session(artifact, runtime=target.runtime) as session:
        for packed, outputs in zip(inputs, expected, strict=True):
            received = run_packed(session, artifact.manifest, packed)[task.name]
            for name in task.outputs:
                np.testing.assert_allclose(received[name], outputs[name], rtol=0, atol=1e-4)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda options: options["layout"])
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_any_number_of_masks_is_filled(golden: Path, converted, layout: dict, target):
    artifact = read_artifact(converted("base_like", "fill", scheme="float32", **layout))
    inputs = [random_of_length(24, masks) for masks in (*range(1, 21), 3, 1)]
    expected = KerasPredictor(golden / "base_like" / "masked_lm").outputs(inputs)
    with open_session(artifact, runtime=target.runtime) as session:
        for packed, outputs in zip(inputs, expected, strict=True):
            received = run_packed(session, artifact.manifest, packed)["fill-mask"]["logits"]
            assert received.shape == (len(packed.masked_positions), 1000)
            np.testing.assert_allclose(received, outputs["logits"], rtol=0, atol=1e-4)


def random_of_length(length: int, masks: int) -> Packed:
    generator = np.random.default_rng([length, masks])
    ids = generator.integers(5, 1000, length).astype(np.int32)
    positions = generator.choice(length, masks, replace=False).astype(np.int32)
    return Packed(ids, np.zeros(length, np.int32), positions)


def test_every_task_is_tried():
    assert set(SOURCES) == {task.alias for task in TASKS}


@pytest.mark.parametrize("alias", ["embed", "fill"])
def test_padding_changes_nothing(converted, alias: str):
    """A mean over padding, or a mask in it, would show: the unrolled file answers as the looped one."""
    looped, unrolled = (
        read_artifact(converted("base_like", alias, scheme="float32", **options)) for options in LAYOUTS
    )
    for length in (3, 24):
        packed = random_of_length(length, masks=2)
        found = []
        for artifact in (looped, unrolled):
            with open_session(artifact) as session:
                found.append(run_packed(session, artifact.manifest, packed)[task_named(alias).name])
        for name, values in found[0].items():
            np.testing.assert_allclose(found[1][name], values, rtol=0, atol=1e-4)

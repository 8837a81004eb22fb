"""One packed input through a session: each task's outputs against transformers', both layouts, padding and masks."""

from pathlib import Path

import numpy as np
import pytest
from small_models import GOLDEN, small_artifact

from albert_edge.artifact import read_artifact
from albert_edge.errors import ConfigError, DataError
from albert_edge.runtime import open_isolated, open_session
from albert_edge.runtime.running import run_packed, run_windows
from albert_edge.runtime.session import Session, input_specs
from albert_edge.text.packing import Packed

TOLERANCE = 1e-4

# File -> golden checkpoint, and for each task its outputs' names in that checkpoint's expected.npz.
EXPECTED = {
    "looped_float32": ("sequence_classification", {"text-classification": {"logits": "logits"}}),
    "unrolled_float32": ("sequence_classification", {"text-classification": {"logits": "logits"}}),
    "looped_tag": ("token_classification", {"token-classification": {"logits": "logits"}}),
    "unrolled_tag": ("token_classification", {"token-classification": {"logits": "logits"}}),
    "looped_answer": (
        "question_answering",
        {"question-answering": {"start_logits": "start_logits", "end_logits": "end_logits"}},
    ),
    "unrolled_answer": (
        "question_answering",
        {"question-answering": {"start_logits": "start_logits", "end_logits": "end_logits"}},
    ),
    "looped_fill": ("masked_lm", {"fill-mask": {"logits": "logits"}}),
    "unrolled_fill": ("masked_lm", {"fill-mask": {"logits": "logits"}}),
    "looped_order": ("pretraining", {"sentence-order": {"logits": "sop_logits"}}),
    "looped_fill_order": (
        "pretraining",
        {"fill-mask": {"logits": "prediction_logits"}, "sentence-order": {"logits": "sop_logits"}},
    ),
}
MASKS = np.array([2, 5, 1], np.int32)


def golden_inputs(checkpoint: str) -> list:
    """Each text of the recorded batch at its exact length, and its index."""
    expected = np.load(GOLDEN / checkpoint / "expected.npz")
    packed = []
    for row, mask in enumerate(expected["attention_mask"]):
        tokens = int(mask.sum())
        ids, types = (expected[name][row, :tokens].astype(np.int32) for name in ("input_ids", "token_type_ids"))
        packed.append(Packed(ids, types, MASKS))
    return packed


@pytest.mark.parametrize("name", EXPECTED)
def test_outputs_are_those_of_transformers(name, artifact_paths, runtime):
    checkpoint, tasks = EXPECTED[name]
    expected = np.load(GOLDEN / checkpoint / "expected.npz")
    artifact = read_artifact(artifact_paths[name])
    with open_session(artifact, runtime=runtime) as session:
        for row, packed in enumerate(golden_inputs(checkpoint)):
            received = run_packed(session, artifact.manifest, packed)
            assert list(received) == list(tasks)
            for task, outputs in tasks.items():
                assert list(received[task]) == list(outputs)
                for output, recorded in outputs.items():
                    right = expected[recorded][row]
                    if task == "fill-mask":
                        right = right[MASKS]
                    elif task in ("token-classification", "question-answering"):
                        right = right[: len(packed.input_ids)]
                    values = received[task][output]
                    assert (values.dtype, values.shape) == (np.float32, right.shape)
                    np.testing.assert_allclose(values, right, rtol=0, atol=TOLERANCE)


def test_an_embedding_is_the_normalized_mean_of_the_last_states(artifact_paths):
    expected = np.load(GOLDEN / "sequence_classification" / "expected.npz")
    artifact = read_artifact(artifact_paths["looped_embed"])
    with open_session(artifact) as session:
        for row, packed in enumerate(golden_inputs("sequence_classification")):
            received = run_packed(session, artifact.manifest, packed)["feature-extraction"]["embedding"]
            mean = expected["hidden_states"][-1, row, : len(packed.input_ids)].mean(axis=0)
            np.testing.assert_allclose(received, mean / np.linalg.norm(mean), rtol=0, atol=TOLERANCE)


def test_a_session_in_another_process(artifact_paths, tmp_path):
    """As the conversion runs a file on its targets."""
    artifact = read_artifact(artifact_paths["looped_fill_order"])
    path: Path = tmp_path / "model.tflite"
    path.write_bytes(artifact.model)
    packed = golden_inputs("pretraining")[0]
    with open_session(artifact) as here, open_isolated(path) as there:
        ours, theirs = (run_packed(session, artifact.manifest, packed) for session in (here, there))
    for task in ours:
        for output in ours[task]:
            np.testing.assert_array_equal(ours[task][output], theirs[task][output])


# === What the session is asked, without an interpreter ===


class Recorder(Session):
    """Answers each output with numbers that tell where they come from: its run and its place."""

    def __init__(self, artifact) -> None:
        super().__init__(input_specs(artifact.manifest))
        self.asked = []
        self.manifest = artifact.manifest

    @property
    def runtime(self) -> str:
        return "recorder 1"

    def _invoke(self, inputs):
        from albert_edge.artifact.checks import output_axes

        self.asked.append(inputs)
        tokens, masks = inputs["input_ids"].shape[1], inputs.get("masked_positions", np.zeros((1, 0))).shape[1]
        outputs = {}
        for name, axes in output_axes(self.manifest).items():
            shape = [{"tokens": tokens, "masks": masks}.get(axis, size) for axis, size in axes.items()]
            outputs[name] = np.full((1, *shape), len(self.asked), np.float32)
        return outputs

    def _release(self) -> None:
        return


def packed_of(tokens: int, masks=None) -> Packed:
    positions = None if masks is None else np.array(masks, np.int32)
    return Packed(np.arange(tokens, dtype=np.int32), np.zeros(tokens, np.int32), positions)


def test_the_looped_layout_takes_the_exact_length_and_all_masks():
    artifact = small_artifact("looped_fill")
    session = Recorder(artifact)
    outputs = run_packed(session, artifact.manifest, packed_of(7, [3, 1]), 2)
    (asked,) = session.asked
    assert sorted(asked) == ["input_ids", "masked_positions", "max_depth", "token_type_ids"]
    assert asked["input_ids"].tolist() == [list(range(7))]
    assert asked["masked_positions"].tolist() == [[3, 1]]
    assert asked["max_depth"].tolist() == [2]
    assert outputs["fill-mask"]["logits"].shape == (2, 1000)


def test_the_unrolled_layout_is_padded_and_takes_one_mask_a_run():
    artifact = small_artifact("unrolled_fill")
    session = Recorder(artifact)
    outputs = run_packed(session, artifact.manifest, packed_of(7, [3, 1, 3]))
    assert [asked["masked_positions"].tolist() for asked in session.asked] == [[[3]], [[1]], [[3]]]
    for asked in session.asked:
        assert asked["input_ids"].tolist() == [[*range(7), *[0] * 17]]
        assert asked["attention_mask"].tolist() == [[1] * 7 + [0] * 17]
    assert outputs["fill-mask"]["logits"][:, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("name", ["unrolled_tag", "unrolled_answer"])
def test_rows_of_padding_are_cut_off(name):
    artifact = small_artifact(name)
    session = Recorder(artifact)
    (outputs,) = run_packed(session, artifact.manifest, packed_of(7)).values()
    assert {len(values) for values in outputs.values()} == {7}
    assert len(session.asked) == 1


def test_heads_beside_fill_mask_run_once_a_mask_free_input():
    """The graph wants a position; the row for the one that nobody asked for is cut off."""
    artifact = small_artifact("looped_fill_order")
    session = Recorder(artifact)
    for masks in (None, []):
        outputs = run_packed(session, artifact.manifest, packed_of(7, masks))
        assert outputs["fill-mask"]["logits"].shape == (0, 1000)
        assert outputs["sentence-order"]["logits"].shape == (2,)
        assert session.asked[-1]["masked_positions"].tolist() == [[0]]


def test_masks_are_nothing_to_a_model_without_fill_mask():
    artifact = small_artifact("looped_tag")
    session = Recorder(artifact)
    run_packed(session, artifact.manifest, packed_of(7, [1]))
    assert sorted(session.asked[0]) == ["input_ids", "max_depth", "token_type_ids"]


@pytest.mark.parametrize("name", ["looped_fill", "unrolled_fill"])
@pytest.mark.parametrize("masks", [[7], [-1], [0, 20]])
def test_positions_outside_the_text_are_refused(name, masks):
    """In the unrolled layout 7 and 20 would lie in the padding."""
    artifact = small_artifact(name)
    session = Recorder(artifact)
    with pytest.raises(DataError, match="masked_positions must be from 0 to 6; received"):
        run_packed(session, artifact.manifest, packed_of(7, masks))
    assert session.asked == []


def test_lengths_and_depths_that_the_file_does_not_take():
    unrolled, looped = small_artifact("unrolled_tag"), small_artifact("looped_tag")
    with pytest.raises(DataError, match="at most the file's 24 tokens; received 25"):
        run_packed(Recorder(unrolled), unrolled.manifest, packed_of(25))
    with pytest.raises(DataError, match="a size of input_ids must be from 1 to 64"):
        run_packed(Recorder(looped), looped.manifest, packed_of(65))
    with pytest.raises(ConfigError, match="max_depth needs a model in the looped layout; received 2"):
        run_packed(Recorder(unrolled), unrolled.manifest, packed_of(7), 2)
    with pytest.raises(ConfigError, match=r"max_depth must be a whole number or None; received 1\.5"):
        run_packed(Recorder(looped), looped.manifest, packed_of(7), 1.5)


# === The session's own check of positions ===


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ([[7]], "up to 7 positions from 0 to 6"),
        ([[0, 1, 2, 3, 4, 5, 6, 6]], "up to 7 positions from 0 to 6, .* received 8 from 0 to 6"),
        ([[-1]], "must hold values from 0 to 63; received -1 to -1"),
        ([[]], "a size of masked_positions must be from 1 to 64"),
        ([0], "masked_positions must be int32 of shape"),
    ],
)
def test_a_session_checks_positions(positions, message):
    artifact = small_artifact("looped_fill")
    session = Recorder(artifact)
    ids = np.zeros((1, 7), np.int32)
    inputs = {"input_ids": ids, "token_type_ids": ids, "max_depth": np.zeros(1, np.int32)}
    session.run({**inputs, "masked_positions": np.array([[6, 0, 0]], np.int32)})
    with pytest.raises(DataError, match=message):
        session.run({**inputs, "masked_positions": np.array(positions, np.int32)})
    with pytest.raises(DataError, match=r"the inputs must be .*masked_positions"):
        session.run(inputs)
    with pytest.raises(DataError, match="must have one length"):
        session.run({**inputs, "token_type_ids": ids[:, :3], "masked_positions": np.zeros((1, 1), np.int32)})


def test_windows_are_kept_as_they_came():
    """Each window's outputs, of different lengths, come back with their own shape and values."""
    rows = {
        2: np.arange(6, dtype=np.float32).reshape(2, 3),
        1: np.float32([[7, 8, 9]]),
        0: np.zeros((0, 3), np.float32),
    }
    inputs = [Packed(np.zeros(count, np.int32), np.zeros(count, np.int32)) for count in (2, 0, 1, 2)]
    kept = run_windows(
        "token-classification", inputs, lambda packed: {"token-classification": {"logits": rows[len(packed.input_ids)]}}
    )
    assert [window["logits"].tolist() for window in kept] == [rows[count].tolist() for count in (2, 0, 1, 2)]
    assert [window["logits"].shape for window in kept] == [(2, 3), (0, 3), (1, 3), (2, 3)]
    # Else each lies by itself in a gap between two runs' memory, and holds it open.
    assert len({id(_owner(window["logits"])) for window in kept}) == 1


def _owner(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array if array.base is None else array.base.obj

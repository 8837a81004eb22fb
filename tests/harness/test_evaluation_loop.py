"""How requests go through a model: in which order, in windows, and what is kept of them meanwhile."""

import weakref

import numpy as np
import pytest
import scripted

from albert_edge.errors import CheckFailedError
from albert_edge.harness.evaluation import answers
from albert_edge.harness.evaluations import make_evaluation
from albert_edge.harness.evaluations.base import Asked, DataFile, Evaluation
from albert_edge.harness.runners import open_runner
from albert_edge.text.packing import Packed


def write_tsv(path, rows, header=("text", "label")):
    path.write_text("".join("\t".join(row) + "\n" for row in [header, *rows]))
    return path


class Given(Evaluation):
    """Inputs that are packed already; kept is one output."""

    def __init__(self, packed, name="logits"):
        super().__init__(DataFile("data"))
        self.packed, self.name = packed, name

    @property
    def asked(self):
        return [Asked(f"data:{row}", row, len(self.packed[row].input_ids)) for row in range(len(self.packed))]

    def inputs(self, pipeline, request):
        return [self.packed[request]]

    def decode(self, pipeline, request, inputs, outputs):
        return outputs[0][self.name]

    def value(self, prediction):
        return prediction

    def report(self, values):
        return {}


@pytest.mark.parametrize("batch", [1, 2, 32])
def test_golden_logits_through_the_same_loop(looped_file, golden, batch):
    expected = np.load(golden / "base_like" / "sequence_classification" / "expected.npz")
    lengths = expected["attention_mask"].sum(axis=1)
    packed = [
        Packed(
            expected["input_ids"][row, :length].astype(np.int32),
            expected["token_type_ids"][row, :length].astype(np.int32),
        )
        for row, length in enumerate(lengths)
    ]
    with open_runner(looped_file) as runner:
        found = answers(Given(packed), runner._replace(batch=batch))
    np.testing.assert_allclose(np.stack(found), expected["logits"], atol=1e-4)


def test_results_are_in_the_files_order():
    """Run in order of the lengths, across chunks, and returned in order of the file."""
    seen = []

    def network(packed):
        seen.append(len(packed.input_ids))
        return {"logits": np.float32([len(packed.input_ids), 0])}

    lengths = [int(length) for length in np.random.default_rng(1).integers(1, 60, size=200)]
    packed = [Packed(*[np.zeros(length, np.int32)] * 2) for length in lengths]
    found = answers(Given(packed), scripted.runner("classify", network))
    assert [int(logits[0]) for logits in found] == lengths
    assert seen == sorted(lengths)


def test_windows_of_a_text_come_back_together(tmp_path):
    """Long texts between short ones: each text's windows are run with those of others and decoded in their order."""
    texts = ["b " * 3, "a " * 100, "b " * 50, "a"]
    path = write_tsv(tmp_path / "data.tsv", [(text.strip(), "x" if "a" in text else "y") for text in texts])
    sizes = []

    def network(packed):
        sizes.append(len(packed.input_ids))
        return scripted.starts_with("a")(packed)

    runner = scripted.runner("classify", network, longest=16, batch=3)
    task = make_evaluation(runner.pipeline, DataFile(path))
    found = answers(task, runner)
    assert [task.value(prediction) for prediction in found] == ["y", "x", "y", "x"]
    assert max(sizes) == 16
    assert len(sizes) > 20


def test_outputs_are_let_go_of_when_a_text_is_decoded():
    """Of 300 texts never more than a few outputs are alive."""
    alive, highest = 0, 0

    def died():
        nonlocal alive
        alive -= 1

    def network(packed):
        nonlocal alive, highest
        output = np.zeros((8, 2), np.float32)
        alive += 1
        highest = max(highest, alive)
        weakref.finalize(output, died)
        return {"logits": output}

    class Counted(Given):
        def decode(self, pipeline, request, inputs, outputs):
            return float(outputs[0]["logits"].sum())

    packed = [Packed(*[np.zeros(1 + row % 7, np.int32)] * 2) for row in range(300)]
    assert answers(Counted(packed), scripted.runner("classify", network, batch=1)) == [0.0] * 300
    assert highest < 5


def test_outputs_that_are_not_numbers_are_refused(tmp_path):
    """NaN has a largest position too: it must not become a label."""
    path = write_tsv(tmp_path / "data.tsv", [("good", "x"), ("bad", "x")])
    broken = np.float32([np.nan, 0])
    runner = scripted.runner(
        "classify", lambda packed: {"logits": broken if scripted.letters(packed)[1] == "b" else scripted.FIRST}
    )
    task = make_evaluation(runner.pipeline, DataFile(path))
    with pytest.raises(CheckFailedError, match=rf"^{path}:3: a model's logits must be finite"):
        answers(task, runner)

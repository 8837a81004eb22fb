"""Magnitude pruning while a model learns, and zeros that stay."""

from types import SimpleNamespace

import numpy as np
import pytest

from albert_edge.errors import ConfigError
from albert_edge.model.folder import read_checkpoint
from albert_edge.training.pruning import zeros as zeros_module
from albert_edge.training.settings import TrainingSettings

sparsity = pytest.importorskip("albert_edge.training.additions.sparsity")

TASK = "text-classification"


def test_the_smallest_go_exactly_so_many():
    values = np.array([[0.1, -0.5, 0.5], [0.2, -0.05, 0.5]], np.float32)
    np.testing.assert_array_equal(
        zeros_module.without_smallest(values, 0.5), np.array([[0, -0.5, 0.5], [0, 0, 0.5]], np.float32)
    )
    # Of equal ones some go too: half of a matrix is half of it.
    assert (zeros_module.without_smallest(np.ones((4, 4), np.float32), 0.5) == 0).sum() == 8
    assert (zeros_module.without_smallest(values, 0.99) == 0).sum() == 5
    np.testing.assert_array_equal(zeros_module.without_smallest(values, 0.01), values)


@pytest.mark.parametrize(("steps", "frequency", "last"), [(1, 1, 1), (3, 1, 2), (30, 1, 15), (2000, 50, 1000)])
def test_a_short_training_prunes_too(steps, frequency, last):
    assert sparsity.mask_updates(steps) == (frequency, last)


def test_a_share_that_is_none_is_refused():
    for value in (0, 1.0, True, "half"):
        with pytest.raises(ConfigError, match=r"sparsity must be in \(0, 1\)"):
            TrainingSettings.from_dict({"sparsity": value}, from_checkpoint=True)


def test_the_zeros_of_4_bits_are_not_taken_for_a_pruning():
    """Rounding leaves a sixth of zeros in the products, which another training would freeze for good."""
    from albert_edge.training.quantizers import rounded_rows

    values = np.random.default_rng(1).normal(size=(64, 128)).astype(np.float32)
    table, product = "albert.embeddings.word_embeddings.weight", "albert.pooler.weight"
    rounded = {table: rounded_rows(values, 8), product: rounded_rows(values, 4)}
    assert (rounded[product] == 0).mean() > 3 * sparsity.NOTICED_ZEROS
    assert zeros_module.zero_share(rounded) > sparsity.NOTICED_ZEROS
    assert not sparsity.keeps_zeros(starting_from(rounded))
    assert sparsity.keeps_zeros(starting_from(rounded, keep_zeros=True))
    pruned = zeros_module.pruned_tensors(rounded, 0.3)
    assert sparsity.keeps_zeros(starting_from(pruned))
    assert not sparsity.keeps_zeros(starting_from(pruned, keep_zeros=False))


def starting_from(tensors, **settings):
    """What a training from a checkpoint with `tensors` has prepared, as far as zeros are concerned."""
    chosen = TrainingSettings.from_dict(settings, from_checkpoint=True)
    source = SimpleNamespace(from_="model")
    return SimpleNamespace(
        request=SimpleNamespace(settings=chosen, source=source), start=SimpleNamespace(tensors=tensors)
    )


@pytest.fixture(scope="module")
def sparse(trained_folder, separable, tmp_path_factory):
    """A pruned folder and the report of its training."""
    from albert_edge.training.finetune import train

    out = tmp_path_factory.mktemp("sparse") / "model"
    files = separable / "train.tsv", separable / "dev.tsv"
    report = train(TASK, *files, out, from_=trained_folder, sparsity=0.6, epochs=2, batch_size=16, learning_rate=1e-3)
    return out, report


@pytest.mark.slow
def test_every_matrix_has_its_zeros_and_nothing_else(sparse, trained_folder):
    folder, report = sparse
    tensors, before = read_checkpoint(folder).tensors, read_checkpoint(trained_folder).tensors
    pruned = [name for name, values in tensors.items() if zeros_module.prunable(name, values)]
    block = "albert.encoder.albert_layer_groups.0.albert_layers.0"
    products = ("attention.query", "attention.key", "attention.value", "attention.dense", "ffn", "ffn_output")
    assert sorted(pruned) == sorted(
        [f"{block}.{name}.weight" for name in products]
        + [
            "albert.embeddings.word_embeddings.weight",
            "albert.encoder.embedding_hidden_mapping_in.weight",
            "albert.pooler.weight",
        ]
    )
    for name in pruned:
        assert (tensors[name] == 0).sum() == tensors[name].size - round(tensors[name].size * 0.4)
        # What is left has learnt: it isn't the first weights with a mask.
        assert (tensors[name] != before[name] * (tensors[name] != 0)).any()
    assert all((tensors[name] != 0).mean() > 0.5 for name in tensors if name not in pruned)
    assert report["dev"]["accuracy"] >= 0.9
    assert report["sparsity"] == {"sparsity": 0.6, "updates_between_masks": 1, "last_mask_update": 15}


@pytest.mark.slow
def test_the_masks_grow_as_the_schedule_says(trained_folder):
    """The library's own masks: the shares of Zhu and Gupta's equation 1, worked by hand."""
    from albert_edge.model.folder import read_folder

    addition = sparsity.Sparsity(read_folder(trained_folder).model, 0.5, total_steps=8)
    shares = []
    for step in range(8):
        addition.before_step(step)
        addition.after_update()
        shares.append(1 - np.mean(addition.tensors()["albert.pooler.weight"]))
    by_hand = [0.5 - 0.5 * (1 - min(step / 4, 1)) ** 3 for step in range(1, 9)]
    np.testing.assert_allclose(shares, by_hand, atol=1e-4)
    other = sparsity.Sparsity(read_folder(trained_folder).model, 0.5, total_steps=8)
    other.restore(addition.tensors())
    assert all(np.array_equal(values, addition.tensors()[name]) for name, values in other.tensors().items())


@pytest.mark.slow
def test_a_further_training_keeps_the_zeros_unless_it_is_told_not_to(sparse, separable, tmp_path):
    from albert_edge.training.finetune import train

    folder, _ = sparse
    zeros = {name: values == 0 for name, values in read_checkpoint(folder).tensors.items()}
    files = separable / "train.tsv", separable / "dev.tsv"
    kept = train(TASK, *files, tmp_path / "kept", from_=folder, epochs=1, learning_rate=1e-3)
    assert kept["kept_zeros"] == {"zero_share": pytest.approx(0.6, abs=0.001)}
    after = read_checkpoint(tmp_path / "kept").tensors
    pruned = [name for name, values in after.items() if zeros_module.prunable(name, values)]
    assert all((after[name][zeros[name]] == 0).all() for name in pruned)
    free = train(TASK, *files, tmp_path / "free", from_=folder, epochs=1, learning_rate=1e-3, keep_zeros=False)
    assert "kept_zeros" not in free
    assert zeros_module.zero_share(read_checkpoint(tmp_path / "free").tensors) < 0.5


@pytest.mark.slow
def test_the_zeros_are_in_the_int8_file(sparse, tmp_path):
    """Counted in the flatbuffer's own bytes: every product and the table of words."""
    import albert_edge
    from albert_edge.artifact import read_artifact

    folder, _ = sparse
    albert_edge.convert(folder, tmp_path / "sparse.tflite", scheme="dynamic-range")
    tensors = read_checkpoint(folder).tensors
    model = read_artifact(tmp_path / "sparse.tflite").model
    stored = int8_matrices(bytes(model))
    wanted = {values.shape for name, values in tensors.items() if zeros_module.prunable(name, values)}
    found = {values.shape: (values == 0).mean() for values in stored}
    assert wanted <= found.keys()
    assert all(found[shape] >= 0.6 - 1e-3 for shape in wanted)


def int8_matrices(model):
    from ai_edge_litert.schema_py_generated import Model, TensorType

    root = Model.GetRootAsModel(model, 0)
    for graph in (root.Subgraphs(index) for index in range(root.SubgraphsLength())):
        for tensor in (graph.Tensors(index) for index in range(graph.TensorsLength())):
            data = root.Buffers(tensor.Buffer()).DataAsNumpy()
            if tensor.Type() == TensorType.INT8 and tensor.ShapeLength() == 2 and not isinstance(data, int):
                yield data.view(np.int8).reshape(tensor.ShapeAsNumpy())


@pytest.mark.slow
def test_a_frozen_encoder_and_a_start_without_zeros_are_refused(separable, trained_folder, tmp_path):
    from albert_edge.training.finetune import train

    files = separable / "train.tsv", separable / "dev.tsv"
    with pytest.raises(ConfigError, match=r"received 0\.5 beside freeze_encoder"):
        train(TASK, *files, tmp_path / "out", from_=trained_folder, sparsity=0.5, freeze_encoder=True)
    with pytest.raises(ConfigError, match="keep_zeros must be false without --from"):
        train(TASK, *files, tmp_path / "out", size="tiny", keep_zeros=True)

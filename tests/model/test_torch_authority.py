"""What PyTorch writes in every form that it has, read without it: equal to what PyTorch reads."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from albert_edge.errors import FolderError
from albert_edge.model.checkpoint import read_tensors
from albert_edge.model.folder import read_checkpoint

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("write_torch_files.py")


@pytest.fixture(scope="module")
def forms(transformers_python, golden_folder, tmp_path_factory) -> Path:
    """A folder of model folders, one a form."""
    out = tmp_path_factory.mktemp("forms")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    done = subprocess.run(
        [transformers_python, str(SCRIPT), str(golden_folder), str(out)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize(
    "form",
    [
        "zip",
        "legacy",
        "protocol 5",
        "strided",
        "offsets",
        "double",
        "half",
        "bfloat16",
        "shared",
        "position ids",
    ],
)
def test_a_file_is_read_as_pytorch_reads_it(forms, form):
    tensors = read_tensors(forms / form)
    with np.load(forms / form / "expected.npz") as expected:
        assert sorted(tensors) == sorted(expected)
        assert all(np.array_equal(tensors[name], expected[name]) for name in expected)
    assert len(read_checkpoint(forms / form).tensors) == 27


@pytest.mark.parametrize("form", ["shards bin", "shards safetensors", "shards of transformers"])
def test_shards_are_read_as_one_file(forms, form):
    assert len(list((forms / form).glob("*-of-*"))) > 2
    tensors, expected = read_tensors(forms / form), read_tensors(forms / "zip")
    assert sorted(tensors) == sorted(expected)
    assert all(np.array_equal(tensors[name], expected[name]) for name in expected)


def test_bfloat16_is_the_same_in_both_files(forms):
    one, other = read_tensors(forms / "bfloat16"), read_tensors(forms / "bfloat16 safetensors")
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_weights_that_two_names_share_are_in_memory_once(forms):
    tensors = read_tensors(forms / "shared")
    assert np.shares_memory(tensors["predictions.decoder.weight"], tensors["albert.embeddings.word_embeddings.weight"])


@pytest.mark.parametrize("form", ["parameters", "whole model"])
def test_what_is_no_dictionary_of_tensors_is_refused_by_name(forms, form):
    with pytest.raises(FolderError, match=r"must hold tensors only; received the pickled global (torch|transformers)"):
        read_tensors(forms / form)

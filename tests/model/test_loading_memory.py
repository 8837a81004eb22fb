"""Loading ALBERT-base (12 million parameters, 46.7 MB) must need less than twice its size, from every kind of file.

Measured in a fresh process, as the most memory that it held (VmHWM) above what it held before the loading, with the
packages imported.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from torch_format import write_torch

from albert_edge.config import AlbertConfig
from albert_edge.model.checkpoint import tensors_to_bytes
from albert_edge.model.initial import initial_tensors
from albert_edge.model.sizes import size_config

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc to measure memory"),
]

MEASURE = """
import json, sys
import numpy, safetensors, h5py
from albert_edge.model.checkpoint import read_tensors

def held(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key))

if sys.argv[2] == "tf1":
    from albert_edge.model.keras import tf
    from albert_edge.text.tokenizer import open_tokenizer
    from converters.checkpoints.sources import find_vocabulary, recognize
    from converters.checkpoints.tf_checkpoint import read_tensorflow
    source = recognize(sys.argv[1])
    words = open_tokenizer(find_vocabulary(source.folder))
    load = lambda: read_tensorflow(source, words).tensors
else:
    load = lambda: read_tensors(sys.argv[1])
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")
before = held("VmRSS")
tensors = load()
print(json.dumps({"peak": held("VmHWM") - before, "size": sum(v.nbytes for v in tensors.values())}))
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory, spm_30k) -> Path:
    """A folder a kind of file, with the tensors of an ALBERT-base."""
    from test_hdf5_file import save_weights

    from converters.checkpoints.exporting import export_checkpoint

    root = tmp_path_factory.mktemp("base")
    config: AlbertConfig = size_config("base", None, 30000)
    config = config.replace(architectures=("AlbertModel",))
    tensors = initial_tensors(config, "feature-extraction", 1)
    for name in ("safetensors", "bin", "h5"):
        (root / name).mkdir()
    (root / "safetensors" / "model.safetensors").write_bytes(tensors_to_bytes(tensors))
    (root / "safetensors" / "config.json").write_text(json.dumps(config.to_dict()))
    (root / "safetensors" / "spiece.model").write_bytes(spm_30k.read_bytes())
    write_torch(root / "bin" / "pytorch_model.bin", tensors)
    save_weights(root / "h5" / "tf_model.h5", tensors)
    export_checkpoint(root / "safetensors", root / "tf1", "google-tf1")
    return root


@pytest.mark.parametrize("kind", ["safetensors", "bin", "h5", "tf1"])
def test_loading_needs_less_than_twice_the_size(base, kind):
    command = [sys.executable, "-c", MEASURE, str(base / kind), kind]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2])
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    print(f"{kind}: {measured['peak'] / 1e6:.1f} MB for {measured['size'] / 1e6:.1f} MB")
    assert measured["size"] == 4 * 11_683_584
    assert measured["size"] * 0.9 < measured["peak"] < 2 * measured["size"]

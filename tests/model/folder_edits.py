"""Changes to a model folder, for the tests that damage one."""

import json

from albert_edge.model.checkpoint import tensors_to_bytes
from albert_edge.model.folder import read_checkpoint


def change_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def rewrite_tensors(folder, change):
    tensors = dict(read_checkpoint(folder).tensors)
    change(tensors)
    (folder / "model.safetensors").write_bytes(tensors_to_bytes(tensors))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}

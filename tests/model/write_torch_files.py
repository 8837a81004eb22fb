"""Runs in an environment with transformers and PyTorch: writes one model folder in the forms that PyTorch has.

    python write_torch_files.py FOLDER OUT

`FOLDER` is a model folder; each form is a folder of its own under `OUT`. Two of them are recorded in
tests/golden/torch, so that the reader is held to PyTorch's own bytes where PyTorch is not installed.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification

REFUSED = ("parameters", "whole model")
"""Forms that hold other things than tensors."""


def shard(state, folder, save):
    """The tensors in three files with transformers' index."""
    import json

    names = sorted(state)
    parts = [names[start::3] for start in range(3)]
    suffix = "safetensors" if save is save_safetensors else "bin"
    stem = "model" if suffix == "safetensors" else "pytorch_model"
    files = [f"{stem}-{number:05}-of-00003.{suffix}" for number in (1, 2, 3)]
    for file, part in zip(files, parts):
        save({name: state[name] for name in part}, folder / file)
    index = {"metadata": {"total_size": 0}, "weight_map": {n: f for f, part in zip(files, parts) for n in part}}
    name = "model.safetensors.index.json" if suffix == "safetensors" else "pytorch_model.bin.index.json"
    (folder / name).write_text(json.dumps(index, indent=2) + "\n")


def save_safetensors(state, path):
    from safetensors.torch import save_file

    save_file({name: values.contiguous() for name, values in state.items()}, path, metadata={"format": "pt"})


def record(folder):
    """What PyTorch itself reads from the folder's one file, as float32."""
    path = folder / "pytorch_model.bin"
    if path.is_file() and folder.name not in REFUSED:
        found = torch.load(path, map_location="cpu", weights_only=False)
        arrays = {name: values.float().numpy() for name, values in found.items()}
        np.savez(folder / "expected.npz", **arrays)


def by_transformers(model, folder):
    """Sharded by `save_pretrained` itself."""
    model.save_pretrained(folder, max_shard_size="40KB")
    (folder / "config.json").unlink()


def main(source, out):
    model = AutoModelForSequenceClassification.from_pretrained(source)
    state = model.state_dict()
    transposed = {name: values.t().contiguous().t() if values.dim() == 2 else values for name, values in state.items()}
    sliced = {
        name: torch.cat([values.flatten(), values.flatten()])[values.numel() :].view(values.shape)
        for name, values in state.items()
    }
    forms = {
        "zip": lambda folder: torch.save(state, folder / "pytorch_model.bin"),
        "legacy": lambda folder: torch.save(state, folder / "pytorch_model.bin", _use_new_zipfile_serialization=False),
        "protocol 5": lambda folder: torch.save(state, folder / "pytorch_model.bin", pickle_protocol=5),
        "strided": lambda folder: torch.save(transposed, folder / "pytorch_model.bin"),
        "offsets": lambda folder: torch.save(sliced, folder / "pytorch_model.bin"),
        "double": lambda folder: torch.save({k: v.double() for k, v in state.items()}, folder / "pytorch_model.bin"),
        "half": lambda folder: torch.save({k: v.half() for k, v in state.items()}, folder / "pytorch_model.bin"),
        "bfloat16": lambda folder: torch.save(
            {k: v.bfloat16() for k, v in state.items()}, folder / "pytorch_model.bin"
        ),
        "shared": lambda folder: torch.save(
            {**state, "predictions.decoder.weight": state["albert.embeddings.word_embeddings.weight"]},
            folder / "pytorch_model.bin",
        ),
        "position ids": lambda folder: torch.save(
            {**state, "albert.embeddings.position_ids": torch.arange(64).expand((1, -1))}, folder / "pytorch_model.bin"
        ),
        "shards bin": lambda folder: shard(state, folder, torch.save),
        "shards safetensors": lambda folder: shard(state, folder, save_safetensors),
        "shards of transformers": lambda folder: by_transformers(model, folder),
        "bfloat16 safetensors": lambda folder: save_safetensors(
            {k: v.bfloat16() for k, v in state.items()}, folder / "model.safetensors"
        ),
        "parameters": lambda folder: torch.save(dict(model.named_parameters()), folder / "pytorch_model.bin"),
        "whole model": lambda folder: torch.save(model, folder / "pytorch_model.bin"),
    }
    for name, write in forms.items():
        folder = Path(out) / name
        folder.mkdir(parents=True)
        for file in ("config.json", "spiece.model"):
            shutil.copyfile(Path(source) / file, folder / file)
        write(folder)
        record(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])

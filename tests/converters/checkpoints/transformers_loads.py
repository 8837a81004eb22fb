"""Runs in another interpreter, one with transformers and PyTorch: what Hugging Face's loaders make of folders.

    python transformers_loads.py FOLDER=INPUTS.npz ...

Prints a JSON object a folder: the class, the keys that were missing or unexpected, the tokenizer's class and ids, and
the file of the outputs, which is written beside the inputs' name into the folder.
"""

import json
import sys

import numpy as np
import torch
import transformers


def describe(folder, inputs):
    config = transformers.AutoConfig.from_pretrained(folder)
    kind = getattr(transformers, config.architectures[0])
    model, info = kind.from_pretrained(folder, output_loading_info=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    names = ("input_ids", "attention_mask", "token_type_ids")
    with torch.no_grad():
        outputs = model.eval()(**{name: torch.from_numpy(inputs[name].astype(np.int64)) for name in names})
    np.savez(f"{folder}/outputs.npz", **{name: v.numpy() for name, v in outputs.items() if torch.is_tensor(v)})
    return {
        "class": type(model).__name__,
        "missing": sorted(info["missing_keys"]),
        "unexpected": sorted(info["unexpected_keys"]),
        "tokenizer": type(tokenizer).__name__,
        "ids": tokenizer("Oil prices rise")["input_ids"],
    }


def main(*requests):
    described = {}
    for request in requests:
        folder, _, inputs = request.partition("=")
        described[folder] = describe(folder, np.load(inputs))
    print(json.dumps(described))


if __name__ == "__main__":
    main(*sys.argv[1:])

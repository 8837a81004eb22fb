"""Runs in another interpreter, one with transformers and PyTorch: folders of every ALBERT class, opened by their class.

    python transformers_heads_script.py INPUTS.npz FOLDER ...

Prints a JSON object: for each folder the class, what loading missed or didn't expect, and every output of the model
for the inputs.
"""

import json
import sys

import numpy as np
import torch
import transformers


def describe(folder, inputs):
    with open(f"{folder}/config.json", encoding="utf-8") as file:
        name = json.load(file)["architectures"][0]
    # transformers' own loader by the name of the class in the folder, as its pipelines do.
    model, info = getattr(transformers, name).from_pretrained(folder, output_loading_info=True)
    model.eval()
    names = ("input_ids", "attention_mask", "token_type_ids")
    given = {name: torch.from_numpy(inputs[name].astype(np.int64)) for name in names}
    if name == "AlbertForMultipleChoice":
        given = {name: tensor[:, None] for name, tensor in given.items()}
    with torch.no_grad():
        outputs = model(**given)
    return {
        "class": type(model).__name__,
        "missing": sorted(info["missing_keys"]),
        "unexpected": sorted(info["unexpected_keys"]),
        "outputs": {name: value.tolist() for name, value in outputs.items() if torch.is_tensor(value)},
    }


def main(inputs_path, *folders):
    inputs = np.load(inputs_path)
    print(json.dumps({folder: describe(folder, inputs) for folder in folders}))


if __name__ == "__main__":
    main(*sys.argv[1:])

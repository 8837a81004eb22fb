"""Runs in another interpreter, one with transformers and PyTorch: what Hugging Face's own loaders make of folders.

    python transformers_script.py TEXTS.json FOLDER=INPUTS.npz ...

Prints a JSON object a folder: the model's class, labels and logits for the inputs; for the texts the tokenizer's
class and size, the ids and segments, and the model's logits.
"""

import json
import sys

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer


def describe(folder, inputs, texts):
    model, info = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model.eval()
    encoded = [tokenizer(*text) for text in texts]
    names = ("input_ids", "attention_mask", "token_type_ids")
    with torch.no_grad():
        logits = model(**{name: torch.from_numpy(inputs[name].astype(np.int64)) for name in names}).logits
        of_texts = [model(**{name: torch.tensor([ids]) for name, ids in one.items()}).logits[0] for one in encoded]
    return {
        "class": type(model).__name__,
        "missing": sorted(info["missing_keys"]),
        "unexpected": sorted(info["unexpected_keys"]),
        "labels": [model.config.id2label[index] for index in range(model.config.num_labels)],
        "dtype": str(model.dtype),
        "logits": logits.tolist(),
        "tokenizer": type(tokenizer).__name__,
        "pieces": len(tokenizer),
        "model_max_length": tokenizer.model_max_length,
        "ids": [one["input_ids"] for one in encoded],
        "segments": [one["token_type_ids"] for one in encoded],
        "text_logits": [row.tolist() for row in of_texts],
    }


def main(texts_path, *requests):
    with open(texts_path, encoding="utf-8") as file:
        texts = json.load(file)
    described = {}
    for request in requests:
        folder, _, inputs = request.partition("=")
        described[folder] = describe(folder, np.load(inputs), texts)
    print(json.dumps(described))


if __name__ == "__main__":
    main(*sys.argv[1:])

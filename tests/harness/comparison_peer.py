"""Engines for the tests of the comparison: a stand-in with known logits, and ones that fail in each way."""

import os
from pathlib import Path

import numpy as np

PACKAGES = ("numpy", "no-such-package")


def imports():
    pass


def prepare(model: Path, folder: Path, samples, variant):
    if variant == "refuses":
        raise ValueError("an operator must be known; received 'Loop'\nand a second line")
    (folder / "model.bin").write_bytes(bytes(len(samples)))


def load(folder: Path, variant):
    size = (folder / "model.bin").stat().st_size

    def run(ids, segments):
        if variant == "crashes":
            os.abort()
        print("printed by native code")
        return np.array([[ids.sum() + segments.sum(), size + (variant == "off")]], np.float32)

    return run

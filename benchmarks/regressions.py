"""Files that really are worse than the one they are made of, each in one metric: what a gate must catch.

The flatbuffer of a text classifier is changed and the artifact sealed anew, so that every hash is right and nothing but
a measurement tells. `widened` has more units in its feed-forward part, all of them zero, and so answers as before:
a few cost instructions, many also memory. `less_accurate` has noise on its weights. Needs `albert-edge[host]`.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from pathlib import Path
from typing import Any, Callable

import numpy as np
from numpy.typing import NDArray

import albert_edge
from albert_edge.artifact import Artifact, read_artifact, write_artifact
from converters.flatbuffer import read_tables, schema, write_tables

NOISES = (0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25)
"""Of the largest weight of a matrix, tried one after the other."""
SEEDS = 8
"""Tried with each."""


def changed(path: Path, out: Path, change: Callable[[Any], None]) -> None:
    """Write the artifact `path` to `out` after `change` of its model's tables (`ModelT`)."""
    artifact = read_artifact(path)
    tables = read_tables(bytes(artifact.model))
    change(tables)
    write_artifact(out, _sealed(artifact, write_tables(tables)))


def _sealed(artifact: Artifact, model: bytes) -> Artifact:
    manifest = dataclasses.replace(artifact.manifest, model_sha256=hashlib.sha256(model).hexdigest())
    return dataclasses.replace(artifact, model=model, manifest=manifest, file=None)


def widened(tables: Any, width: int, units: int) -> None:
    """Give the feed-forward part, `width` wide, so many more units that are always zero: the same answers, more work.

    Raises `RuntimeError` if there is no such part.
    """
    pairs = [(graph, *_feed_forward(tables, graph, width)) for graph in tables.subgraphs]
    found = [(graph, up, down) for graph, up, down in pairs if up is not None and down is not None]
    if not found:
        raise RuntimeError(f"a product {width} wide must feed another; received none")
    for graph, up, down in found:
        _pad(tables, graph.tensors[up.inputs[1]], units, axis=0)
        _pad(tables, graph.tensors[up.inputs[2]], units, axis=0)
        _pad(tables, graph.tensors[down.inputs[1]], units, axis=1)
        for tensor in graph.tensors:
            if tables.buffers[tensor.buffer].data is None and list(tensor.shape)[1:] == [width]:
                tensor.shape = [tensor.shape[0], width + units]
                if tensor.shapeSignature is not None:
                    tensor.shapeSignature = [tensor.shapeSignature[0], width + units]


def _feed_forward(tables: Any, graph: Any, width: int) -> tuple[Any, Any]:
    """The looped layout's products into `width` and back; None for what isn't in `graph`."""
    products = [each for each in graph.operators if _code(tables, each) == schema.BuiltinOperator.FULLY_CONNECTED]
    shapes = [list(graph.tensors[each.inputs[1]].shape) for each in products]
    up = [each for each, shape in zip(products, shapes) if shape[0] == width and shape[1] != width]
    down = [each for each, shape in zip(products, shapes) if shape[1] == width and shape[0] != width]
    return (up or [None])[0], (down or [None])[0]


def _pad(tables: Any, tensor: Any, units: int, axis: int) -> None:
    """Lengthen a constant with zeros along `axis`; of scales a row, those of the new rows are 1."""
    dtype = {schema.TensorType.INT8: np.int8, schema.TensorType.FLOAT32: np.float32}[tensor.type]
    values = tables.buffers[tensor.buffer].data.view(dtype).reshape(tensor.shape)
    padding = [(0, units if place == axis else 0) for place in range(values.ndim)]
    longer = np.ascontiguousarray(np.pad(values, padding))
    tensor.shape = list(longer.shape)
    tables.buffers[tensor.buffer].data = longer.reshape(-1).view(np.uint8)
    scales = tensor.quantization.scale if tensor.quantization is not None else None
    if axis == 0 and scales is not None and len(scales) > 1:
        tensor.quantization.scale = np.concatenate([scales, np.ones(units, np.float32)])
        tensor.quantization.zeroPoint = np.zeros(len(longer), np.int64)


def with_noise(tables: Any, noise: float, seed: int) -> None:
    """Add normal noise to every int8 matrix of a product; its deviation is `noise` times the largest weight."""
    generator = np.random.default_rng(seed)
    for number in sorted(_matrices(tables)):
        levels: NDArray[np.int8] = tables.buffers[number].data.view(np.int8)
        drift = generator.normal(0, 127 * noise, levels.shape)
        tables.buffers[number].data = np.clip(np.rint(levels + drift), -127, 127).astype(np.int8).view(np.uint8)


def less_accurate(path: Path, out: Path, data: str, least: float, most: float) -> float:
    """Write to `out` the first noisy copy of `path` that loses from `least` to `most` points on `data`.

    Returns the points; raises `RuntimeError` if no seed gives such a copy.
    """
    before = _accuracy(path, data)
    for noise in NOISES:
        for seed in range(SEEDS):
            changed(path, out, functools.partial(with_noise, noise=noise, seed=seed))
            lost = round(100 * (before - _accuracy(out, data)), 9)
            if least <= lost <= most:
                return lost
    raise RuntimeError(f"a noisy copy must lose from {least} to {most} points; received none of {len(NOISES) * SEEDS}")


def _accuracy(path: Path, data: str) -> float:
    return float(albert_edge.evaluate(path, data)["accuracy"])


def _matrices(tables: Any) -> set[int]:
    """Buffers of the int8 weights of products."""
    found = set()
    for graph in tables.subgraphs:
        for operator in graph.operators:
            if _code(tables, operator) == schema.BuiltinOperator.FULLY_CONNECTED:
                weights = graph.tensors[operator.inputs[1]]
                if weights.type == schema.TensorType.INT8 and tables.buffers[weights.buffer].data is not None:
                    found.add(weights.buffer)
    return found


def _code(tables: Any, operator: Any) -> int:
    return int(tables.operatorCodes[operator.opcodeIndex].builtinCode)

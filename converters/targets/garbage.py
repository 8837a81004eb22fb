"""Files that a runtime loads and computes wrongly without an error: the known case, so that a refusal can name it.

The comparison of outputs finds every wrong answer; this says why, where it is known. FULLY_CONNECTED with one scale a
row of an int8 matrix is version 12 in TensorFlow's numbering. ai-edge-quantizer writes it under version 1, which every
runtime takes for one scale a matrix, and those that know nothing else go on with a scale of 0: what is left of the
product is its bias. Version 12 they refuse to load.
"""

from __future__ import annotations

from typing import Any, Optional

from albert_edge.artifact.tables import Data
from converters.flatbuffer import PER_ROW_VERSION, read_tables, schema
from converters.targets.families import Target


def known_garbage(target: Target, model: Data) -> Optional[str]:
    """Why `target` computes the flatbuffer `model` wrongly, as part of a message; None: no reason is known."""
    if target.per_channel:
        return None
    versions = {version for version in _versions_by_row(read_tables(bytes(model))) if version < PER_ROW_VERSION}
    if not versions:
        return None
    return (
        f"its int8 matrices have one scale a row under FULLY_CONNECTED version {min(versions)}, where that runtime "
        f"takes one scale a matrix and answers wrongly without an error"
    )


def _versions_by_row(tables: Any) -> list[int]:
    """The version of each product by an int8 matrix with a scale a row."""
    found = []
    for graph in tables.subgraphs:
        for operator in graph.operators:
            code = tables.operatorCodes[operator.opcodeIndex]
            if code.builtinCode != schema.BuiltinOperator.FULLY_CONNECTED:
                continue
            matrix = graph.tensors[operator.inputs[1]]
            scales = None if matrix.quantization is None else matrix.quantization.scale
            if matrix.type == schema.TensorType.INT8 and scales is not None and len(scales) > 1:
                found.append(code.version)
    return found

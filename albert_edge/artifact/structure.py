"""What must hold in a graph before an interpreter may run it in this process.

Hashes show that a file is whole, not that it means well: whoever changes a file can hash it again. How much an
interpreter checks by itself depends on its version: tflite-runtime 2.14 verifies no offset, and both it and
ai-edge-litert 2.3 crash on a subgraph that calls itself. So the reader's checks and these hold on every runtime: the
permitted operators with all their inputs, dense constants of the right size, each tensor written once and before it is
read, calls that end. What can't be known without running (constant row numbers beyond a table, a loop that never ends)
stays unchecked: a manifest is no licence to run a stranger's file.
"""

from __future__ import annotations

import math

from albert_edge.artifact.facts import ModelFacts, OperatorFacts, SubgraphFacts, TensorFacts
from albert_edge.artifact.operators import TYPE_BITS
from albert_edge.artifact.permitted import MAX_RANK, OPERATORS, OPTIONAL_INPUT, TYPES
from albert_edge.errors import ArtifactError

MAX_CALL_DEPTH = 8
"""Subgraphs within subgraphs: a loop over the block is 1."""


def check_structure(model: ModelFacts) -> None:
    """Raise `ArtifactError` unless `model` can run in its order, each tensor written before it is read."""
    for subgraph in model.subgraphs:
        for tensor in subgraph.tensors:
            _check_tensor(tensor)
            if model.is_constant(tensor):
                _check_constant(tensor, model.buffers[tensor.buffer][1])
        for operator in subgraph.operators:
            _check_operator(model, operator)
        _check_order(model, subgraph)
    _check_calls(model)


def _check_tensor(tensor: TensorFacts) -> None:
    if tensor.dtype not in TYPES or tensor.is_variable or tensor.is_sparse or len(tensor.shape) > MAX_RANK:
        raise ArtifactError(
            f"tensors must be dense, without state, of at most {MAX_RANK} dimensions and a type among "
            f"{', '.join(TYPES)}; received {tensor.dtype} of shape {list(tensor.shape)}"
        )
    parameters = tensor.quantization
    if parameters is None or parameters.scales == 0:
        return
    known = 0 <= parameters.dimension < max(1, len(tensor.shape))
    counts = {1, tensor.shape[parameters.dimension]} if known and tensor.shape else {1}
    if not known or parameters.scales not in counts or parameters.zero_points != parameters.scales:
        raise ArtifactError(
            f"a tensor of shape {list(tensor.shape)} must have one scale and one zero point, or one for each index of "
            f"a dimension; received {parameters}"
        )


def _check_constant(tensor: TensorFacts, size_bytes: int) -> None:
    expected = (math.prod(tensor.shape) * TYPE_BITS[tensor.dtype] + 7) // 8
    if min(tensor.shape, default=0) < 0 or size_bytes != expected:
        raise ArtifactError(
            f"a constant of type {tensor.dtype} and shape {list(tensor.shape)} must have {expected:,} bytes; "
            f"received {size_bytes:,}"
        )


def _check_operator(model: ModelFacts, operator: OperatorFacts) -> None:
    arity = OPERATORS.get(operator.name)
    if arity is None:
        raise ArtifactError(f"the operators must be among those of a text model; received {operator.name}")
    inputs, outputs = len(operator.inputs), len(operator.outputs)
    if not arity.takes(inputs, outputs):
        raise ArtifactError(f"{operator.name} must have {arity}; received {inputs} inputs and {outputs} outputs")
    missing = [position for position, index in enumerate(operator.inputs) if index == -1]
    if missing not in ([], [OPTIONAL_INPUT.get(operator.name)]):
        raise ArtifactError(f"{operator.name} must have its inputs; received it without number {missing[0]}")
    if operator.name == "WHILE":
        _check_loop(model, operator)


def _check_loop(model: ModelFacts, loop: OperatorFacts) -> None:
    condition, body = (model.subgraphs[call] for call in loop.calls)
    counts = [len(loop.inputs), len(loop.outputs), len(condition.inputs), len(body.inputs), len(body.outputs)]
    if len(set(counts)) != 1 or len(condition.outputs) != 1:
        raise ArtifactError(f"WHILE must hand on as many values as it takes; received counts of {counts}")


def _check_order(model: ModelFacts, subgraph: SubgraphFacts) -> None:
    constants = {index for index, tensor in enumerate(subgraph.tensors) if _has_value(model, tensor)}
    written = set(subgraph.inputs)
    if written & constants:
        raise ArtifactError(f"the inputs of subgraph {subgraph.name!r} must not be constants; received one that is")
    for operator in subgraph.operators:
        unwritten = {index for index in operator.inputs if index >= 0} - written - constants
        if unwritten:
            raise ArtifactError(f"a tensor must be written before {operator.name} reads it; received {min(unwritten)}")
        if written.intersection(operator.outputs) or constants.intersection(operator.outputs):
            raise ArtifactError(f"{operator.name} must write tensors that have no value yet; received one that has")
        written.update(operator.outputs)
    if not written | constants >= set(subgraph.outputs):
        raise ArtifactError(f"the outputs of subgraph {subgraph.name!r} must be written; received one that is not")


def _has_value(model: ModelFacts, tensor: TensorFacts) -> bool:
    # A constant without elements, as the shape of a scalar, has no bytes.
    return model.is_constant(tensor) or 0 in tensor.shape


def _check_calls(model: ModelFacts) -> None:
    calls = [{call for operator in graph.operators for call in operator.calls} for graph in model.subgraphs]
    reached = set(range(len(calls)))
    for _ in range(MAX_CALL_DEPTH + 1):
        reached = {callee for caller in reached for callee in calls[caller]}
        if not reached:
            return
    raise ArtifactError(f"subgraphs must nest at most {MAX_CALL_DEPTH} deep; received deeper or endless ones")

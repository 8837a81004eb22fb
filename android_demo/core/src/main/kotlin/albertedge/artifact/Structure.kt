package albertedge.artifact

import albertedge.ArtifactException

/**
 * Throws [ArtifactException] unless [model] can run in its order, each tensor written before it is read.
 *
 * Hashes show that a file is whole, not that it means well, and an interpreter may crash on a graph that breaks these
 * rules. What can't be known without running (row numbers beyond a table, a loop that never ends) stays unchecked.
 */
internal fun checkStructure(model: ModelFacts) {
    for (subgraph in model.subgraphs) {
        for (tensor in subgraph.tensors) {
            checkTensor(tensor)
            if (model.isConstant(tensor)) checkConstant(tensor, model.buffers[tensor.buffer].length)
        }
        for (operator in subgraph.operators) checkOperator(model, operator)
        checkOrder(model, subgraph)
    }
    checkCalls(model)
}

/** Subgraphs within subgraphs: a loop over the block is 1. */
private const val MAX_CALL_DEPTH = 8

private fun checkTensor(tensor: TensorFacts) {
    val rank = tensor.shape.size
    if (tensor.dtype !in PERMITTED_TYPES || tensor.isVariable || tensor.isSparse || rank > MAX_RANK) {
        throw ArtifactException(
            "tensors must be dense, without state, of at most $MAX_RANK dimensions and a type among " +
                "${PERMITTED_TYPES.joinToString()}; received ${tensor.dtype} of $rank dimensions",
        )
    }
    val parameters = tensor.quantization ?: return
    if (parameters.scales == 0) return
    val isKnown = parameters.dimension in 0 until maxOf(1, rank)
    val perIndex = if (isKnown && rank > 0) tensor.shape[parameters.dimension] else 1
    val counts = parameters.scales == 1 || parameters.scales == perIndex
    if (!isKnown || !counts || parameters.zeroPoints != parameters.scales) {
        throw ArtifactException(
            "a tensor of shape ${tensor.shape.toList()} must have one scale and one zero point, or one for each " +
                "index of a dimension; received $parameters",
        )
    }
}

private fun checkConstant(tensor: TensorFacts, size: Int) {
    var elements = 1.0
    for (axis in tensor.shape) elements *= axis
    // Exact: a double holds every number that a buffer's size may be.
    val expected = Math.floor((elements * TYPE_BITS.getValue(tensor.dtype) + 7) / 8)
    if (tensor.shape.any { it < 0 } || expected != size.toDouble()) {
        throw ArtifactException(
            "a constant of type ${tensor.dtype} and shape ${tensor.shape.toList()} must have " +
                "${expected.toLong()} bytes; received $size",
        )
    }
}

private fun checkOperator(model: ModelFacts, operator: OperatorFacts) {
    val arity = PERMITTED_OPERATORS[operator.name]
        ?: throw ArtifactException("the operators must be among those of a text model; received ${operator.name}")
    if (!arity.takes(operator.inputs.size, operator.outputs.size)) {
        throw ArtifactException(
            "${operator.name} must have $arity; received ${operator.inputs.size} inputs and " +
                "${operator.outputs.size} outputs",
        )
    }
    val missing = operator.inputs.indices.filter { operator.inputs[it] == -1 }
    if (missing.isNotEmpty() && missing != listOf(OPTIONAL_INPUT[operator.name])) {
        throw ArtifactException("${operator.name} must have its inputs; received it without number ${missing[0]}")
    }
    if (operator.name == "WHILE") checkLoop(model, operator)
}

private fun checkLoop(model: ModelFacts, loop: OperatorFacts) {
    val (condition, body) = loop.calls.map { model.subgraphs[it] }
    val counts = listOf(
        loop.inputs.size, loop.outputs.size, condition.inputs.size, body.inputs.size, body.outputs.size,
    )
    if (counts.toSet().size != 1 || condition.outputs.size != 1) {
        throw ArtifactException("WHILE must hand on as many values as it takes; received counts of $counts")
    }
}

private fun checkOrder(model: ModelFacts, graph: SubgraphFacts) {
    // A constant without elements, as the shape of a scalar, has no bytes.
    val isConstant = BooleanArray(graph.tensors.size) {
        model.isConstant(graph.tensors[it]) || 0 in graph.tensors[it].shape
    }
    val isWritten = BooleanArray(graph.tensors.size)
    for (input in graph.inputs) isWritten[input] = true
    if (graph.inputs.any { isConstant[it] }) {
        throw ArtifactException("the inputs of a subgraph must not be constants; received one that is")
    }
    for (operator in graph.operators) {
        val unwritten = operator.inputs.firstOrNull { it >= 0 && !isWritten[it] && !isConstant[it] }
        if (unwritten != null) {
            throw ArtifactException("a tensor must be written before ${operator.name} reads it; received $unwritten")
        }
        if (operator.outputs.any { isWritten[it] || isConstant[it] }) {
            throw ArtifactException("${operator.name} must write tensors that have no value yet; received one that has")
        }
        for (output in operator.outputs) isWritten[output] = true
    }
    if (graph.outputs.any { !isWritten[it] && !isConstant[it] }) {
        throw ArtifactException("the outputs of a subgraph must be written; received one that is not")
    }
}

private fun checkCalls(model: ModelFacts) {
    val calls = model.subgraphs.map { graph -> graph.operators.flatMap { it.calls.toList() }.toSet() }
    var reached = calls.indices.toSet()
    repeat(MAX_CALL_DEPTH + 1) {
        reached = reached.flatMap { calls[it] }.toSet()
        if (reached.isEmpty()) return
    }
    throw ArtifactException("subgraphs must nest at most $MAX_CALL_DEPTH deep; received deeper or endless ones")
}

package albertedge.artifact

import albertedge.ArtifactException
import java.nio.ByteBuffer

/**
 * What the `.tflite` flatbuffer [data] holds, every offset and index checked.
 *
 * Follows TFLite's public schema (version 3, identifier TFL3). It reads every table that describes the graph and no
 * weight: a buffer is given as a span. Throws [ArtifactException] on a damaged structure, an unknown schema version,
 * and data stored behind the flatbuffer.
 */
internal fun readModel(data: ByteBuffer): ModelFacts {
    val model = FlatbufferReader(data).root("TFL3")
    val version = model.int(MODEL_VERSION)
    if (version != SCHEMA_VERSION) {
        throw ArtifactException("the TFLite schema version must be $SCHEMA_VERSION; received $version")
    }
    if (model.has(MODEL_EXTERNAL_BUFFERS)) {
        throw ArtifactException("every buffer must lie inside the flatbuffer; received a model with external buffers")
    }
    val codes = model.tables(MODEL_OPERATOR_CODES).map { operatorName(it) }
    val buffers = model.tables(MODEL_BUFFERS).map { bufferSpan(it) }
    val graphs = model.tables(MODEL_SUBGRAPHS)
    val subgraphs = graphs.map { subgraph(it, codes, buffers.size, graphs.size) }
    demand(subgraphs.isNotEmpty(), "one subgraph or more", "none")
    model.string(MODEL_DESCRIPTION)
    val signatures = model.tables(MODEL_SIGNATURES).map { signature(it, subgraphs) }
    return ModelFacts(subgraphs, buffers, signatures, metadata(model, buffers.size))
}

private const val SCHEMA_VERSION = 3

// Fields of the schema's tables, which number them from 0.
private const val MODEL_VERSION = 0
private const val MODEL_OPERATOR_CODES = 1
private const val MODEL_SUBGRAPHS = 2
private const val MODEL_DESCRIPTION = 3
private const val MODEL_BUFFERS = 4
private const val MODEL_METADATA = 6
private const val MODEL_SIGNATURES = 7
private const val MODEL_EXTERNAL_BUFFERS = 9
private const val OPERATOR_BUILTIN_OPTIONS = 4
private const val OPERATOR_LARGE_OPTIONS = 9

/** Number of subgraphs in the options of the operators that run some; their indices are the first fields. */
private val CALLS = mapOf("CALL" to 1, "CALL_ONCE" to 1, "IF" to 2, "WHILE" to 2)

/** Of the operators that an artifact may hold, those whose options have a vector: their first field. */
private val OPTIONS_WITH_VECTOR = setOf("RESHAPE", "SQUEEZE")

private fun demand(condition: Boolean, rule: String, received: Any) {
    if (!condition) throw ArtifactException("the flatbuffer must have $rule; received $received")
}

/** Numbers past 127 lie in the newer field only, and old writers fill the older one only. */
private fun operatorName(code: Table): String {
    val builtin = maxOf(code.byte(0), code.int(3))
    val custom = code.string(1)
    return if (builtin == CUSTOM_OPERATOR) "CUSTOM:$custom" else operatorName(builtin)
}

private fun bufferSpan(buffer: Table): Span {
    // 0 and 1 both mean inside.
    val isInside = buffer.long(1) in 0..1 && buffer.long(2) in 0..1
    demand(isInside, "its buffers inside", "a buffer stored behind it, as models beyond 2 GB have")
    return buffer.span(0, 1) ?: Span(0, 0)
}

private fun subgraph(graph: Table, codes: List<String>, buffers: Int, subgraphs: Int): SubgraphFacts {
    val tensors = graph.tables(0).map { tensor(it, buffers) }
    return SubgraphFacts(
        graph.string(4),
        tensors,
        indices(graph, 1, tensors.size),
        indices(graph, 2, tensors.size),
        graph.tables(3).map { operator(it, codes, tensors.size, subgraphs) },
    )
}

private fun tensor(tensor: Table, buffers: Int): TensorFacts {
    val kind = tensor.byte(1)
    val buffer = tensor.int(2)
    demand(kind in TENSOR_TYPES.indices, "tensor types from 0 to ${TENSOR_TYPES.size - 1}", kind)
    demand(buffer in 0 until buffers, "buffer indices below $buffers", buffer)
    tensor.string(3)
    return TensorFacts(
        TENSOR_TYPES[kind].name,
        shape(tensor),
        buffer,
        tensor.table(4)?.let { quantization(it) },
        tensor.byte(5) != 0,
        tensor.has(6),
    )
}

private fun shape(tensor: Table): IntArray {
    val shape = tensor.ints(0)
    val signature = tensor.ints(7).let { if (it.isEmpty()) shape else it }
    val fits = shape.size == signature.size && shape.indices.all { signature[it] == shape[it] || signature[it] == -1 }
    demand(
        fits && shape.all { it >= 0 },
        "shapes of 0 and more that fit their signatures",
        "${shape.size} and ${signature.size} sizes",
    )
    return signature
}

private fun quantization(parameters: Table): QuantizationFacts {
    parameters.span(0, 4)
    parameters.span(1, 4)
    return QuantizationFacts(
        parameters.span(2, 4)?.length ?: 0,
        parameters.span(3, 8)?.length ?: 0,
        parameters.int(6),
        parameters.firstFloat(2),
        parameters.firstLong(3),
    )
}

private fun operator(operator: Table, codes: List<String>, tensors: Int, subgraphs: Int): OperatorFacts {
    val code = operator.int(0)
    demand(code in codes.indices, "operator codes below ${codes.size}", code)
    val isInside = operator.long(OPERATOR_LARGE_OPTIONS) in 0..1
    demand(isInside, "its operators' options inside", "options stored behind it")
    // Read for every operator, so that its table is checked.
    val options = operator.table(OPERATOR_BUILTIN_OPTIONS)
    if (options != null && codes[code] in OPTIONS_WITH_VECTOR) options.ints(0)
    val calls = IntArray(CALLS[codes[code]] ?: 0) { options?.int(it) ?: 0 }
    demand(calls.all { it in 0 until subgraphs }, "subgraph indices below $subgraphs", calls.toList())
    return OperatorFacts(codes[code], indices(operator, 1, tensors, -1), indices(operator, 2, tensors), calls)
}

private fun indices(table: Table, field: Int, tensors: Int, lowest: Int = 0): IntArray {
    val indices = table.ints(field)
    demand(indices.all { it in lowest until tensors }, "tensor indices below $tensors", "others")
    return indices
}

private fun signature(signature: Table, subgraphs: List<SubgraphFacts>): SignatureFacts {
    val index = signature.int(4)
    demand(index in subgraphs.indices, "subgraph indices below ${subgraphs.size}", index)
    val tensors = subgraphs[index].tensors.size
    return SignatureFacts(
        signature.string(2),
        index,
        arguments(signature, 0, tensors),
        arguments(signature, 1, tensors),
    )
}

private fun arguments(signature: Table, field: Int, tensors: Int): Map<String, Int> {
    val found = LinkedHashMap<String, Int>()
    for (entry in signature.tables(field)) {
        val index = entry.int(1)
        demand(index in 0 until tensors, "tensor indices below $tensors", index)
        demand(found.put(entry.string(0), index) == null, "signature arguments named once", "a name twice")
    }
    return found
}

private fun metadata(model: Table, buffers: Int): Map<String, Int> {
    val found = LinkedHashMap<String, Int>()
    for (entry in model.tables(MODEL_METADATA)) {
        val index = entry.int(1)
        demand(index in 0 until buffers, "buffer indices below $buffers", index)
        found[entry.string(0)] = index
    }
    return found
}

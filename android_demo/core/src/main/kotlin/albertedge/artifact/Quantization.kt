package albertedge.artifact

import albertedge.ArtifactException
import albertedge.require

/** An output that the graph gives in integers: value = scale * (stored - zeroPoint). */
class QuantizedOutput private constructor(
    /** `int8` or `int16`. */
    internal val dtype: String,
    internal val scale: Double,
    internal val zeroPoint: Int,
) {
    /** The float32 values of the graph's integers. */
    internal fun dequantized(stored: IntArray): FloatArray =
        FloatArray(stored.size) { (stored[it].toFloat() - zeroPoint.toFloat()) * scale.toFloat() }

    internal companion object {
        private val LIMITS = mapOf("int8" to -128..127, "int16" to -32768..32767)

        /** From the manifest's object; throws [ArtifactException]. */
        fun of(value: Json?): QuantizedOutput {
            val values = checkedObject(value, listOf("dtype", "scale", "zero_point"), "a quantized output")
            val dtype = values.string("dtype", "a quantized output")
            val limits = LIMITS[dtype]
                ?: throw ArtifactException("a quantized output must be ${LIMITS.keys.joinToString()}; received another")
            val scale = finiteOrNull(values["scale"]) ?: 0.0
            require(scale > 0, "the scale of a quantized output must be a number above 0") { scale }
            val zeroPoint = (values["zero_point"] as? JsonNumber)?.long
            require(
                zeroPoint != null && zeroPoint >= limits.first && zeroPoint <= limits.last,
                "the zero_point of an $dtype output must be a whole number from ${limits.first} to ${limits.last}",
            ) { zeroPoint }
            return QuantizedOutput(dtype, scale, zeroPoint!!.toInt())
        }
    }
}

private val PARTS = listOf(
    "embedding", "projection", "query", "key", "value", "attention_output", "ffn_in", "ffn_out", "pooler", "head",
)
private val PRECISIONS = listOf("float32", "float16", "int8", "int4")
private val ACTIVATIONS = listOf("int8", "int16")

/** Part of the model to what its weights are stored in, as the manifest says; throws [ArtifactException]. */
internal fun partsOf(values: JsonObject): Map<String, String> = values.keys.associateWith { part ->
    require(part in PARTS, "a part must be one of ${PARTS.joinToString()}") { part }
    val precision = (values[part] as? JsonString)?.value
    require(precision in PRECISIONS, "the precision of $part must be one of ${PRECISIONS.joinToString()}") { precision }
    precision!!
}

/** Throws [ArtifactException] unless the manifest's `activations` are null or known. */
internal fun checkActivations(value: Json?) {
    val isKnown = value === JsonNull || (value as? JsonString)?.value in ACTIVATIONS
    require(isKnown, "activations must be null or one of ${ACTIVATIONS.joinToString()}") { value }
}

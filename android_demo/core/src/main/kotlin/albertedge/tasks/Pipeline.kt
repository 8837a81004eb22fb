package albertedge.tasks

import albertedge.OutputException
import albertedge.RequestException
import albertedge.artifact.AlbertConfig
import albertedge.runtime.Outputs
import albertedge.shown
import albertedge.text.Encoding
import albertedge.text.Packed
import albertedge.text.Tokenizer

/**
 * The two halves of a task around the network.
 *
 *     request -> inputs (one, or a window each of a long text) -> [the network] -> outputs -> prediction
 *
 * Immutable, so that threads can share it. All offsets of requests and predictions are in code points: see
 * [albertedge.text.Utf16Offsets].
 */
abstract class Pipeline<Request, Prediction>(
    protected val config: AlbertConfig,
    protected val tokenizer: Tokenizer,
    longest: Int,
) {
    /** Tokens of the longest input, special pieces included. */
    val longest: Int = minOf(longest, config.settings.maxLength ?: longest)

    /** What the network is to run for [request]; throws [RequestException] if it has nothing to run on. */
    abstract fun inputs(request: Request): List<Packed>

    /**
     * The answer to [request] from the [outputs], one for each of its [inputs].
     *
     * Throws [OutputException] if one is missing, misshapen or not finite.
     */
    abstract fun decode(request: Request, outputs: List<Outputs>): Prediction
}

/** The pieces of a request's text; throws [RequestException] if it has none. */
internal fun encodeRequest(tokenizer: Tokenizer, text: String): Encoding {
    val encoding = tokenizer.encode(text)
    if (encoding.size == 0) {
        throw RequestException("a text must have a piece left after clean-up; received ${shown(text)}")
    }
    return encoding
}

/** Pieces that an input of [longest] tokens holds of two texts; throws if it hasn't one for each. */
internal fun pairRoom(longest: Int): Int {
    if (longest < 5) {
        throw RequestException(
            "an input must have room for a piece of each text beside 3 special ones; received $longest",
        )
    }
    return longest - 3
}

/** The output [name] in rows of [width] numbers; throws unless it is of that [shape] and finite. */
internal fun rowsOf(outputs: Outputs, name: String, shape: List<Int>, width: Int): List<DoubleArray> {
    val tensor = outputs.values[name] ?: throw OutputException("the outputs must have $name; received none")
    if (tensor.shape.toList() != shape) {
        throw OutputException("$name must have the shape $shape; received ${tensor.shape.toList()}")
    }
    val wrong = tensor.values.count { it.isNaN() || it.isInfinite() }
    if (wrong > 0) {
        throw OutputException("a model's $name must be finite; received $wrong of ${tensor.values.size} that aren't")
    }
    return List(if (width == 0) 0 else tensor.values.size / width) { row ->
        DoubleArray(width) { tensor.values[row * width + it].toDouble() }
    }
}

/** The output [name] of every input, [inputs][width]; throws as [rowsOf] does, also if there are none. */
internal fun pooled(outputs: List<Outputs>, count: Int, name: String, width: Int): List<DoubleArray> {
    checkCount(outputs, count)
    return outputs.map { rowsOf(it, name, listOf(width), width)[0] }
}

internal fun checkCount(outputs: List<Outputs>, count: Int) {
    if (outputs.size != count || count == 0) {
        throw OutputException("every input must have outputs; received ${outputs.size} for $count inputs")
    }
}

/** Layers applied to the input that took the most; null where the graph has no exit. */
internal fun depthUsed(outputs: List<Outputs>): Int? = outputs.mapNotNull { it.depthUsed }.maxOrNull()

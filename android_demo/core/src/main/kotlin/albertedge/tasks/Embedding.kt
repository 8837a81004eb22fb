package albertedge.tasks

import albertedge.OutputException
import albertedge.RequestException
import albertedge.artifact.AlbertConfig
import albertedge.runtime.Outputs
import albertedge.text.Packed
import albertedge.text.Tokenizer
import albertedge.text.mean
import albertedge.text.windows

/**
 * `feature-extraction`: a text as a vector, [hiddenSize], of length 1 if the model's settings say `normalize`.
 *
 * The network pools its tokens itself. The vector of a long text is the mean of its windows'.
 */
class EmbeddingPipeline(config: AlbertConfig, tokenizer: Tokenizer, longest: Int) :
    Pipeline<TextRequest, FloatArray>(config, tokenizer, longest) {

    override fun inputs(request: TextRequest): List<Packed> {
        if (request.textPair != null) throw RequestException("an embedding must be of one text; received a pair")
        val ids = encodeRequest(tokenizer, request.text).ids
        return windows(tokenizer, ids, longest, config.settings.stride).map { it.packed }
    }

    override fun decode(request: TextRequest, outputs: List<Outputs>): FloatArray {
        val vector = mean(pooled(outputs, inputs(request).size, "embedding", config.hiddenSize))
        if (!config.settings.normalize) return FloatArray(vector.size) { vector[it].toFloat() }
        val length = lengthOf(vector)
        if (length == 0.0) throw OutputException("an embedding must differ from 0 to get length 1; received zeros")
        return FloatArray(vector.size) { (vector[it] / length).toFloat() }
    }
}

/** One of the vectors nearest to a query: its place among them, and the cosine of both, in [-1, 1]. */
class Neighbour(val index: Int, val score: Double)

/**
 * The [count] of [vectors] (all, if there are fewer) nearest to [query], nearest first; of equals the lower index.
 *
 * Throws [RequestException] on vectors of another length than the query's, and on zeros, which have no direction.
 */
fun nearest(query: FloatArray, vectors: List<FloatArray>, count: Int): List<Neighbour> {
    if (count < 1) throw RequestException("k must be at least 1; received $count")
    val wanted = direction(query)
    return vectors.mapIndexed { index, vector ->
        if (vector.size != query.size) {
            throw RequestException("vectors must have ${query.size} numbers; received ${vector.size}")
        }
        val other = direction(vector)
        Neighbour(index, wanted.indices.sumOf { wanted[it] * other[it] }.coerceIn(-1.0, 1.0))
    }.sortedByDescending { it.score }.take(count)
}

private fun direction(vector: FloatArray): DoubleArray {
    val values = DoubleArray(vector.size) { vector[it].toDouble() }
    val length = lengthOf(values)
    if (!(length > 0)) throw RequestException("a vector must differ from 0; received one without a direction")
    return DoubleArray(values.size) { values[it] / length }
}

private fun lengthOf(vector: DoubleArray): Double = Math.sqrt(vector.sumOf { it * it })

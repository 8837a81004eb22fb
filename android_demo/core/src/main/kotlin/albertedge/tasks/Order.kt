package albertedge.tasks

import albertedge.ArtifactException
import albertedge.RequestException
import albertedge.artifact.AlbertConfig
import albertedge.runtime.Outputs
import albertedge.text.Packed
import albertedge.text.Tokenizer
import albertedge.text.argmax
import albertedge.text.keptLengths
import albertedge.text.packIds
import albertedge.text.softmax

/** Whether the second of two passages follows the first. */
class Order(
    val inOrder: Boolean,
    /** Of the answer, a fraction. */
    val score: Double,
    /** Of both labels, in the model's order. */
    val scores: Map<String, Double>,
    /** Layers that were applied; null where the graph has no exit. */
    val depthUsed: Int?,
)

/**
 * `sentence-order`, of a model with two labels, the first of which means "in order".
 *
 * What tells the order lies where the passages meet, so passages too long lose the first one's start and the second
 * one's end, each down to half of the room.
 */
class OrderPipeline(config: AlbertConfig, tokenizer: Tokenizer, longest: Int) :
    Pipeline<TextRequest, Order>(config, tokenizer, longest) {
    init {
        if (config.labels.size != 2) {
            throw ArtifactException("sentence-order must have two labels; received ${config.labels.size}")
        }
    }

    override fun inputs(request: TextRequest): List<Packed> {
        val pair = request.textPair ?: throw RequestException("sentence-order must have two texts; received one")
        val first = encodeRequest(tokenizer, request.text).ids
        val second = encodeRequest(tokenizer, pair).ids
        val (kept, pairKept) = keptLengths(first.size, second.size, pairRoom(longest))
        return listOf(packIds(tokenizer, first.copyOfRange(first.size - kept, first.size), second.copyOf(pairKept)))
    }

    override fun decode(request: TextRequest, outputs: List<Outputs>): Order {
        val scores = softmax(pooled(outputs, 1, "logits", 2)[0])
        val best = argmax(scores)
        return Order(best == 0, scores[best], config.labels.zip(scores.toList()).toMap(), depthUsed(outputs))
    }
}

package albertedge.tasks

import albertedge.artifact.AlbertConfig
import albertedge.runtime.Outputs
import albertedge.text.Packed
import albertedge.text.ProblemType
import albertedge.text.Tokenizer
import albertedge.text.argmax
import albertedge.text.mergeWindows
import albertedge.text.windowRoom
import albertedge.text.windows

/** A text, or a pair of texts. */
class TextRequest(val text: String, val textPair: String? = null)

/** The answer for one text or pair. */
class Classification(
    val type: ProblemType,
    /** Of single labels the best; of several those whose score reaches the model's threshold; of a regression none. */
    val labels: List<String>,
    /** Label to score, a fraction, in the model's order; of a regression to the model's number. */
    val scores: Map<String, Double>,
    /** Layers that were applied, of a long text the most of its windows; null where the graph has no exit. */
    val depthUsed: Int?,
)

/**
 * `text-classification`: one label, several labels, or numbers for a text or a pair.
 *
 * A text that fits runs as it is; a longer one runs in windows whose scores are merged as the model's settings say. Of
 * a pair the longer text (the second of equals) is in windows, and the other, cut to half of the room, stands beside
 * each.
 */
class ClassificationPipeline(config: AlbertConfig, tokenizer: Tokenizer, longest: Int) :
    Pipeline<TextRequest, Classification>(config, tokenizer, longest) {
    private val type = ProblemType.of(config)

    override fun inputs(request: TextRequest): List<Packed> {
        val ids = encodeRequest(tokenizer, request.text).ids
        val pair = request.textPair
            ?: return windows(tokenizer, ids, longest, config.settings.stride).map { it.packed }
        return pairInputs(ids, encodeRequest(tokenizer, pair).ids)
    }

    override fun decode(request: TextRequest, outputs: List<Outputs>): Classification {
        val labels = config.labels
        val logits = pooled(outputs, inputs(request).size, "logits", labels.size)
        val scores = mergeWindows(logits, type, config.settings.mergesByMax)
        val threshold = config.settings.labelThreshold
        val given = when (type) {
            ProblemType.SINGLE_LABEL -> listOf(labels[argmax(scores)])
            ProblemType.MULTI_LABEL -> labels.filterIndexed { index, _ -> scores[index] >= threshold }
            ProblemType.REGRESSION -> emptyList()
        }
        return Classification(type, given, labels.zip(scores.toList()).toMap(), depthUsed(outputs))
    }

    private fun pairInputs(first: IntArray, second: IntArray): List<Packed> {
        val room = pairRoom(longest)
        val kept = maxOf(room / 2, room - maxOf(first.size, second.size))
        // The room of a pair's window depends on its other text: a stride set for single texts may be above it.
        val stride = config.settings.stride
            ?.coerceAtMost(windowRoom(longest, minOf(kept, first.size, second.size)))
        val spans = if (first.size > second.size) {
            windows(tokenizer, first, longest, stride, after = second.copyOf(minOf(kept, second.size)))
        } else {
            windows(tokenizer, second, longest, stride, before = first.copyOf(minOf(kept, first.size)))
        }
        return spans.map { it.packed }
    }
}

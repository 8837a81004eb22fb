package albertedge.artifact

import albertedge.ArtifactException
import albertedge.shown

/** What one axis of an output, behind the first (one text), counts. */
internal enum class Axis { TOKENS, LABELS, MASKS, PIECES, HIDDEN }

/** What a head answers. */
enum class Task(
    /** Hugging Face's name. */
    val key: String,
    /** The short name, before the names of outputs where a graph has several heads. */
    internal val alias: String,
    /** Output to its axes. */
    internal val outputs: Map<String, List<Axis>>,
) {
    CLASSIFY("text-classification", "classify", mapOf("logits" to listOf(Axis.LABELS))),
    TAG("token-classification", "tag", mapOf("logits" to listOf(Axis.TOKENS, Axis.LABELS))),
    ANSWER(
        "question-answering",
        "answer",
        mapOf("start_logits" to listOf(Axis.TOKENS), "end_logits" to listOf(Axis.TOKENS)),
    ),
    EMBED("feature-extraction", "embed", mapOf("embedding" to listOf(Axis.HIDDEN))),
    FILL("fill-mask", "fill", mapOf("logits" to listOf(Axis.MASKS, Axis.PIECES))),
    ORDER("sentence-order", "order", mapOf("logits" to listOf(Axis.LABELS))),
    ;

    internal val hasLabels: Boolean get() = outputs.values.any { Axis.LABELS in it }
    internal val takesMasks: Boolean get() = outputs.values.any { Axis.MASKS in it }

    /** Name of each output to its name in the signature of a graph with so many [heads]. */
    internal fun outputNames(heads: Int): Map<String, String> =
        outputs.keys.associateWith { if (heads == 1) it else "${alias}_$it" }

    companion object {
        /** The task of a manifest's value; throws [ArtifactException] on any other. */
        internal fun of(value: Json?): Task {
            val found = values().firstOrNull { value is JsonString && value.value == it.key }
            if (found != null) return found
            val keys = values().joinToString { it.key }
            throw ArtifactException("task must be one of $keys; received ${shown(value)}")
        }
    }
}

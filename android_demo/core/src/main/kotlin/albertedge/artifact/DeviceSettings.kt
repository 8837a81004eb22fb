package albertedge.artifact

import albertedge.ArtifactException
import albertedge.require

/**
 * What the decoding of a model's answers needs beside its weights: the key `albert_edge` of `config.json`.
 *
 * Throws [ArtifactException] on a key that isn't known: a setting that is silently ignored gives other answers.
 */
class DeviceSettings internal constructor(values: JsonObject?) {
    private val values = values ?: JsonObject(LinkedHashMap())

    /** Tokens of a window, special pieces included; null: as many as the model takes. */
    val maxLength: Int? = optionalCount("max_length")

    /** Tokens from the start of one window of a long text to the next; null: half of a window's room. */
    val stride: Int? = optionalCount("stride")

    /** Whether the label scores of the windows of one text become one by each one's highest, not by their mean. */
    val mergesByMax: Boolean = choice("merge", MERGES, "mean") == "max"

    /** Score from which a label of a multi-label model is given. */
    val labelThreshold: Double = number("label_threshold") ?: 0.5

    /** How a tagger's labels mark entities: `iob1`, `iob2` or `bioes`; null: as the labels themselves tell. */
    val tagScheme: String? = choice("tag_scheme", TAG_SCHEMES, null)

    /** A question is unanswered if its no-answer score exceeds its best answer's by more than this; null: never. */
    val noAnswerThreshold: Double? = number("no_answer_threshold")

    /** Pieces of the longest answer. */
    val maxAnswerTokens: Int = optionalCount("max_answer_tokens") ?: 30

    /** Whether an embedding has length 1. */
    val normalize: Boolean = flag("normalize") ?: true

    /** Columns of one attention head of a pruned model; null: hidden_size / num_attention_heads. */
    internal val attentionHeadSize: Int? = optionalCount("attention_head_size")

    init {
        val unknown = this.values.keys.firstOrNull { it !in KEYS }
        require(unknown == null, "a key of albert_edge must be one of ${KEYS.joinToString()}") { unknown }
        require((maxLength ?: 4) >= 4, "max_length must be an integer of at least 4") { maxLength }
        require(labelThreshold > 0 && labelThreshold < 1, "label_threshold must be in (0, 1)") { labelThreshold }
        choice("task", Task.values().map { it.key }, null)
        choice("pooling", POOLINGS, "mean")
        flag("multi_exit")
        checkRanges(this.values["activation_ranges"])
        for (key in NEVER_NULL) require(this.values[key] !== JsonNull, "$key must have a value") { "null" }
    }

    private fun optionalCount(key: String): Int? {
        val value = given(key) ?: return null
        return countOrNull(value) ?: throw ArtifactException("$key must be a positive integer; received another value")
    }

    private fun number(key: String): Double? {
        val value = given(key) ?: return null
        return finiteOrNull(value) ?: throw ArtifactException("$key must be a finite number; received another value")
    }

    private fun flag(key: String): Boolean? {
        val value = given(key) ?: return null
        return (value as? JsonBoolean)?.value ?: throw ArtifactException("$key must be true or false; received another")
    }

    private fun choice(key: String, choices: List<String>, default: String?): String? {
        val value = given(key) ?: return default
        val found = choices.firstOrNull { value is JsonString && value.value == it }
        return found ?: throw ArtifactException("$key must be one of ${choices.joinToString()}; received another value")
    }

    private fun given(key: String): Json? = values[key]?.takeIf { it !== JsonNull }

    private fun checkRanges(value: Json?) {
        if (value == null || value === JsonNull) return
        val names = value as? JsonObject
            ?: throw ArtifactException("activation_ranges must be an object; received another")
        for (name in names.keys) {
            val ends = (names[name] as? JsonArray)?.items?.map { finiteOrNull(it) }
            val isRange = ends != null && ends.size == 2 && (ends[0] ?: 1.0) <= 0 && 0 <= (ends[1] ?: -1.0)
            require(isRange, "activation_ranges must be names with two numbers each, 0 between them") { name }
        }
    }

    private companion object {
        val MERGES = listOf("mean", "max")
        val POOLINGS = listOf("mean", "cls")
        val TAG_SCHEMES = listOf("iob1", "iob2", "bioes")
        val KEYS = listOf(
            "task", "max_length", "stride", "merge", "label_threshold", "tag_scheme", "no_answer_threshold",
            "max_answer_tokens", "pooling", "normalize", "multi_exit", "attention_head_size", "activation_ranges",
        )
        val NEVER_NULL = listOf("merge", "label_threshold", "max_answer_tokens", "pooling", "normalize", "multi_exit")
    }
}

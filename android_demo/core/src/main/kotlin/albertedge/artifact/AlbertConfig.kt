package albertedge.artifact

import albertedge.ArtifactException
import albertedge.require

/**
 * The shape of an ALBERT and what its answers are read with, from the keys of Hugging Face's `config.json`.
 *
 * Keys that are not ALBERT's are skipped; those that look like a misspelt one are refused. Throws [ArtifactException].
 */
class AlbertConfig internal constructor(
    private val values: JsonObject,
    ownLabels: List<String>?,
    ownProblemType: Json?,
    ownSettings: JsonObject?,
) {
    /** The configuration that a manifest's `config` holds. */
    internal constructor(values: JsonObject) : this(
        values, labelsOf(values), values["problem_type"],
        values[SETTINGS_KEY]?.let {
            it as? JsonObject ?: throw ArtifactException("$SETTINGS_KEY must be an object; received another value")
        },
    )

    val vocabSize: Int = shape("vocab_size")
    val hiddenSize: Int = shape("hidden_size")
    val numHiddenLayers: Int = shape("num_hidden_layers")
    internal val numAttentionHeads: Int = shape("num_attention_heads")
    val maxPositionEmbeddings: Int = shape("max_position_embeddings")
    val typeVocabSize: Int = shape("type_vocab_size")

    /** In order of the logits. */
    val labels: List<String> = ownLabels ?: labelsOf(values)

    /** Null: a single label is a regression, more are single labels. */
    internal val problemType: String? = text(ownProblemType, "problem_type", PROBLEM_TYPES)
    val settings = DeviceSettings(ownSettings)

    init {
        checkKeys()
        SHAPE_DEFAULTS.keys.forEach { shape(it) }
        checkNumbers()
        text(values["hidden_act"], "hidden_act", ACTIVATIONS)
        text(values["position_embedding_type"], "position_embedding_type", listOf("absolute"))
        val isList = values["architectures"].let { it == null || it === JsonNull || it is JsonArray }
        require(isList, "architectures must be a list") { "another value" }
        require(
            settings.attentionHeadSize != null || hiddenSize % numAttentionHeads == 0,
            "hidden_size must be a multiple of num_attention_heads",
        ) { "$hiddenSize and $numAttentionHeads" }
        require(
            shape("num_hidden_groups") <= numHiddenLayers,
            "num_hidden_groups must be at most num_hidden_layers",
        ) { shape("num_hidden_groups") }
        require(
            labels.isNotEmpty() && labels.toSet().size == labels.size,
            "labels must be given and differ from each other",
        ) { labels }
    }

    /** The same trunk with another head's labels (null: this one's), problem type and settings. */
    internal fun withHead(labels: List<String>?, problemType: Json?, settings: JsonObject) =
        AlbertConfig(values, labels ?: this.labels, problemType, settings)

    private fun shape(key: String): Int =
        if (values[key] == null) SHAPE_DEFAULTS.getValue(key) else values.count(key, "config")

    private fun checkKeys() {
        val type = values["model_type"]
        require(type == null || (type as? JsonString)?.value == "albert", "model_type must be 'albert'") { type }
        for (key in values.keys) {
            val close = if (key in KNOWN) null else closeMatch(key, KNOWN, MISSPELT)
            require(close == null, "config must not hold misspelt keys") { "$key, like $close" }
        }
    }

    private fun checkNumbers() {
        for (key in PROBABILITIES) {
            val value = values[key] ?: continue
            val isProbability = finiteOrNull(value)?.let { it >= 0 && it < 1 } == true
            require(isProbability, "$key must be in [0, 1)") { value }
        }
        for (key in TOKEN_IDS) {
            val value = values[key] ?: continue
            val isId = value === JsonNull || (value as? JsonNumber)?.long?.let { it >= 0 && it < vocabSize } == true
            require(isId, "$key must be an id below vocab_size $vocabSize") { value }
        }
        val epsilon = values["layer_norm_eps"]
        val isSmall = epsilon == null || finiteOrNull(epsilon)?.let { it > 0 && it < 1 } == true
        require(isSmall, "layer_norm_eps must be in (0, 1)") { epsilon }
    }

    private fun text(value: Json?, key: String, choices: List<String>): String? {
        if (value == null || (value === JsonNull && key == "problem_type")) return null
        val found = choices.firstOrNull { value is JsonString && value.value == it }
        require(found != null, "$key must be one of ${choices.joinToString()}") { value }
        return found
    }

    private companion object {
        const val SETTINGS_KEY = "albert_edge"
        const val MISSPELT = 0.85
        val ACTIVATIONS = listOf("gelu_new", "gelu", "relu")
        val PROBLEM_TYPES = listOf("single_label_classification", "multi_label_classification", "regression")
        val SHAPE_DEFAULTS = mapOf(
            "vocab_size" to 30000,
            "embedding_size" to 128,
            "hidden_size" to 4096,
            "num_hidden_layers" to 12,
            "num_hidden_groups" to 1,
            "num_attention_heads" to 64,
            "intermediate_size" to 16384,
            "inner_group_num" to 1,
            "max_position_embeddings" to 512,
            "type_vocab_size" to 2,
        )
        val PROBABILITIES = listOf(
            "hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout_prob", "initializer_range",
        )
        val TOKEN_IDS = listOf("pad_token_id", "bos_token_id", "eos_token_id")
        val KNOWN: Set<String> = SHAPE_DEFAULTS.keys + PROBABILITIES + TOKEN_IDS + setOf(
            "hidden_act", "layer_norm_eps", "position_embedding_type", "tie_word_embeddings", "architectures",
            "problem_type", "id2label", "label2id", "num_labels", "model_type",
        )

        /** `id2label` in order of the ids, or as many default names as `num_labels` says. */
        fun labelsOf(values: JsonObject): List<String> {
            val names = values["id2label"]
            if (names == null || names === JsonNull) {
                val count = values["num_labels"]?.let { countOrNull(it) ?: 0 } ?: 2
                require(count in 1..MAX_DEFAULT_LABELS, "num_labels must be a small positive integer") { count }
                return List(count) { "LABEL_$it" }
            }
            val byId = names as? JsonObject
                ?: throw ArtifactException("id2label must map ids to names; received another")
            return List(byId.keys.size) {
                (byId[it.toString()] as? JsonString)?.value
                    ?: throw ArtifactException("id2label must have the ids 0 to ${byId.keys.size - 1}; received others")
            }
        }

        const val MAX_DEFAULT_LABELS = 100_000
    }
}

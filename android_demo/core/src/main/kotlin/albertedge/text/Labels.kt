package albertedge.text

import albertedge.artifact.AlbertConfig

/** What a classifier's logits are. */
enum class ProblemType(private val key: String) {
    /** Softmax: one label, scores that add up to 1. */
    SINGLE_LABEL("single_label_classification"),

    /** Sigmoid: every label whose score reaches a threshold, scores of their own. */
    MULTI_LABEL("multi_label_classification"),

    /** A number an output. */
    REGRESSION("regression"),
    ;

    internal companion object {
        /** That of `config.json`, or what its absence means: a regression for one label, else single labels. */
        fun of(config: AlbertConfig): ProblemType = values().firstOrNull { it.key == config.problemType }
            ?: if (config.labels.size == 1) REGRESSION else SINGLE_LABEL
    }
}

/** exp(x) / sum(exp(x)); the largest is subtracted first, so that no exponential overflows. */
internal fun softmax(logits: DoubleArray): DoubleArray {
    val highest = logits.maxOrNull() ?: return logits
    val powers = DoubleArray(logits.size) { Math.exp(logits[it] - highest) }
    val sum = powers.sum()
    return DoubleArray(logits.size) { powers[it] / sum }
}

/** The logarithm of [softmax], finite for every finite logit. */
internal fun logSoftmax(logits: DoubleArray): DoubleArray {
    val highest = logits.maxOrNull() ?: return logits
    val logOfSum = Math.log(logits.sumOf { Math.exp(it - highest) })
    return DoubleArray(logits.size) { logits[it] - highest - logOfSum }
}

/** 1 / (1 + exp(-x)), as (1 + tanh(x / 2)) / 2, which can't overflow. */
internal fun sigmoid(logits: DoubleArray): DoubleArray =
    DoubleArray(logits.size) { (1 + Math.tanh(logits[it] / 2)) / 2 }

/** The place of the highest value, the first of equals. */
internal fun argmax(values: DoubleArray): Int {
    var best = 0
    for (index in values.indices) if (values[index] > values[best]) best = index
    return best
}

/**
 * Scores of a text, [labels], from the logits of its windows, [windows][labels].
 *
 * Merged are scores (softmax, sigmoid) or, of a regression, values: by their mean, or each label by its highest. The
 * highest scores of single labels are divided by their sum, so that they again add up to 1.
 */
internal fun mergeWindows(logits: List<DoubleArray>, type: ProblemType, byMax: Boolean): DoubleArray {
    val scores = logits.map {
        when (type) {
            ProblemType.SINGLE_LABEL -> softmax(it)
            ProblemType.MULTI_LABEL -> sigmoid(it)
            ProblemType.REGRESSION -> it
        }
    }
    if (!byMax) return mean(scores)
    val highest = DoubleArray(scores[0].size) { label -> scores.maxOf { it[label] } }
    val sum = if (type == ProblemType.SINGLE_LABEL) highest.sum() else 1.0
    return DoubleArray(highest.size) { highest[it] / sum }
}

/** The mean of vectors of one length. */
internal fun mean(vectors: List<DoubleArray>): DoubleArray =
    DoubleArray(vectors[0].size) { index -> vectors.sumOf { it[index] } / vectors.size }

package albertedge.text

/** A model's labels as tags of a scheme, and which may follow which. [scheme] null: see [schemeOfLabels]. */
internal class TagSet(labels: List<String>, scheme: String?) {
    private val tags = labels.map { tagOfLabel(it) }
    private val usedScheme = scheme ?: schemeOfLabels(tags)

    /** The labels' tags; of a model without `O`, which a word without a piece is, that too. */
    val states: List<Tag> = if (OUTSIDE in tags) tags else tags + OUTSIDE
    val outside: Int = states.indexOf(OUTSIDE)

    /** [states][states]: whether the second's tag may follow the first's. */
    val allowed: Array<BooleanArray> = Array(states.size) { before ->
        BooleanArray(states.size) { mayFollow(states[before], states[it], usedScheme) }
    }
}

/** The words' tags in iob2, and the probabilities of their labels. */
internal class DecodedWords(val tags: List<Tag>, val probabilities: DoubleArray)

/** A log-probability below that of any real sequence, and finite, so that sums of it can be compared. */
private const val NEVER = -1e30

/**
 * The likeliest sequence of tags that the scheme allows (Viterbi 1967), the pieces' log-probabilities added up.
 *
 * A word is judged by its first piece (Devlin et al. 2018, section 5.3). Several words of one piece are one unit: the
 * first of them stands for all, and the others go on with the entity that it starts or continues. A word without a
 * piece is `O` for certain. [logProbabilities] is [pieces][labels].
 */
internal fun decodeWords(
    logProbabilities: List<DoubleArray>,
    encoding: Encoding,
    words: List<Span>,
    labels: TagSet,
): DecodedWords {
    val pieces = firstPieces(encoding, words)
    val heads = words.indices.filter { it == 0 || pieces[it] < 0 || pieces[it] != pieces[it - 1] }
    val scores = heads.map { head -> scoresOf(if (pieces[head] < 0) null else logProbabilities[pieces[head]], labels) }
    val path = bestPath(scores, labels)
    val units = toIob2(path.map { labels.states[it] })
    val tags = ArrayList<Tag>(words.size)
    val probabilities = DoubleArray(words.size)
    for ((unit, head) in heads.withIndex()) {
        val stop = heads.getOrElse(unit + 1) { words.size }
        for (word in head until stop) {
            val isFollower = word > head && units[unit] != OUTSIDE
            tags.add(if (isFollower) Tag('I', units[unit].type) else units[unit])
            probabilities[word] = Math.exp(scores[unit][path[unit]])
        }
    }
    return DecodedWords(tags, probabilities)
}

/** Of each state the log-probability in [found]; without any, of a word without a piece, `O` is certain. */
private fun scoresOf(found: DoubleArray?, labels: TagSet) = DoubleArray(labels.states.size) { state ->
    when {
        found != null -> found.getOrElse(state) { NEVER }
        state == labels.outside -> 0.0
        else -> NEVER
    }
}

/** The first piece that covers a character of each word, [words]; -1 if there is none. */
private fun firstPieces(encoding: Encoding, words: List<Span>): IntArray {
    val found = IntArray(words.size) { -1 }
    var piece = 0
    for ((index, word) in words.withIndex()) {
        // Words are in order and ends never decrease, so that no piece is looked at twice.
        while (piece < encoding.size && (encoding.ends[piece] <= word.start || isEmpty(encoding, piece))) piece++
        if (piece < encoding.size && encoding.starts[piece] < word.end) found[index] = piece
    }
    return found
}

private fun isEmpty(encoding: Encoding, piece: Int) = encoding.ends[piece] <= encoding.starts[piece]

/** The states of the highest sum of [scores], every step allowed; of equal paths the one of the lower states. */
private fun bestPath(scores: List<DoubleArray>, labels: TagSet): IntArray {
    if (scores.isEmpty()) return IntArray(0)
    val count = labels.states.size
    val penalty = Array(count) { before -> DoubleArray(count) { if (labels.allowed[before][it]) 0.0 else NEVER } }
    val cameFrom = ArrayList<IntArray>()
    var best = DoubleArray(count) { scores[0][it] + penalty[labels.outside][it] }
    for (step in 1 until scores.size) {
        val from = IntArray(count) { after -> argmax(DoubleArray(count) { best[it] + penalty[it][after] }) }
        best = DoubleArray(count) { best[from[it]] + penalty[from[it]][it] + scores[step][it] }
        cameFrom.add(from)
    }
    val path = IntArray(scores.size)
    path[scores.size - 1] = argmax(DoubleArray(count) { best[it] + penalty[it][labels.outside] })
    for (step in scores.size - 1 downTo 1) path[step - 1] = cameFrom[step - 1][path[step]]
    return path
}

package albertedge.artifact

/**
 * Which of [known] names [name] resembles so much that it may be a misspelling; null if none does.
 *
 * The measure of Python's difflib (Ratcliff and Obershelp 1988): twice the characters in matching blocks by all
 * characters of both.
 */
internal fun closeMatch(name: String, known: Collection<String>, cutoff: Double): String? =
    known.filter { ratio(it, name) >= cutoff }.maxByOrNull { ratio(it, name) }

private fun ratio(first: String, second: String): Double {
    val all = first.length + second.length
    // What can't reach any cutoff of interest isn't compared: a key may be as long as a file.
    if (2.0 * minOf(first.length, second.length) < MIN_RATIO * all) return 0.0
    return if (all == 0) 1.0 else 2.0 * matches(first, 0, first.length, second, 0, second.length) / all
}

/** Characters in the longest block that both have, in those to its left and in those to its right. */
private fun matches(a: String, aFrom: Int, aTo: Int, b: String, bFrom: Int, bTo: Int): Int {
    var bestA = aFrom
    var bestB = bFrom
    var size = 0
    for (startA in aFrom until aTo) {
        for (startB in bFrom until bTo) {
            var length = 0
            while (startA + length < aTo && startB + length < bTo && a[startA + length] == b[startB + length]) length++
            if (length > size) {
                bestA = startA
                bestB = startB
                size = length
            }
        }
    }
    if (size == 0) return 0
    return size + matches(a, aFrom, bestA, b, bFrom, bestB) +
        matches(a, bestA + size, aTo, b, bestB + size, bTo)
}

private const val MIN_RATIO = 0.5

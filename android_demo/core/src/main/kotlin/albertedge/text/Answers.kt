package albertedge.text

import albertedge.RequestException

/** Characters [start, end) of a passage, with a character that isn't white space at both ends. */
internal class AnswerCandidate(
    val start: Int,
    val end: Int,
    /** Start logit of its first piece plus end logit of its last. */
    val logit: Double,
)

/** A longer question loses its end: `max_query_length` of run_squad. */
private const val MAX_QUESTION_PIECES = 64

/** Spans among which the probability is shared: `n_best_size` of run_squad. */
internal const val ANSWER_CANDIDATES = 20

/**
 * `[CLS] question [SEP] window of the passage [SEP]`, at most [longest] tokens each; one if the passage fits.
 *
 * The question keeps 64 pieces, and at most half of the room. A [stride] above a window's room, which a long question
 * makes small, counts as the room. Throws [RequestException] if there is no room for a piece of each.
 */
internal fun questionWindows(
    tokenizer: Tokenizer,
    question: IntArray,
    passage: IntArray,
    longest: Int,
    stride: Int?,
): List<Window> {
    val kept = maxOf(1, minOf(MAX_QUESTION_PIECES, (longest - 3) / 2))
    val before = question.copyOf(minOf(question.size, kept))
    return windows(tokenizer, passage, longest, stride?.coerceAtMost(windowRoom(longest, before.size)), before)
}

/** A passage's characters and pieces, and which of the pieces cover more than white space. */
internal class Passage(text: String, val encoding: Encoding) {
    val codes = codePoints(text)
    val isShown = BooleanArray(encoding.size) { piece ->
        (encoding.starts[piece] until encoding.ends[piece]).any { !Unicode.isSpace(codes[it]) }
    }

    /** The characters of the pieces from [first] to [last] without white space at their ends. */
    fun trimmed(first: Int, last: Int, logit: Double): AnswerCandidate {
        var start = encoding.starts[first]
        var end = encoding.ends[last]
        while (end > start && Unicode.isSpace(codes[end - 1])) end--
        while (start < end && Unicode.isSpace(codes[start])) start++
        return AnswerCandidate(start, end, logit)
    }
}

/** Start and end logits of one window, [T] each. */
internal class WindowLogits(val starts: DoubleArray, val ends: DoubleArray)

/** The logit of there being no answer: `[CLS]` as start and end in the window that believes in it least. */
internal fun noAnswerLogit(logits: List<WindowLogits>): Double = logits.minOf { it.starts[0] + it.ends[0] }

/**
 * At most [count] different spans of characters with the highest logits, the highest first.
 *
 * Follows `run_squad.py` of google-research/bert, but the middle piece of a span decides which window judges it. Of
 * equal logits the span that starts first, then the shorter one, comes first.
 */
internal fun bestCandidates(
    passage: Passage,
    windows: List<Window>,
    logits: List<WindowLogits>,
    maxAnswerTokens: Int,
    count: Int,
): List<AnswerCandidate> {
    val judges = widestContext(windows)
    val found = windows.indices.flatMap { index ->
        val spans = SpanScores(windows[index], logits[index], maxAnswerTokens)
        spans.keepOnly { middle, first, last ->
            judges[middle] == index && passage.isShown[first] && passage.isShown[last]
        }
        spans.best(passage, count)
    }
    val sorted = found.sortedWith(compareBy<AnswerCandidate> { -it.logit }.thenBy { it.start }.thenBy { it.end })
    return distinct(sorted).take(count)
}

/** Of candidates for the same characters the first: different pieces may be the same ones (`½` is three). */
private fun distinct(candidates: List<AnswerCandidate>): List<AnswerCandidate> =
    candidates.distinctBy { it.start.toLong() shl 32 or it.end.toLong() }

/** The logits of one window's spans of up to so many pieces. */
private class SpanScores(private val window: Window, logits: WindowLogits, maxAnswerTokens: Int) {
    private val pieces = window.stop - window.start
    private val lengths = minOf(maxAnswerTokens, pieces)

    /** By first piece, then by length; -infinity: no span. */
    private val scores = DoubleArray(pieces * lengths) { place ->
        val last = place / lengths + place % lengths
        if (last >= pieces) {
            Double.NEGATIVE_INFINITY
        } else {
            // A zero has one sign only in what is sorted.
            logits.starts[window.first + place / lengths] + logits.ends[window.first + last] + 0.0
        }
    }

    /** Drops the spans that aren't [allowed] by their middle, first and last pieces. */
    inline fun keepOnly(allowed: (Int, Int, Int) -> Boolean) {
        for (place in scores.indices) {
            if (scores[place] == Double.NEGATIVE_INFINITY) continue
            val first = window.start + place / lengths
            val last = first + place % lengths
            if (!allowed((first + last) / 2, first, last)) scores[place] = Double.NEGATIVE_INFINITY
        }
    }

    /** The [count] best different spans of characters; of equals those that stand first. */
    fun best(passage: Passage, count: Int): List<AnswerCandidate> {
        val places = scores.indices.filter { scores[it] > Double.NEGATIVE_INFINITY }.sortedBy { -scores[it] }
        val found = LinkedHashMap<Long, AnswerCandidate>()
        for (place in places) {
            if (found.size == count) break
            val first = window.start + place / lengths
            val candidate = passage.trimmed(first, first + place % lengths, scores[place])
            val key = candidate.start.toLong() shl 32 or candidate.end.toLong()
            if (key !in found) found[key] = candidate
        }
        return found.values.toList()
    }
}

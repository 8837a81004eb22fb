package albertedge.text

/**
 * A derived text of [size] characters; character i of it came from characters [starts[i], ends[i]) of the original.
 *
 * `starts` and `ends` never decrease. Characters that came from one original character (`½`) share its span. The arrays
 * may be longer than the text.
 */
internal class AlignedText(val codes: IntArray, val starts: IntArray, val ends: IntArray, val size: Int) {
    val isAscii: Boolean
        get() {
            for (index in 0 until size) if (codes[index] >= 0x80) return false
            return true
        }

    /** The characters [first, last), as a text of their own. */
    fun part(first: Int, last: Int) = AlignedText(
        codes.copyOfRange(first, last),
        starts.copyOfRange(first, last),
        ends.copyOfRange(first, last),
        last - first,
    )

    companion object {
        /** The characters [from, to) of a text as they are: each came from itself. */
        fun identity(codes: IntArray, from: Int = 0, to: Int = codes.size) = AlignedText(
            codes.copyOfRange(from, to),
            IntArray(to - from) { from + it },
            IntArray(to - from) { from + it + 1 },
            to - from,
        )
    }
}

/** An [AlignedText] in the making. */
internal class AlignedBuilder(capacity: Int) {
    private val codes = CodeBuffer(capacity)
    private val starts = CodeBuffer(capacity)
    private val ends = CodeBuffer(capacity)

    val size: Int get() = codes.size

    fun add(code: Int, start: Int, end: Int) {
        codes.add(code)
        starts.add(start)
        ends.add(end)
    }

    /** Lets the last character reach to [end]. */
    fun extendLast(end: Int) = ends.setLast(end)

    fun build() = AlignedText(codes.codes, starts.codes, ends.codes, codes.size)
}

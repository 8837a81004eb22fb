package albertedge.text

/**
 * SentencePiece's table of characters looked up as the `tokenizers` library does.
 *
 * Follows the crate spm_precompiled and `normalizers/precompiled.rs` of huggingface/tokenizers 0.23, which differ from
 * SentencePiece: not the longest known sequence is replaced, but a user-perceived character of up to five bytes, whole,
 * by what its shortest known beginning stands for, else each of its characters alone.
 */
internal class ClusterCharsmap(data: ByteArray) {
    private val table = Charsmap(data)

    /** [text] with its characters replaced; each replacement covers the whole cluster that it stands for. */
    fun apply(text: AlignedText): AlignedText {
        if (table.isEmpty) return text
        val replaced = AlignedBuilder(text.size)
        var first = 0
        for (last in 1..text.size) {
            if (last < text.size && isJoined(text.codes[last - 1], text.codes[last])) continue
            addCluster(replaced, text, first, last)
            first = last
        }
        return replaced.build()
    }

    private fun addCluster(replaced: AlignedBuilder, text: AlignedText, first: Int, last: Int) {
        val bytes = (first until minOf(last, first + LONGEST_BYTES)).sumOf { utf8Length(text.codes[it]) }
        val isWhole = last - first in 2..LONGEST_BYTES && bytes <= LONGEST_BYTES
        val whole = if (isWhole) table.shortest(text.codes, first, last) else null
        if (whole != null) {
            add(replaced, whole, text, first, last)
            return
        }
        for (place in first until last) {
            val new = table.shortest(text.codes, place, place + 1)
            if (new == null) {
                replaced.add(text.codes[place], text.starts[place], text.ends[place])
            } else {
                add(replaced, new, text, place, place + 1)
            }
        }
    }

    private fun add(replaced: AlignedBuilder, new: IntArray, text: AlignedText, first: Int, last: Int) {
        val end = text.ends[last - 1]
        for (code in new) replaced.add(code, text.starts[first], end)
        // What is replaced by nothing belongs to the character before it.
        if (new.isEmpty() && replaced.size > 0) replaced.extendLast(end)
    }

    private companion object {
        /** Of UTF-8, of a cluster that is looked up whole. */
        const val LONGEST_BYTES = 5
    }
}

/**
 * Whether two characters that touch are of one extended grapheme cluster (Unicode's annex 29), as far as it matters.
 *
 * Rules about clusters that always have six bytes or more (Hangul, flags, emoji sequences, Indic conjuncts) are left
 * out: those are looked up character by character in any case.
 */
private fun isJoined(before: Int, after: Int): Boolean {
    if (after < 0x300) return (before == '\r'.code && after == '\n'.code) || (before in PREPENDED && !isControl(after))
    return (isExtending(after) && !isControl(before)) || (before in PREPENDED && !isControl(after))
}

private fun isControl(code: Int): Boolean {
    if (code == 0x200C || code == 0x200D || code in PREPENDED || code in TAGS) return false
    return Unicode.category(code) in setOf("Cc", "Cf", "Zl", "Zp")
}

private fun isExtending(code: Int): Boolean = code in OTHER_EXTENDING ||
    code in 0x1F3FB..0x1F3FF ||
    code in TAGS ||
    Unicode.category(code).let { it == "Mn" || it == "Me" || it == "Mc" }

private val TAGS = 0xE0020..0xE007F
private val OTHER_EXTENDING = setOf(0x200C, 0x200D, 0xE33, 0xEB3, 0xFF9E, 0xFF9F)

/** Signs that belong to the character after them. */
private val PREPENDED =
    setOf(0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0xD4E)

package albertedge.text

import albertedge.ArtifactException

/**
 * SentencePiece's compiled table of characters (`precompiled_charsmap`), which may be empty: then nothing is replaced.
 *
 * A double array in the layout of s-yata/darts-clone, then the replacements, each ended by a zero byte. Throws
 * [ArtifactException] if it is damaged. Keys are looked up by the bytes of UTF-8, and every step is checked: a damaged
 * array finds nothing where it points outside.
 */
internal class Charsmap(data: ByteArray) {
    private val units: IntArray
    private val replacements: ByteArray
    private val decoded = HashMap<Int, IntArray>()

    init {
        val size = if (data.size >= 4) int(data, 0) else 0
        if (data.isNotEmpty() && (size <= 0 || size % 4 != 0 || size >= data.size - 4)) {
            throw ArtifactException(
                "a table of characters must start with its array's size; received ${data.size} bytes that name $size",
            )
        }
        units = IntArray(size / 4) { int(data, 4 + 4 * it) }
        replacements = if (data.isEmpty()) data else data.copyOfRange(4 + size, data.size)
    }

    val isEmpty: Boolean get() = units.isEmpty()

    /** What a search found. */
    class Match {
        /** Characters that are replaced; 0: none. */
        var length = 0
        var replacement = NOTHING
    }

    /** The longest known beginning of the characters [from, to), as SentencePiece looks. */
    fun longest(codes: IntArray, from: Int, to: Int, match: Match) {
        match.length = 0
        search(codes, from, to) { value, length ->
            match.length = length
            match.replacement = value
            true
        }
    }

    /** The replacement of the shortest known beginning of the characters [from, to); null if none is known. */
    fun shortest(codes: IntArray, from: Int, to: Int): IntArray? {
        var found: IntArray? = null
        search(codes, from, to) { value, _ ->
            found = value
            false
        }
        return found
    }

    /** Whether no known sequence begins with these ASCII characters. */
    fun startsNothing(vararg codes: Int): Boolean {
        if (units.isEmpty()) return true
        var node = offset(units[0])
        for (code in codes) {
            node = node xor code
            val unit = if (node < units.size) units[node] else 0
            if (code == 0 || unit and LABEL_BITS != code) return true
            node = node xor offset(unit)
        }
        return false
    }

    /** Calls [found] with each known beginning and its length in characters, shorter first, while it says to go on. */
    private inline fun search(codes: IntArray, from: Int, to: Int, found: (IntArray, Int) -> Boolean) {
        if (units.isEmpty()) return
        var node = offset(units[0])
        for (place in from until to) {
            val code = codes[place]
            val bytes = utf8Length(code)
            for (index in 0 until bytes) {
                val byte = utf8Byte(code, bytes, index)
                node = node xor byte
                val unit = if (node < units.size) units[node] else 0
                if (byte == 0 || unit and LABEL_BITS != byte) return
                node = node xor offset(unit)
                // A key that ends within a character is a damaged one's.
                if (unit and HAS_LEAF != 0 && index == bytes - 1) {
                    val leaf = if (node < units.size) units[node] and VALUE_BITS else VALUE_BITS
                    if (!found(replacement(leaf), place + 1 - from)) return
                }
            }
        }
    }

    /** The replacement that starts at byte [start]; made once, and under a lock, since threads share the table. */
    private fun replacement(start: Int): IntArray = synchronized(decoded) {
        decoded.getOrPut(start) {
            var end = minOf(start, replacements.size)
            while (end < replacements.size && replacements[end] != 0.toByte()) end++
            codePoints(String(replacements, minOf(start, end), end - minOf(start, end), Charsets.UTF_8))
        }
    }

    private companion object {
        const val LABEL_BITS = 0xFF or (1 shl 31)
        const val VALUE_BITS = 0x7FFFFFFF
        const val HAS_LEAF = 1 shl 8

        fun offset(unit: Int): Int = unit ushr 10 shl (unit and 0x200 shr 6)

        fun int(data: ByteArray, place: Int): Int = (3 downTo 0).fold(0) { value, index ->
            value shl 8 or (data[place + index].toInt() and 0xFF)
        }
    }
}

/** Bytes of UTF-8 that a character takes. */
internal fun utf8Length(code: Int): Int = when {
    code < 0x80 -> 1
    code < 0x800 -> 2
    code < 0x10000 -> 3
    else -> 4
}

private fun utf8Byte(code: Int, bytes: Int, index: Int): Int {
    val part = code shr 6 * (bytes - 1 - index)
    return when {
        bytes == 1 -> code
        index > 0 -> part and 0x3F or 0x80
        bytes == 2 -> part or 0xC0
        bytes == 3 -> part or 0xE0
        else -> part or 0xF0
    }
}

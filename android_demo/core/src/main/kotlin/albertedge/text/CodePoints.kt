package albertedge.text

import albertedge.RequestException

/**
 * The characters of [text] as code points, which is how every offset of this library counts (and Python's).
 *
 * Throws [RequestException] on half of a surrogate pair, which is no character and has no UTF-8 form.
 */
fun codePoints(text: String): IntArray {
    val codes = IntArray(text.length)
    var count = 0
    var place = 0
    while (place < text.length) {
        val first = text[place++]
        var code = first.code
        if (first.isSurrogate()) {
            if (!first.isHighSurrogate() || place == text.length || !text[place].isLowSurrogate()) {
                throw RequestException(
                    "a text must be valid Unicode; received the lone surrogate ${Integer.toHexString(code)} " +
                        "at character $count",
                )
            }
            code = Character.toCodePoint(first, text[place++])
        }
        codes[count++] = code
    }
    return codes.copyOf(count)
}

/** The text of the code points [from, to). */
fun textOf(codes: IntArray, from: Int = 0, to: Int = codes.size): String = String(codes, from, to - from)

/**
 * Offsets in code points to offsets in the UTF-16 units that Kotlin's strings and Android's spans count in.
 *
 * They differ behind a character beyond U+FFFF (most emoji).
 */
class Utf16Offsets(text: String) {
    private val units: IntArray?
    private val length = text.codePointCount(0, text.length)

    init {
        if (length == text.length) {
            units = null
        } else {
            val found = IntArray(length + 1)
            for (index in 0 until length) {
                found[index + 1] = found[index] + Character.charCount(text.codePointAt(found[index]))
            }
            units = found
        }
    }

    /** The UTF-16 unit at which the code point [offset] starts, from 0 to the text's length (the end). */
    operator fun get(offset: Int): Int {
        if (offset !in 0..length) throw RequestException("an offset must be from 0 to $length; received $offset")
        return units?.get(offset) ?: offset
    }
}

/** Code points that are appended one after another. */
internal class CodeBuffer(capacity: Int = 16) {
    var codes = IntArray(maxOf(capacity, 16))
        private set
    var size = 0
        private set

    fun add(code: Int) {
        if (size == codes.size) codes = codes.copyOf(2 * size)
        codes[size++] = code
    }

    /** Replaces the last one. */
    fun setLast(code: Int) {
        codes[size - 1] = code
    }

    /** Forgets all behind the first [count]. */
    fun cut(count: Int) {
        size = count
    }

    fun toArray(): IntArray = codes.copyOf(size)
}

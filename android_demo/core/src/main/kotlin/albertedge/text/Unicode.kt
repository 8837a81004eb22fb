package albertedge.text

import java.util.Base64
import java.util.zip.Inflater

/**
 * Unicode's properties of characters (code points), as Python's `str` and `unicodedata` give them.
 *
 * Not those of the system: a phone's are as old as it is, and the same text must give the same ids on each.
 */
internal object Unicode {
    // Before what is made with them: an object is initialized from top to bottom.
    private val CATEGORIES = (
        "Cc Cf Cn Co Cs Ll Lm Lo Lt Lu Mc Me Mn Nd Nl No Pc Pd Pe Pf Pi Po Ps Sc Sk Sm So Zl Zp Zs"
        ).split(" ")
    private val HANGUL = 0xAC00..0xD7A3
    private val reader = VarintReader(inflated())
    private val categoryOfKind: Array<String>
    private val flagsOfKind: IntArray
    private val kinds: PagedBytes
    private val lower: MappedCharacters
    private val canonical: MappedStrings
    private val compatible: MappedStrings

    init {
        val count = reader.next()
        val pairs = IntArray(2 * count) { reader.next() }
        categoryOfKind = Array(count) { CATEGORIES[pairs[2 * it]] }
        flagsOfKind = IntArray(count) { pairs[2 * it + 1] }
        kinds = PagedBytes(reader)
        lower = MappedCharacters(reader)
        canonical = MappedStrings(reader)
        compatible = MappedStrings(reader)
    }

    /** The general category, as `Lu`. */
    fun category(code: Int): String = categoryOfKind[kinds[code]]

    /** Whether the canonical combining class isn't 0. */
    fun isCombining(code: Int): Boolean = code >= 0x80 && has(code, COMBINING)

    /** `str.isdigit`: decimal digits, and those raised or in circles. */
    fun isDigit(code: Int): Boolean = if (code < 0x80) code in 0x30..0x39 else has(code, DIGIT)

    /** `str.isdecimal`. */
    fun isDecimal(code: Int): Boolean = if (code < 0x80) code in 0x30..0x39 else category(code) == "Nd"

    /** `str.isalnum`. */
    fun isAlphanumeric(code: Int): Boolean =
        if (code < 0x80) isAsciiAlphanumeric(code) else category(code)[0] == 'L' || has(code, NUMERIC)

    /** `str.isspace`. */
    fun isSpace(code: Int): Boolean = when {
        code < 0x80 -> code == 0x20 || code in 0x09..0x0D || code in 0x1C..0x1F
        code < 0x2000 -> code == 0x85 || code == 0xA0 || code == 0x1680
        else -> code <= 0x200A || code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000
    }

    /** Whether a final sigma's rule looks past it. */
    fun isIgnorable(code: Int): Boolean = has(code, IGNORABLE)

    /** Whether it has a case, those that are [isIgnorable] left out. */
    fun isCased(code: Int): Boolean = has(code, CASED)

    /** The lower case; [DOTTED_I] has two characters and is left as it is. */
    fun lower(code: Int): Int = when {
        code < 0x80 -> if (code in 0x41..0x5A) code + 0x20 else code
        else -> lower[code]
    }

    /** NFD of one character; null: it stays. */
    fun canonical(code: Int): IntArray? = when {
        code < 0xC0 -> null
        code in HANGUL -> hangul(code)
        else -> canonical[code]
    }

    /** NFKD of one character; null: it stays. */
    fun compatible(code: Int): IntArray? = if (code < 0xA0) null else compatible[code] ?: canonical(code)

    private fun has(code: Int, flag: Int): Boolean = flagsOfKind[kinds[code]] and flag != 0

    private fun isAsciiAlphanumeric(code: Int): Boolean = code in 0x61..0x7A || code in 0x41..0x5A || code in 0x30..0x39

    /** The letters of a syllable (The Unicode Standard, section 3.12). */
    private fun hangul(code: Int): IntArray {
        val index = code - HANGUL.first
        val letters = intArrayOf(0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11A7 + index % 28)
        return if (index % 28 == 0) letters.copyOf(2) else letters
    }

    private fun inflated(): ByteArray {
        val inflater = Inflater(true)
        val packed = Base64.getDecoder().decode(UNICODE_TABLES)
        // A raw stream wants a byte behind its end.
        inflater.setInput(packed.copyOf(packed.size + 1))
        val bytes = ByteArray(UNICODE_BYTES)
        var place = 0
        while (place < bytes.size) place += inflater.inflate(bytes, place, bytes.size - place)
        inflater.end()
        return bytes
    }

    /** `İ`. */
    const val DOTTED_I = 0x130

    private const val COMBINING = 1
    private const val DIGIT = 2
    private const val IGNORABLE = 4
    private const val CASED = 8
    private const val NUMERIC = 16
}

/** Numbers of 7 bits a byte, one after another. */
private class VarintReader(private val bytes: ByteArray) {
    private var place = 0

    fun next(): Int {
        var value = 0
        var shift = 0
        while (true) {
            val byte = bytes[place++].toInt()
            value = value or (byte and 0x7F shl shift)
            if (byte >= 0) return value
            shift += 7
        }
    }
}

/** A byte for each character; pages of characters that are all alike share one. */
private class PagedBytes(reader: VarintReader) {
    private val pages = arrayOfNulls<ByteArray>(CHARACTERS shr PAGE_BITS)

    init {
        val plain = HashMap<Int, ByteArray>()
        var code = 0
        repeat(reader.next()) {
            val end = code + reader.next()
            val value = reader.next()
            while (code < end) {
                val stop = minOf(end, (code or PAGE_MASK) + 1)
                if (stop - code > PAGE_MASK) {
                    pages[code shr PAGE_BITS] = plain.getOrPut(value) { filled(value) }
                } else {
                    val page = pages[code shr PAGE_BITS] ?: filled(0).also { pages[code shr PAGE_BITS] = it }
                    page.fill(value.toByte(), code and PAGE_MASK, code - (code and PAGE_MASK.inv()) + stop - code)
                }
                code = stop
            }
        }
    }

    operator fun get(code: Int): Int = pages[code shr PAGE_BITS]!![code and PAGE_MASK].toInt() and 0xFF

    private fun filled(value: Int) = ByteArray(PAGE_MASK + 1).also { it.fill(value.toByte()) }

    private companion object {
        const val CHARACTERS = 0x110000
        const val PAGE_BITS = 8
        const val PAGE_MASK = 0xFF
    }
}

/** Character to character. */
private class MappedCharacters(reader: VarintReader) {
    private val codes = IntArray(reader.next())
    private val mapped = IntArray(codes.size)

    init {
        var code = 0
        for (index in codes.indices) {
            code += reader.next()
            codes[index] = code
            val zigzag = reader.next()
            mapped[index] = code + if (zigzag and 1 == 0) zigzag shr 1 else -(zigzag + 1 shr 1)
        }
    }

    operator fun get(code: Int): Int {
        val index = codes.binarySearch(code)
        return if (index < 0) code else mapped[index]
    }
}

/** Character to characters. */
private class MappedStrings(reader: VarintReader) {
    private val codes = IntArray(reader.next())
    private val mapped: Array<IntArray>

    init {
        var code = 0
        mapped = Array(codes.size) { index ->
            code += reader.next()
            codes[index] = code
            IntArray(reader.next()) { reader.next() }
        }
    }

    operator fun get(code: Int): IntArray? {
        val index = codes.binarySearch(code)
        return if (index < 0) null else mapped[index]
    }
}

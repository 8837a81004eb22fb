package albertedge.artifact

import albertedge.ArtifactException

/**
 * The JSON value (RFC 8259) in [data], UTF-8; throws [ArtifactException], naming the file [where], on anything else.
 *
 * Strict: no doubled key, nothing behind the value, no half of a surrogate pair, at most [MAX_DEPTH] values within
 * values. Time and memory grow with the size of [data] alone.
 */
internal fun parseJson(data: ByteArray, where: String): Json {
    val text = utf8OrNull(data) ?: throw ArtifactException("$where must be JSON in UTF-8; received other bytes")
    return JsonReader(text, where).document()
}

private const val MAX_DEPTH = 64
private const val MAX_NUMBER_CHARACTERS = 400

private class JsonReader(private val text: String, private val where: String) {
    private var place = 0

    fun document(): Json {
        val value = value(0)
        skipSpace()
        if (place < text.length) throw wrong("more behind the value")
        return value
    }

    private fun value(depth: Int): Json {
        if (depth > MAX_DEPTH) throw wrong("more than $MAX_DEPTH values within values")
        skipSpace()
        return when (val first = peek()) {
            '{' -> objectValue(depth)
            '[' -> arrayValue(depth)
            '"' -> JsonString(string())
            't' -> literal("true", JsonBoolean(true))
            'f' -> literal("false", JsonBoolean(false))
            'n' -> literal("null", JsonNull)
            else -> if (first == '-' || first in '0'..'9') number() else throw wrong("no value")
        }
    }

    private fun objectValue(depth: Int): Json {
        val values = LinkedHashMap<String, Json>()
        items('}') {
            skipSpace()
            if (peek() != '"') throw wrong("a key that is no string")
            val key = string()
            skipSpace()
            if (take() != ':') throw wrong("a key without a value")
            if (values.put(key, value(depth + 1)) != null) throw wrong("a key that comes twice")
        }
        return JsonObject(values)
    }

    private fun arrayValue(depth: Int): Json {
        val items = ArrayList<Json>()
        items(']') { items.add(value(depth + 1)) }
        return JsonArray(items)
    }

    /** Reads items apart by commas up to [close], behind a bracket that was looked at. */
    private inline fun items(close: Char, item: () -> Unit) {
        place++
        skipSpace()
        if (peek() == close) {
            place++
            return
        }
        while (true) {
            item()
            skipSpace()
            val next = take()
            if (next == close) return
            if (next != ',') throw wrong("items without a comma between them")
        }
    }

    private fun string(): String {
        place++
        val found = StringBuilder()
        while (true) {
            val next = take()
            when {
                next == '"' -> break
                next == '\\' -> found.append(escaped())
                next < ' ' -> throw wrong("a control character in a string")
                else -> found.append(next)
            }
        }
        for (index in found.indices) {
            val isHalf = when {
                found[index].isHighSurrogate() -> found.getOrNull(index + 1)?.isLowSurrogate() != true
                else -> found[index].isLowSurrogate() && found.getOrNull(index - 1)?.isHighSurrogate() != true
            }
            if (isHalf) throw wrong("half of a surrogate pair")
        }
        return found.toString()
    }

    private fun escaped(): Char = when (val code = take()) {
        '"', '\\', '/' -> code
        'b' -> '\b'
        'f' -> '\u000C'
        'n' -> '\n'
        'r' -> '\r'
        't' -> '\t'
        'u' -> (0 until 4).fold(0) { value, _ -> 16 * value + hexDigit(take()) }.toChar()
        else -> throw wrong("an unknown escape")
    }

    private fun hexDigit(digit: Char): Int = when (digit) {
        in '0'..'9' -> digit - '0'
        in 'a'..'f' -> digit - 'a' + 10
        in 'A'..'F' -> digit - 'A' + 10
        else -> throw wrong("an escape without its digits")
    }

    private fun number(): Json {
        val start = place
        if (peek() == '-') place++
        if (peek() == '0') place++ else digits()
        if (peek() == '.') {
            place++
            digits()
        }
        if (peek() == 'e' || peek() == 'E') {
            place++
            if (peek() == '+' || peek() == '-') place++
            digits()
        }
        if (place - start > MAX_NUMBER_CHARACTERS) throw wrong("a number of ${place - start} characters")
        return JsonNumber(text.substring(start, place))
    }

    private fun digits() {
        if (peek() !in '0'..'9') throw wrong("a number without digits")
        while (peek() in '0'..'9') place++
    }

    private fun literal(word: String, value: Json): Json {
        if (!text.startsWith(word, place)) throw wrong("no value")
        place += word.length
        return value
    }

    private fun skipSpace() {
        while (place < text.length && text[place] in " \t\r\n") place++
    }

    /** The next character, NUL (which stands nowhere in JSON) at the end. */
    private fun peek(): Char = if (place < text.length) text[place] else '\u0000'

    private fun take(): Char = if (place < text.length) text[place++] else throw wrong("one that is cut off")

    private fun wrong(what: String) =
        ArtifactException("$where must be JSON in UTF-8; received something else ($what at character $place)")
}

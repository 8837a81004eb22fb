package albertedge.artifact

import java.math.BigDecimal
import java.math.MathContext
import java.math.RoundingMode

/**
 * The one spelling that a manifest may have: `json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)` of
 * Python, for a [value] that [parseJson] has read.
 */
internal fun writeJson(value: Json): String = StringBuilder().also { write(it, value, "\n") }.toString()

private fun write(out: StringBuilder, value: Json, lineStart: String) {
    when (value) {
        is JsonNull -> out.append("null")
        is JsonBoolean -> out.append(value.value)
        is JsonString -> writeString(out, value.value)
        is JsonNumber -> out.append(numberText(value))
        is JsonArray -> writeItems(out, "[]", value.items, lineStart) { item, start -> write(out, item, start) }
        is JsonObject -> writeItems(out, "{}", value.keys, lineStart) { key, start ->
            writeString(out, key)
            out.append(": ")
            write(out, value[key]!!, start)
        }
    }
}

private inline fun <T> writeItems(
    out: StringBuilder,
    brackets: String,
    items: List<T>,
    lineStart: String,
    item: (T, String) -> Unit,
) {
    out.append(brackets[0])
    for ((index, each) in items.withIndex()) {
        if (index > 0) out.append(',')
        out.append(lineStart).append("  ")
        item(each, "$lineStart  ")
    }
    if (items.isNotEmpty()) out.append(lineStart)
    out.append(brackets[1])
}

private fun writeString(out: StringBuilder, text: String) {
    out.append('"')
    for (character in text) {
        when (character) {
            '"' -> out.append("\\\"")
            '\\' -> out.append("\\\\")
            '\n' -> out.append("\\n")
            '\r' -> out.append("\\r")
            '\t' -> out.append("\\t")
            '\b' -> out.append("\\b")
            '\u000C' -> out.append("\\f")
            else -> if (character < ' ') out.append(String.format("\\u%04x", character.code)) else out.append(character)
        }
    }
    out.append('"')
}

private fun numberText(number: JsonNumber): String {
    if (number.isWhole) return if (number.text == "-0") "0" else number.text
    return doubleText(number.double)
}

/** `repr` of a Python float: the shortest digits that mean it, with an exponent below 1e-4 and from 1e16 on. */
internal fun doubleText(value: Double): String {
    if (value.isInfinite() || value.isNaN()) return value.toString()
    if (value == 0.0) return if (1 / value < 0) "-0.0" else "0.0"
    val shortest = shortestDigits(value)
    val digits = shortest.unscaledValue().abs().toString()
    // 0.digits times 10 to the power of point.
    val point = shortest.precision() - shortest.scale()
    val text = when {
        point in -3..0 -> "0." + "0".repeat(-point) + digits
        point in 1..16 && point >= digits.length -> digits + "0".repeat(point - digits.length) + ".0"
        point in 1..16 -> digits.substring(0, point) + "." + digits.substring(point)
        else -> withExponent(digits, point - 1)
    }
    return if (value < 0) "-$text" else text
}

private fun withExponent(digits: String, exponent: Int): String {
    val mantissa = if (digits.length == 1) digits else "${digits[0]}.${digits.substring(1)}"
    val power = Math.abs(exponent).toString().padStart(2, '0')
    return "${mantissa}e${if (exponent < 0) "-" else "+"}$power"
}

private fun shortestDigits(value: Double): BigDecimal {
    val exact = BigDecimal(value)
    for (precision in 1..MAX_DIGITS) {
        val rounded = exact.round(MathContext(precision, RoundingMode.HALF_EVEN))
        if (rounded.toDouble() == value) return rounded.stripTrailingZeros()
    }
    return exact
}

/** Of which every double is one of its own. */
private const val MAX_DIGITS = 17

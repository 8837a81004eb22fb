package albertedge.text

/*
 * The clean-up that a text gets before SentencePiece, with each character's place in the original text.
 *
 * Follows `preprocess_text` of google-research/albert (`tokenization.py`), step by step: white space collapsed, NFKD,
 * combining marks dropped, lower case; and its quote rule (`` and '' become ") from XLNet's version of that function.
 */

/** Nothing in place of a character. */
internal val NOTHING = IntArray(0)
private val ONE_SPACE = intArrayOf(0x20)
private const val CAPITAL_SIGMA = 0x3A3
private const val FINAL_SIGMA = 0x3C2
private const val SIGMA = 0x3C3
private const val DOT_ABOVE = 0x307

/**
 * Clean the text [codes] up and say where each character came from.
 *
 * White space between words counts as the one space that it becomes. A dropped combining mark belongs to the character
 * before it, so that a span over a decomposed `é` holds its accent; after white space it belongs to none.
 */
internal fun clean(codes: IntArray, from: Int, to: Int, options: TokenizerOptions): AlignedText {
    var aligned = straightenQuotes(collapseSpaces(codes, from, to))
    if (aligned.isAscii) {
        if (options.lowerCase) lowerInPlace(aligned)
        return aligned
    }
    if (!options.keepAccents) aligned = replaceCharacters(aligned, WithoutAccents)
    return if (options.lowerCase) lower(aligned) else aligned
}

/** Of ASCII text, which has neither accents nor a letter that needs a look beside it: most of what is read. */
private fun lowerInPlace(text: AlignedText) {
    for (place in 0 until text.size) {
        val code = text.codes[place]
        if (code in 'A'.code..'Z'.code) text.codes[place] = code + ('a'.code - 'A'.code)
    }
}

private fun collapseSpaces(codes: IntArray, from: Int, to: Int): AlignedText {
    val kept = IntArray(to - from)
    val starts = IntArray(to - from)
    val ends = IntArray(to - from)
    var size = 0
    // Where white space began that is to become one space if anything follows it.
    var gap = -1
    for (place in from until to) {
        val code = codes[place]
        if (Unicode.isSpace(code)) {
            if (gap < 0 && size > 0) gap = place
            continue
        }
        if (gap >= 0) {
            kept[size] = 0x20
            starts[size] = gap
            ends[size++] = place
            gap = -1
        }
        kept[size] = code
        starts[size] = place
        ends[size++] = place + 1
    }
    return AlignedText(kept, starts, ends, size)
}

/** The quotes of old plain text, `` and '', as the one character ". */
internal fun straightenQuotes(text: AlignedText): AlignedText {
    if ((1 until text.size).none { isQuote(text, it - 1) }) return text
    val straight = AlignedBuilder(text.size)
    var place = 0
    while (place < text.size) {
        val width = if (place + 1 < text.size && isQuote(text, place)) 2 else 1
        val code = if (width == 2) '"'.code else text.codes[place]
        straight.add(code, text.starts[place], text.ends[place + width - 1])
        place += width
    }
    return straight.build()
}

private fun isQuote(text: AlignedText, place: Int): Boolean {
    val code = text.codes[place]
    return (code == '`'.code || code == '\''.code) && text.codes[place + 1] == code
}

/** What stands in place of a character. */
internal interface Replacement {
    /** Several characters or [NOTHING]; null: it stays. */
    fun of(code: Int): IntArray?
}

/**
 * Put [replacement] of each character in its place.
 *
 * A dropped character belongs to the one before it; after a space it belongs to none.
 */
internal fun replaceCharacters(text: AlignedText, replacement: Replacement): AlignedText {
    val replaced = AlignedBuilder(text.size)
    var endsWithSpace = false
    for (place in 0 until text.size) {
        val code = text.codes[place]
        val kept = replacement.of(code)
        if (kept == null) {
            replaced.add(code, text.starts[place], text.ends[place])
            endsWithSpace = code == 0x20
        } else if (kept.isNotEmpty()) {
            for (each in kept) replaced.add(each, text.starts[place], text.ends[place])
            endsWithSpace = kept.contentEquals(ONE_SPACE)
        } else if (replaced.size > 0 && !endsWithSpace) {
            replaced.extendLast(text.ends[place])
        }
    }
    return replaced.build()
}

/**
 * NFKD without combining marks.
 *
 * Done character by character, which gives what NFKD of the whole text gives: only combining marks are ever reordered
 * across characters, and those go.
 */
private object WithoutAccents : Replacement {
    override fun of(code: Int): IntArray? {
        if (code < 0x80) return null
        val parts = Unicode.compatible(code) ?: return if (Unicode.isCombining(code)) NOTHING else null
        return if (parts.any(Unicode::isCombining)) parts.filterNot(Unicode::isCombining).toIntArray() else parts
    }
}

/** The lower case of a character by itself, whatever stands beside it. */
internal object LowerCase : Replacement {
    private val dotted = intArrayOf('i'.code, DOT_ABOVE)

    override fun of(code: Int): IntArray? {
        if (code == Unicode.DOTTED_I) return dotted
        val lower = Unicode.lower(code)
        return if (lower == code) null else intArrayOf(lower)
    }
}

/** The text in lower case, as `str.lower` gives it: `Σ` looks at its neighbours. */
internal fun lower(text: AlignedText): AlignedText {
    val lowered = AlignedBuilder(text.size)
    for (place in 0 until text.size) {
        val code = text.codes[place]
        val start = text.starts[place]
        val end = text.ends[place]
        when {
            code == Unicode.DOTTED_I -> {
                lowered.add('i'.code, start, end)
                lowered.add(DOT_ABOVE, start, end)
            }
            code == CAPITAL_SIGMA -> lowered.add(if (isFinal(text, place)) FINAL_SIGMA else SIGMA, start, end)
            else -> lowered.add(Unicode.lower(code), start, end)
        }
    }
    return lowered.build()
}

/** Whether a letter stands before the sigma at [place] and none behind it (Final_Sigma of Unicode's SpecialCasing). */
private fun isFinal(text: AlignedText, place: Int): Boolean {
    var before = place - 1
    while (before >= 0 && Unicode.isIgnorable(text.codes[before])) before--
    if (before < 0 || !Unicode.isCased(text.codes[before])) return false
    var after = place + 1
    while (after < text.size && Unicode.isIgnorable(text.codes[after])) after++
    return after == text.size || !Unicode.isCased(text.codes[after])
}

package albertedge.text

/** Characters [start, end) of a text, in code points. */
data class Span(val start: Int, val end: Int)

/**
 * The words of a raw text, in order; they neither overlap nor hold white space.
 *
 * At each place that is not white space the first of these that fits is a word:
 *
 *     1. an address: `https://a.b/c`, `www.a.b`, `a@b.org`, without punctuation at its end
 *     2. `@name` and `#tag`
 *     3. an abbreviation: two or more letters each with a full stop, `U.S.`
 *     4. letters, digits and their marks, held together by single `. ' - _ & @` (and in numbers `, :`) between them;
 *        `'s` at its end is a word of its own, since a name's entity ends before it
 *     5. one character, with its marks, of a script written without spaces (Han, kana, Thai, Lao, Khmer, Burmese)
 *     6. any other character, with its marks; the same one several times in a row is one word (`...`)
 *
 * Written out rather than as a regular expression: those of Java and of Android differ, and overflow on long words.
 */
internal fun wordsOf(codes: IntArray): List<Span> {
    val finder = WordFinder(IntArray(codes.size) { shape(codes[it]) })
    val words = ArrayList<Span>()
    var place = 0
    while (place < codes.size) {
        if (Unicode.isSpace(codes[place])) {
            place++
            continue
        }
        val end = finder.wordEnd(place)
        words.add(Span(place, end))
        place = end
    }
    return words
}

// What the rules see: every mark as one mark, every letter of an unspaced script as one private character.
private const val MARK = 0x301
private const val SINGLE = 0xE000

private fun shape(code: Int): Int {
    if (code < 0x80) return code
    val category = Unicode.category(code)
    return when {
        category[0] == 'M' || category == "Cf" -> MARK
        category[0] == 'L' && isUnspaced(code) -> SINGLE
        else -> code
    }
}

/** Whether it belongs to a script written without spaces, as a letter or as punctuation. */
private fun isUnspaced(code: Int): Boolean = UNSPACED.any { code in it }

private val UNSPACED = listOf(
    0x0E00..0x0EFF, // Thai, Lao
    0x1000..0x109F, // Burmese
    0x1780..0x17FF, // Khmer
    0x2E80..0x312F, // Han radicals and punctuation, kana, bopomofo
    0x31A0..0x31FF,
    0x3400..0x4DBF, // Han
    0x4E00..0x9FFF,
    0xF900..0xFAFF,
    0xFE30..0xFE4F, // vertical forms of Chinese punctuation
    0xFF01..0xFF0F, // full-width punctuation and half-width kana, without full-width digits and letters
    0xFF1A..0xFF20,
    0xFF3B..0xFF40,
    0xFF5B..0xFF9F,
    0x20000..0x3FFFF,
)

/** The rules on a text of shapes; each gives the end of its word at a place, or the place itself if it doesn't fit. */
private class WordFinder(private val text: IntArray) {
    fun wordEnd(place: Int): Int {
        var end = linkEnd(place)
        if (end == place) end = mailEnd(place)
        if (end == place) end = tagEnd(place)
        if (end == place) end = abbreviationEnd(place)
        if (end == place) end = ownEnd(place)
        if (end == place) end = joinedEnd(place)
        if (end == place) end = if (at(place) == SINGLE) marksEnd(place + 1) else runEnd(place)
        return end
    }

    private fun at(place: Int): Int = if (place in text.indices) text[place] else -1

    private fun isLetter(place: Int): Boolean = place in text.indices && Unicode.isAlphanumeric(text[place])

    private fun isWord(place: Int): Boolean = isLetter(place) || at(place) == '_'.code

    private fun isWordOrMark(place: Int): Boolean = isWord(place) || at(place) == MARK

    private fun isDecimal(place: Int): Boolean = place in text.indices && Unicode.isDecimal(text[place])

    private fun isAsciiLetter(place: Int): Boolean = at(place) in 0x41..0x5A || at(place) in 0x61..0x7A

    private fun isAt(place: Int, word: String): Boolean = word.indices.all { at(place + it) == word[it].code }

    private fun marksEnd(place: Int): Int {
        var end = place
        while (at(end) == MARK) end++
        return end
    }

    // === 1 ===

    private fun linkEnd(place: Int): Int {
        var end = place
        if (isAsciiLetter(place)) {
            end++
            while (end - place <= LONGEST_SCHEME && isOfScheme(end)) end++
            val found = if (end - place <= LONGEST_SCHEME && isAt(end, "://")) lastOfLink(end + 3) else -1
            if (found > 0) return found
        }
        val found = if (isAt(place, "www.")) lastOfLink(place + 4) else -1
        return if (found > 0) found else place
    }

    private fun isOfScheme(place: Int) = isAsciiLetter(place) || at(place) in 0x30..0x39 || at(place) in SCHEME_SIGNS

    /** Behind the last letter, digit, mark or slash of what goes on from [from]; -1 if there is none. */
    private fun lastOfLink(from: Int): Int {
        var end = from
        var found = -1
        while (end < text.size && !Unicode.isSpace(text[end]) && text[end] != SINGLE) {
            if (isWordOrMark(end) || text[end] == '/'.code) found = end + 1
            end++
        }
        return found
    }

    private fun mailEnd(place: Int): Int {
        var end = place
        while (end - place <= LONGEST_NAME && (isWord(end) || at(end) in MAIL_SIGNS)) end++
        if (end == place || end - place > LONGEST_NAME || at(end) != '@'.code) return place
        val host = labelEnd(end + 1)
        if (host == end + 1 || host - end - 1 > LONGEST_LABEL || at(host) != '.'.code) return place
        return domainEnd(host) ?: place
    }

    private fun labelEnd(place: Int): Int {
        var end = place
        while (end - place <= LONGEST_LABEL && (isWord(end) || at(end) == '-'.code)) end++
        return end
    }

    /** The end of one label or more, each behind a full stop, the first of which is at [dot]; null if there is none. */
    private fun domainEnd(dot: Int): Int? {
        var found: Int? = null
        var place = dot
        while (at(place) == '.'.code) {
            val start = place + 1
            val end = labelEnd(start)
            if (end == start) break
            if (end - start > LONGEST_LABEL) {
                // Too long: it ends before a hyphen, or with the label before.
                val cut = (start + LONGEST_LABEL downTo start + 1).firstOrNull { !isWord(it) }
                return cut ?: found
            }
            found = end
            place = end
        }
        return found
    }

    // === 2, 3 ===

    private fun tagEnd(place: Int): Int {
        if (at(place) != '@'.code && at(place) != '#'.code) return place
        var end = place + 1
        while (isWord(end)) end = if (isLetter(end)) marksEnd(end + 1) else end + 1
        return if (end == place + 1) place else end
    }

    private fun abbreviationEnd(place: Int): Int {
        var end = place
        var letters = 0
        while (isLetter(end) && !isDecimal(end)) {
            val dot = marksEnd(end + 1)
            if (at(dot) != '.'.code) break
            end = dot + 1
            letters++
        }
        return if (letters < 2 || isWord(end)) place else end
    }

    // === 4 ===

    /** `'s` behind a word. */
    private fun ownEnd(place: Int): Int =
        if (isApostrophe(place) && isWordOrMark(place - 1) && isOwn(place + 1)) place + 2 else place

    private fun isApostrophe(place: Int): Boolean = at(place) == '\''.code || at(place) == 0x2019

    private fun isOwn(place: Int): Boolean =
        (at(place) == 's'.code || at(place) == 'S'.code) && !isWordOrMark(place + 1)

    private fun joinedEnd(place: Int): Int {
        var end = lettersEnd(place)
        while (end > place) {
            val next = joinEnd(end)
            val more = if (next == end) end else lettersEnd(next)
            if (next == end || more == next) break
            end = more
        }
        return end
    }

    private fun lettersEnd(place: Int): Int {
        var end = place
        while (isLetter(end)) end = marksEnd(end + 1)
        return end
    }

    /** The end of what may stand between two parts of a word. */
    private fun joinEnd(place: Int): Int {
        val code = at(place)
        if (isApostrophe(place)) return if (isOwn(place + 1)) place else place + 1
        if (code in JOINING) return place + 1
        if (code == '_'.code) {
            var end = place
            while (at(end) == '_'.code) end++
            return end
        }
        val isOfNumber = code == ','.code || code == ':'.code
        return if (isOfNumber && isDecimal(place - 1) && isDecimal(place + 1)) place + 1 else place
    }

    // === 6 ===

    private fun runEnd(place: Int): Int {
        var end = place + 1
        while (at(end) == at(place) || at(end) == MARK) end++
        return end
    }

    private companion object {
        const val LONGEST_SCHEME = 16
        const val LONGEST_NAME = 64
        const val LONGEST_LABEL = 63
        val SCHEME_SIGNS = setOf('+'.code, '.'.code, '-'.code)
        val MAIL_SIGNS = SCHEME_SIGNS
        val JOINING = setOf('.'.code, '&'.code, '@'.code, 0xB7, 0x2010, 0x2011, '-'.code)
    }
}

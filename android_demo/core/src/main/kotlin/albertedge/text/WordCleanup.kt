package albertedge.text

/** What `BasicTokenizer` does before it cuts: words apart by single spaces or more, nothing else white. */
internal class WordCleanup(private val options: WordPieceOptions) {
    private val isGoogle = options.rules == Rules.GOOGLE
    private val kept = Kept(if (isGoogle) setOf("Cc", "Cf") else setOf("Cc", "Cf", "Co"))
    private val apart = Apart(if (isGoogle) 0x2B820 else 0x2B920)

    fun clean(part: AlignedText): AlignedText {
        var text = replaceCharacters(part, kept)
        if (options.splitChinese) text = replaceCharacters(text, apart)
        // Google lowers first; then "İ" has lost its dot in both.
        if (options.lowerCase && isGoogle) text = lower(text)
        if (!options.keepAccents && !text.isAscii) text = replaceCharacters(text, WithoutNonspacing)
        return if (options.lowerCase && !isGoogle) replaceCharacters(text, LowerCase) else text
    }
}

private val SPACE = intArrayOf(0x20)

/** White space as spaces, characters of the [dropped] categories as nothing. */
private class Kept(private val dropped: Set<String>) : Replacement {
    override fun of(code: Int): IntArray? {
        if (code == 0x20 || code in 0x21..0x7E) return null
        if (code == '\t'.code || code == '\n'.code || code == '\r'.code) return SPACE
        if (code == 0xFFFD || Unicode.category(code) in dropped) return NOTHING
        return if (Unicode.isSpace(code)) SPACE else null
    }
}

/** CJK ideographs with a space on both sides; [extensionE] is where that block starts: transformers has it misspelt. */
private class Apart(private val extensionE: Int) : Replacement {
    override fun of(code: Int): IntArray? = if (isChinese(code)) intArrayOf(0x20, code, 0x20) else null

    private fun isChinese(code: Int): Boolean = code >= 0x3400 &&
        (
            code in 0x4E00..0x9FFF ||
                code <= 0x4DBF ||
                code in 0xF900..0xFAFF ||
                code in 0x20000..0x2A6DF ||
                code in 0x2A700..0x2B81F ||
                code in extensionE..0x2CEAF ||
                code in 0x2F800..0x2FA1F
            )
}

/** NFD without nonspacing marks. */
private object WithoutNonspacing : Replacement {
    override fun of(code: Int): IntArray? {
        if (code < 0x80) return null
        val parts = Unicode.canonical(code) ?: return if (isMark(code)) NOTHING else null
        return if (parts.any { isMark(it) }) parts.filterNot { isMark(it) }.toIntArray() else parts
    }

    private fun isMark(code: Int) = code >= 0x80 && Unicode.category(code) == "Mn"
}

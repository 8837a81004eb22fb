package albertedge.text

/**
 * [Rules.HUGGING_FACE]: the ids that transformers 5's `AlbertTokenizer` gives for a SentencePiece vocabulary.
 *
 * Follows `tokenization_albert.py` of transformers 5 and the `tokenizers` library 0.23 under it: special pieces and
 * those that the vocabulary's maker defined are cut out of the text first; characters are decomposed, lowered and
 * replaced one by one; each word is cut alone, by sums in 64 bits, with special and defined pieces of score 0. A comma
 * stays at its number (`9,`). `[MASK]` in a text is plain text here, and cut out by `encodeMasked` alone.
 */
internal class HuggingFaceRules(
    private val model: ModelProto,
    private val trie: PieceTrie,
    private val options: TokenizerOptions,
) {
    private val charsmap = ClusterCharsmap(model.charsmap)
    private val unknownId = model.types.indexOf(PieceType.UNKNOWN)
    private val unknownScore = model.scores.minOf { it.toDouble() } - UNKNOWN_PENALTY
    private val maskId = model.texts.indexOf(MASK)
    private val names = PieceTrie(
        model.texts.filterIndexed { id, text -> id != maskId && text.isNotEmpty() && isName(model.types[id]) },
    )

    /** Ids, pieces and offsets of the code points [from, to). */
    fun encode(codes: IntArray, from: Int, to: Int): Encoding {
        val found = EncodingBuilder()
        cutOut(codes, from, to, names) { first, last, isName ->
            if (isName) {
                found.add(idOf(codes, first, last), textOf(codes, first, last), first, last)
            } else {
                addPart(found, clean(AlignedText.identity(codes, first, last)))
            }
        }
        return found.build()
    }

    private fun clean(text: AlignedText): AlignedText {
        var cleaned = straightenQuotes(text)
        if (!options.keepAccents && !cleaned.isAscii) cleaned = replaceCharacters(cleaned, WithoutMarks)
        if (options.lowerCase) cleaned = replaceCharacters(cleaned, LowerCase)
        return charsmap.apply(cleaned)
    }

    private fun addPart(found: EncodingBuilder, text: AlignedText) {
        var place = 0
        while (place < text.size) {
            val first = place
            while (place < text.size && !isWhiteSpace(text.codes[place])) place++
            if (place > first) addRun(found, withMark(text, first, place))
            place++
        }
    }

    /** Adds the pieces of a run of characters without white space: each word in it begins at a mark. */
    private fun addRun(found: EncodingBuilder, run: AlignedText) {
        var place = 0
        while (place < run.size) {
            var end = place + 1
            // A mark behind a mark is a word of its own.
            while (end < run.size && run.codes[end] != WORD_START) end++
            addWord(found, run, place, end)
            place = end
        }
    }

    private fun addWord(found: EncodingBuilder, run: AlignedText, first: Int, last: Int) {
        val ends = cut(run.codes, first, last)
        var place = first
        for (index in ends.indices.reversed()) {
            val end = first + ends[index]
            val span = covered(run, place, end)
            found.add(idOf(run.codes, place, end), textOf(run.codes, place, end), start(span), end(span))
            place = end
        }
    }

    private fun idOf(codes: IntArray, first: Int, last: Int): Int {
        val id = trie.find(codes, first, last)
        return if (id == PieceTrie.NONE || id == maskId) unknownId else id
    }

    /**
     * Where the pieces end whose scores have the greatest sum, the last first; unknown neighbours are one.
     *
     * `encode_optimized` of the library's `unigram/model.rs`: of equal sums the one found first, from left to right and
     * with shorter pieces first.
     */
    private fun cut(codes: IntArray, first: Int, last: Int): IntArray {
        val size = last - first
        val paths = Paths(size)
        for (start in 0 until size) {
            var node = PieceTrie.ROOT
            var hasSingle = false
            for (end in start + 1..size) {
                node = trie.next(node, codes[first + end - 1])
                if (node == PieceTrie.NONE) break
                val id = trie.id(node)
                if (id == PieceTrie.NONE || id == maskId) continue
                hasSingle = hasSingle || end == start + 1
                paths.offer(start, end, paths.best[start] + model.scores[id], id == unknownId)
            }
            if (!hasSingle) paths.offer(start, start + 1, paths.best[start] + unknownScore, true)
        }
        return endsBack(size, paths.cameFrom, paths.isUnknown)
    }

    /** The best way to each end that was found so far: its sum, where its last piece starts, whether that is unknown. */
    private class Paths(size: Int) {
        val best = DoubleArray(size + 1) { if (it == 0) 0.0 else Double.NEGATIVE_INFINITY }
        val cameFrom = IntArray(size + 1)
        val isUnknown = BooleanArray(size + 1)

        fun offer(start: Int, end: Int, sum: Double, unknown: Boolean) {
            if (sum <= best[end]) return
            best[end] = sum
            cameFrom[end] = start
            isUnknown[end] = unknown
        }
    }

    private fun endsBack(size: Int, cameFrom: IntArray, isUnknown: BooleanArray): IntArray {
        val ends = CodeBuffer()
        var end = size
        while (end > 0) {
            ends.add(end)
            var start = cameFrom[end]
            while (isUnknown[end] && start > 0 && isUnknown[start]) start = cameFrom[start]
            end = start
        }
        return ends.toArray()
    }

    private fun withMark(text: AlignedText, first: Int, last: Int): AlignedText {
        val part = text.part(first, last)
        if (part.codes[0] == WORD_START) return part
        val marked = AlignedBuilder(part.size + 1)
        marked.add(WORD_START, part.starts[0], part.starts[0])
        for (place in 0 until part.size) marked.add(part.codes[place], part.starts[place], part.ends[place])
        return marked.build()
    }

    private companion object {
        const val UNKNOWN_PENALTY = 10.0

        fun isName(type: PieceType) =
            type == PieceType.CONTROL || type == PieceType.UNKNOWN || type == PieceType.USER_DEFINED

        /** Unicode's property, without the separators U+001C to U+001F that Python counts in. */
        fun isWhiteSpace(code: Int) = code !in 0x1C..0x1F && Unicode.isSpace(code)
    }
}

/** NFKD without any mark. */
private object WithoutMarks : Replacement {
    override fun of(code: Int): IntArray? {
        if (code < 0x80) return null
        val parts = Unicode.compatible(code) ?: return if (isMark(code)) NOTHING else null
        return if (parts.any(::isMark)) parts.filterNot(::isMark).toIntArray() else parts
    }

    private fun isMark(code: Int) = code >= 0x80 && Unicode.category(code)[0] == 'M'
}

/**
 * The parts [first, last) of the characters [from, to), none of them empty, and of each whether it is one of [names].
 *
 * The longest of several names that begin at one place.
 */
internal inline fun cutOut(codes: IntArray, from: Int, to: Int, names: PieceTrie, part: (Int, Int, Boolean) -> Unit) {
    var first = from
    var place = from
    while (place < to) {
        val end = nameEnd(codes, place, to, names)
        if (end == place) {
            place++
            continue
        }
        if (first < place) part(first, place, false)
        part(place, end, true)
        first = end
        place = end
    }
    if (first < to) part(first, to, false)
}

/** Where the longest of [names] at [place] ends; [place] if none begins there. */
internal fun nameEnd(codes: IntArray, place: Int, to: Int, names: PieceTrie): Int {
    var node = PieceTrie.ROOT
    var found = place
    for (end in place until to) {
        node = names.next(node, codes[end])
        if (node == PieceTrie.NONE) break
        if (names.id(node) != PieceTrie.NONE) found = end + 1
    }
    return found
}

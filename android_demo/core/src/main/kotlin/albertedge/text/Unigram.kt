package albertedge.text

/**
 * A text as SentencePiece normalizes it and the pieces that it is cut into; joined, they are that form.
 *
 * Piece i is the characters [ends[i - 1], ends[i]) of [text] (from 0), its id [ids] or the unknown piece's.
 */
internal class Cut(val text: AlignedText, val ids: IntArray, val ends: IntArray) {
    val size: Int get() = ids.size
}

/**
 * Cuts a text into the pieces whose scores have the greatest sum.
 *
 * Follows `Normalizer::Normalize` and `EncodeOptimized` of google/sentencepiece 0.2 (Viterbi; Kudo 2018, "Subword
 * Regularization", section 3.1), down to the rounding of sums: another one gives other pieces in 1 text of 300.
 */
internal class Unigram(private val model: ModelProto, private val trie: PieceTrie) {
    private val charsmap = Charsmap(model.charsmap)
    private val userDefined = PieceTrie(texts(PieceType.USER_DEFINED))
    private val unknownId = model.types.indexOf(PieceType.UNKNOWN)
    private val unknownScore: Float
    private val scores: DoubleArray

    /** Of a node of [trie] whose piece may be used its score, or infinity where that needs 64 bits; else not a number. */
    private val nodeScores: FloatArray
    private val space = if (model.escapeWhitespaces) WORD_START else SPACE

    /** Whether an ASCII character stays as it is, whatever follows it. */
    private val isPlain: BooleanArray

    /** Whether a space is nothing but a space before an ASCII character, whatever follows that. */
    private val isSpacePlainBefore: BooleanArray

    init {
        val plain = model.types.indices.filter { model.types[it] == PieceType.NORMAL }.map { model.scores[it] }
        unknownScore = (plain.minOrNull() ?: Float.MAX_VALUE) - UNKNOWN_PENALTY
        // As the library has it: the least positive number where all scores are negative.
        val highest = maxOf(plain.maxOrNull() ?: LEAST_POSITIVE, LEAST_POSITIVE)
        scores = DoubleArray(model.texts.size) { id ->
            if (model.types[id] == PieceType.USER_DEFINED) {
                userDefinedScore(model.texts[id], highest)
            } else {
                model.scores[id].toDouble()
            }
        }
        nodeScores = FloatArray(trie.size) { node -> nodeScore(trie.id(node)) }
        isPlain = BooleanArray(0x80) { it > SPACE && startsNothing(it) }
        isSpacePlainBefore = BooleanArray(0x80) { isSpaceItself() && charsmap.startsNothing(SPACE, it) }
    }

    /** Normalize [text] and cut it; the result is aligned with the original that [text] came from. */
    fun cut(text: AlignedText): Cut = viterbi(normalize(text))

    // === Normalization ===

    private fun normalize(text: AlignedText): AlignedText {
        val steps = Steps(text.size + 8)
        val match = Charsmap.Match()
        var place = if (model.removeExtraWhitespaces) leadingSpaces(text, match) else 0
        if (place == text.size) return AlignedText(NOTHING, NOTHING, NOTHING, 0)
        if (model.addDummyPrefix) steps.add(space, place)
        var afterSpace = model.removeExtraWhitespaces
        while (place < text.size) {
            val code = text.codes[place]
            if (code < 0x80 && isPlain[code]) {
                steps.add(code, place)
                afterSpace = false
                place++
                continue
            }
            if (code == SPACE && place + 1 < text.size && isPlainBefore(text.codes[place + 1])) {
                if (!afterSpace) steps.add(space, place)
                afterSpace = model.removeExtraWhitespaces
                place++
                continue
            }
            step(text, place, match)
            afterSpace = addStep(steps, place, match.replacement, afterSpace)
            place += match.length
        }
        if (model.removeExtraWhitespaces) place = steps.dropLast(space, place)
        return steps.aligned(text, place)
    }

    private fun leadingSpaces(text: AlignedText, match: Charsmap.Match): Int {
        var place = 0
        while (place < text.size) {
            step(text, place, match)
            if (!match.replacement.contentEquals(ONE_SPACE)) break
            place += match.length
        }
        return place
    }

    /** Adds what a step made, without spaces behind a space; whether it now ends with one. */
    private fun addStep(steps: Steps, origin: Int, made: IntArray, afterSpace: Boolean): Boolean {
        var first = 0
        while (afterSpace && first < made.size && made[first] == SPACE) first++
        for (index in first until made.size) {
            val code = made[index]
            steps.add(if (code == SPACE) space else code, origin)
        }
        if (!model.removeExtraWhitespaces) return false
        return if (first < made.size) made.last() == SPACE else afterSpace
    }

    /** What the next step takes and makes: a user-defined piece, the longest known sequence, or one character. */
    private fun step(text: AlignedText, place: Int, match: Charsmap.Match) {
        val width = userDefinedWidth(text, place)
        if (width > 0) {
            match.length = width
            match.replacement = text.codes.copyOfRange(place, place + width)
            return
        }
        charsmap.longest(text.codes, place, text.size, match)
        if (match.length == 0) {
            match.length = 1
            match.replacement = intArrayOf(text.codes[place])
        }
    }

    private fun userDefinedWidth(text: AlignedText, place: Int): Int {
        var node = PieceTrie.ROOT
        var width = 0
        for (end in place until text.size) {
            node = userDefined.next(node, text.codes[end])
            if (node == PieceTrie.NONE) break
            if (userDefined.id(node) != PieceTrie.NONE) width = end + 1 - place
        }
        return width
    }

    private fun nodeScore(id: Int): Float = when {
        id == PieceTrie.NONE -> Float.NaN
        model.types[id] == PieceType.NORMAL -> model.scores[id]
        model.types[id] == PieceType.USER_DEFINED -> Float.POSITIVE_INFINITY
        else -> Float.NaN
    }

    private fun startsNothing(code: Int): Boolean =
        userDefined.next(PieceTrie.ROOT, code) == PieceTrie.NONE && charsmap.startsNothing(code)

    private fun isSpaceItself(): Boolean {
        val match = Charsmap.Match()
        charsmap.longest(ONE_SPACE, 0, 1, match)
        val isKept = match.length == 0 || match.replacement.contentEquals(ONE_SPACE)
        return isKept && userDefined.next(PieceTrie.ROOT, SPACE) == PieceTrie.NONE
    }

    private fun isPlainBefore(code: Int): Boolean = code < 0x80 && isSpacePlainBefore[code]

    // === Viterbi ===

    private fun viterbi(text: AlignedText): Cut {
        val size = text.size
        val paths = Paths(size)
        for (start in 0 until size) {
            val sum = paths.best[start]
            var hasSingle = false
            var node = PieceTrie.ROOT
            for (end in start + 1..size) {
                node = trie.next(node, text.codes[end - 1])
                if (node == PieceTrie.NONE) break
                val score = nodeScores[node]
                if (score.isNaN()) continue
                val id = trie.id(node)
                val total = if (score.isInfinite()) (scores[id] + sum).toFloat() else score + sum
                paths.offer(start, end, total, id)
                if (end == start + 1) hasSingle = true
            }
            if (!hasSingle) paths.offer(start, start + 1, unknownScore + sum, unknownId)
        }
        return backtrack(text, paths.cameFrom, paths.ids)
    }

    /** The best way to each end that was found so far: its sum, where its last piece starts, and which piece that is. */
    private class Paths(size: Int) {
        val best = FloatArray(size + 1)
        val cameFrom = IntArray(size + 1) { -1 }
        val ids = IntArray(size + 1)

        /** A [sum] is rounded before it is compared: of sums that differ in no bit of 24 the first stays. */
        fun offer(start: Int, end: Int, sum: Float, id: Int) {
            if (cameFrom[end] >= 0 && sum <= best[end]) return
            best[end] = sum
            cameFrom[end] = start
            ids[end] = id
        }
    }

    /** The pieces of the best path; neighbours that are unknown become one. */
    private fun backtrack(text: AlignedText, cameFrom: IntArray, ids: IntArray): Cut {
        val found = CodeBuffer()
        val ends = CodeBuffer()
        var end = text.size
        while (end > 0) {
            val id = ids[end]
            val joins = id == unknownId && found.size > 0 && found.codes[found.size - 1] == unknownId
            if (!joins) {
                found.add(id)
                ends.add(end)
            }
            end = cameFrom[end]
        }
        return Cut(text, found.toArray().reversedArray(), ends.toArray().reversedArray())
    }

    private fun texts(type: PieceType) = model.texts.filterIndexed { id, _ -> model.types[id] == type }

    private companion object {
        const val SPACE = 0x20
        val ONE_SPACE = intArrayOf(SPACE)
        const val UNKNOWN_PENALTY = 10f
        const val LEAST_POSITIVE = 1.17549435e-38f

        /** So much that it is always chosen; the library counts bytes, and adds in 64 bits. */
        fun userDefinedScore(text: String, highest: Float): Double {
            val bytes = text.toByteArray(Charsets.UTF_8).size
            return (bytes * highest).toDouble() - 0.1
        }
    }
}

/** Normalized characters, each with the character at which the step that made it began. */
private class Steps(capacity: Int) {
    private val codes = CodeBuffer(capacity)
    private val origins = CodeBuffer(capacity)

    fun add(code: Int, origin: Int) {
        codes.add(code)
        origins.add(origin)
    }

    /** Drops each [space] at the end; returns where the rest ends: [place], or where the first dropped one began. */
    fun dropLast(space: Int, place: Int): Int {
        var size = codes.size
        while (size > 0 && codes.codes[size - 1] == space) size--
        if (size == codes.size) return place
        val end = origins.codes[size]
        codes.cut(size)
        origins.cut(size)
        return end
    }

    /**
     * The characters with their places in the text that [text] came from; the last step ends at [place] of [text].
     *
     * Characters that one step made together each cover all that it consumed. What is dropped (control characters)
     * belongs to the character before it.
     */
    fun aligned(text: AlignedText, place: Int): AlignedText {
        val size = codes.size
        val starts = IntArray(size)
        val ends = IntArray(size)
        var following = place
        var end = if (place > 0) text.ends[place - 1] else 0
        for (index in size - 1 downTo 0) {
            val origin = origins.codes[index]
            if (following > origin) end = text.ends[following - 1]
            starts[index] = text.starts[origin]
            ends[index] = end
            following = origin
        }
        return AlignedText(codes.codes, starts, ends, size)
    }
}

package albertedge.text

import albertedge.ArtifactException
import albertedge.RequestException
import albertedge.artifact.utf8OrNull

/**
 * Text to ids with a WordPiece vocabulary (the bytes of a `vocab.txt`, a piece a line), as Chinese ALBERT has one.
 *
 * Follows `FullTokenizer` of google-research/albert (`tokenization.py`, BERT's own): clean-up, Chinese characters
 * apart, lower case and accents, words at white space and punctuation, then of each word the longest piece again and
 * again. [Rules.HUGGING_FACE] follow transformers' `BertTokenizer` where it differs. Throws [ArtifactException] if the
 * bytes are not UTF-8 text, hold an empty or doubled piece, or lack one of `[PAD]`, `[UNK]`, `[CLS]` and `[SEP]`.
 */
class WordPieceTokenizer(vocabulary: ByteArray, val options: WordPieceOptions = WordPieceOptions()) : Tokenizer() {
    private val pieces = lines(vocabulary)
    private val trie = PieceTrie(pieces)
    private val cleanup = WordCleanup(options)
    private val longestWord = if (options.rules == Rules.GOOGLE) 200 else 100

    /** Where every piece that continues a word goes on from; none if there is no such piece. */
    private val continuing = CONTINUES.fold(PieceTrie.ROOT) { node, mark ->
        if (node == PieceTrie.NONE) node else trie.next(node, mark.code)
    }

    override val vocabSize: Int = pieces.size
    override val padId: Int = specialId("[PAD]")
    override val unkId: Int = specialId("[UNK]")
    override val clsId: Int = specialId("[CLS]")
    override val sepId: Int = specialId("[SEP]")
    override val maskId: Int? = find(MASK)

    /** The mask isn't among them: that is `encodeMasked`'s. */
    private val names = PieceTrie(listOf("[PAD]", "[UNK]", "[CLS]", "[SEP]"))

    override fun piece(id: Int): String = pieces.getOrNull(id)
        ?: throw RequestException("a piece's id must be from 0 to ${vocabSize - 1}; received $id")

    override fun encode(codes: IntArray, from: Int, to: Int): Encoding {
        val found = EncodingBuilder()
        if (options.rules == Rules.GOOGLE) {
            addPart(found, AlignedText.identity(codes, from, to))
        } else {
            cutOut(codes, from, to, names) { first, last, isName ->
                if (isName) {
                    found.add(trie.find(codes, first, last), textOf(codes, first, last), first, last)
                } else {
                    addPart(found, AlignedText.identity(codes, first, last))
                }
            }
        }
        return found.build()
    }

    private fun addPart(found: EncodingBuilder, part: AlignedText) {
        val text = cleanup.clean(part)
        var first = 0
        for (place in 0..text.size) {
            val code = if (place < text.size) text.codes[place] else SPACE
            val isMark = code != SPACE && isPunctuation(code)
            if (code != SPACE && !isMark) continue
            if (first < place) addWord(found, text, first, place)
            // A punctuation mark is a word of its own.
            if (isMark) addWord(found, text, place, place + 1)
            first = place + 1
        }
    }

    /** All of a word or nothing: a word that has no pieces is one `[UNK]` that covers it. */
    private fun addWord(found: EncodingBuilder, text: AlignedText, first: Int, last: Int) {
        val ends = if (last - first > longestWord) null else pieceEnds(text.codes, first, last)
        if (ends == null) {
            found.add(unkId, pieces[unkId], text.starts[first], text.ends[last - 1])
            return
        }
        var place = first
        for (index in 0 until ends.size step 2) {
            val end = ends.codes[index]
            val id = ends.codes[index + 1]
            found.add(id, pieces[id], text.starts[place], text.ends[end - 1])
            place = end
        }
    }

    /** From the left, the longest piece again and again: where each ends, and its id; null where there is none. */
    private fun pieceEnds(codes: IntArray, first: Int, last: Int): CodeBuffer? {
        val found = CodeBuffer()
        var place = first
        while (place < last) {
            var node = if (place == first) PieceTrie.ROOT else continuing
            var end = place
            var id = PieceTrie.NONE
            for (next in place until last) {
                if (node != PieceTrie.NONE) node = trie.next(node, codes[next])
                if (node == PieceTrie.NONE) break
                if (trie.id(node) != PieceTrie.NONE) {
                    end = next + 1
                    id = trie.id(node)
                }
            }
            if (end == place) return null
            found.add(end)
            found.add(id)
            place = end
        }
        return found
    }

    private fun find(piece: String): Int? {
        val codes = codePoints(piece)
        return trie.find(codes, 0, codes.size).takeIf { it != PieceTrie.NONE }
    }

    private fun specialId(piece: String): Int = find(piece) ?: throw without(piece, pieces.size)

    private companion object {
        const val SPACE = 0x20
        const val MAX_PIECE_UNITS = 256

        /** Pieces by id; lines may end in CRLF, and a last line break is none too many. */
        fun lines(vocabulary: ByteArray): List<String> {
            val text = utf8OrNull(vocabulary)
                ?: throw ArtifactException("a WordPiece vocabulary must be UTF-8 text; received other bytes")
            val lines = text.removePrefix("\uFEFF").split('\n').map { it.removeSuffix("\r") }
            val pieces = lines.dropLastWhile { it.isEmpty() }
            val wrong = pieces.indexOfFirst { it.length !in 1..MAX_PIECE_UNITS }
            if (wrong >= 0) {
                throw ArtifactException(
                    "a WordPiece vocabulary must hold one piece a line; received ${pieces[wrong].length} characters " +
                        "in line ${wrong + 1}",
                )
            }
            return pieces
        }
    }
}

/** Unicode's categories P, and every ASCII sign that is no letter or digit, such as `$`. */
private fun isPunctuation(code: Int): Boolean =
    if (code < 0x80) code in 0x21..0x7E && !Unicode.isAlphanumeric(code) else Unicode.category(code)[0] == 'P'

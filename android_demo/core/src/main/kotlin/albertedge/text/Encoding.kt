package albertedge.text

/**
 * A text's pieces, without `[CLS]` and `[SEP]`; lists of one length.
 *
 * Offsets are code points [start, end) of the original text that a piece covers (see [Utf16Offsets]); starts and ends
 * never decrease. The white space before a word is not covered. A piece that is only the word-start mark has an empty
 * span where the word starts. Pieces made of one original character (`½`) each cover that character.
 */
class Encoding(
    /** Rows of the model's table of words. */
    val ids: IntArray,
    val pieces: List<String>,
    val starts: IntArray,
    val ends: IntArray,
) {
    /** Number of pieces. */
    val size: Int get() = ids.size
}

/** The mask piece: what it is called in both kinds of vocabulary, and how a request for `fill-mask` writes it. */
const val MASK = "[MASK]"

/** SentencePiece's mark for the white space before a word, in pieces and in normalized text. */
internal const val WORD_START = 0x2581

/** Before a piece of a WordPiece vocabulary that continues a word. */
internal const val CONTINUES = "##"

/** An [Encoding] in the making. */
internal class EncodingBuilder {
    private val ids = CodeBuffer()
    private val pieces = ArrayList<String>()
    private val starts = CodeBuffer()
    private val ends = CodeBuffer()
    private var reached = 0

    /** Adds a piece that covers [start, end). */
    fun add(id: Int, piece: String, start: Int, end: Int) {
        ids.add(id)
        pieces.add(piece)
        starts.add(start)
        // An empty span can lie inside a character that becomes several words (U+FDFA): it covers it as they do.
        reached = maxOf(reached, end)
        ends.add(reached)
    }

    fun build() = Encoding(ids.toArray(), pieces, starts.toArray(), ends.toArray())
}

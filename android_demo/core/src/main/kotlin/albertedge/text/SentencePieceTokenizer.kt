package albertedge.text

import albertedge.ArtifactException
import albertedge.RequestException

/**
 * Text to ids with a SentencePiece unigram model (a file's bytes) and the clean-up's [options].
 *
 * Under [Rules.GOOGLE] it follows `encode_pieces` and `encode_ids` of google-research/albert (`tokenization.py`):
 * clean-up, unigram pieces, then the rule that cuts a comma off a number (`9,` becomes `9` and `,`). Throws
 * [ArtifactException] if the bytes are no such model or lack one of `<pad>`, `<unk>`, `[CLS]` and `[SEP]`.
 */
class SentencePieceTokenizer(modelFile: ByteArray, val options: TokenizerOptions = TokenizerOptions()) : Tokenizer() {
    private val model = parseModel(modelFile)
    private val trie = PieceTrie(model.texts)
    private val unigram = Unigram(model, trie)

    override val vocabSize: Int = model.texts.size
    override val unkId: Int = model.types.indexOf(PieceType.UNKNOWN)
    override val padId: Int = specialId("<pad>")
    override val clsId: Int = specialId("[CLS]")
    override val sepId: Int = specialId("[SEP]")
    override val maskId: Int? = find(MASK)

    /** A run of unknown characters that spells one of these must not become it. */
    private val neverFound: Set<Int> = setOfNotNull(padId, clsId, sepId, maskId) + model.sentenceEdges
        .mapNotNull(::find).filter { model.types[it] == PieceType.CONTROL }

    private val huggingFace = if (options.rules == Rules.HUGGING_FACE) HuggingFaceRules(model, trie, options) else null

    init {
        if (find("<0x41>") != null) {
            throw ArtifactException("a SentencePiece model must not use byte fallback; received one with byte pieces")
        }
    }

    override fun piece(id: Int): String = model.texts.getOrNull(id)
        ?: throw RequestException("a piece's id must be from 0 to ${vocabSize - 1}; received $id")

    override fun encode(codes: IntArray, from: Int, to: Int): Encoding {
        if (huggingFace != null) return huggingFace.encode(codes, from, to)
        val found = EncodingBuilder()
        val cut = unigram.cut(clean(codes, from, to, options))
        var first = 0
        for (index in 0 until cut.size) {
            val last = cut.ends[index]
            if (hasComma(cut.text.codes, first, last)) {
                addNumber(found, cut.text, first, last - 1)
                add(found, cut.text, last - 1, last, PieceTrie.NONE)
            } else {
                add(found, cut.text, first, last, cut.ids[index])
            }
            first = last
        }
        return found.build()
    }

    /** Adds the characters [first, last) of a normalized text, the piece [id] if it is known already. */
    private fun add(found: EncodingBuilder, text: AlignedText, first: Int, last: Int, id: Int) {
        val isKnown = id != PieceTrie.NONE && id != unkId
        val piece = if (isKnown) model.texts[id] else textOf(text.codes, first, last)
        val place = covered(text, first, last)
        found.add(if (isKnown) id else idOf(text.codes, first, last), piece, start(place), end(place))
    }

    private fun idOf(codes: IntArray, first: Int, last: Int): Int {
        val id = trie.find(codes, first, last)
        return if (id == PieceTrie.NONE || id in neverFound) unkId else id
    }

    /** Whether the rule for commas takes a piece apart: a number with a comma behind it. */
    private fun hasComma(codes: IntArray, first: Int, last: Int): Boolean =
        last - first > 1 && codes[last - 1] == ','.code && Unicode.isDigit(codes[last - 2])

    /** Adds the pieces of a number, [first, last) of a normalized text, that had a comma behind it: `▁10` or `10`. */
    private fun addNumber(found: EncodingBuilder, text: AlignedText, first: Int, last: Int) {
        val number = unigram.cut(withoutMarks(text, first, last))
        // Inside a word the mark that encoding it alone has put there goes, and so does a piece that is only a mark.
        val isInside = text.codes[first] != WORD_START && number.size > 0 && number.text.codes[0] == WORD_START
        var begin = 0
        for (index in 0 until number.size) {
            val end = number.ends[index]
            if (index > 0 || !isInside) {
                addFound(found, number, begin, end, begin)
            } else if (end - begin > 1) {
                addFound(found, number, begin, end, begin + 1)
            }
            begin = end
        }
    }

    /** Adds the piece [first, last) of a number with the text from [shown] on. */
    private fun addFound(found: EncodingBuilder, number: Cut, first: Int, last: Int, shown: Int) {
        val place = covered(number.text, first, last)
        val codes = number.text.codes
        found.add(idOf(codes, shown, last), textOf(codes, shown, last), start(place), end(place))
    }

    private fun withoutMarks(text: AlignedText, first: Int, last: Int): AlignedText {
        val kept = AlignedBuilder(last - first)
        for (place in first until last) {
            if (text.codes[place] != WORD_START) kept.add(text.codes[place], text.starts[place], text.ends[place])
        }
        return kept.build()
    }

    private fun find(piece: String): Int? {
        val codes = codePoints(piece)
        return trie.find(codes, 0, codes.size).takeIf { it != PieceTrie.NONE && it != unkId }
    }

    private fun specialId(piece: String): Int = find(piece) ?: throw without(piece, vocabSize)
}

/**
 * The original span of the characters [first, last), last > first, of a normalized text; see [start] and [end].
 *
 * The mark of a word's start is left out: a piece is what it says, without the white space before it. A mark alone has
 * the empty span where the text after it starts, or else where the text ends.
 */
internal fun covered(text: AlignedText, first: Int, last: Int): Long {
    var begin = first
    while (begin < last && text.codes[begin] == WORD_START) begin++
    if (begin < last) return span(text.starts[begin], text.ends[last - 1])
    val place = if (last < text.size) text.starts[last] else text.ends[text.size - 1]
    return span(place, place)
}

private fun span(start: Int, end: Int): Long = start.toLong() shl 32 or end.toLong()

/** Where a span of [covered] starts. */
internal fun start(span: Long): Int = (span ushr 32).toInt()

/** Where it ends. */
internal fun end(span: Long): Int = span.toInt()

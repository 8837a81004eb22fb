package albertedge.text

import albertedge.ArtifactException
import albertedge.RequestException

/** Text to ids with a vocabulary and options. Threads may share it. */
abstract class Tokenizer {
    /** Number of pieces. */
    abstract val vocabSize: Int
    abstract val padId: Int
    abstract val unkId: Int
    abstract val clsId: Int
    abstract val sepId: Int

    /** Null if the vocabulary has no mask piece. */
    abstract val maskId: Int?

    /** The piece of an id in [0, vocabSize); throws [RequestException] for any other. */
    abstract fun piece(id: Int): String

    /** Ids, pieces and offsets of the code points [from, to) of a text, counted from its start. */
    internal abstract fun encode(codes: IntArray, from: Int, to: Int): Encoding

    /**
     * Ids, pieces and offsets of [text]; none of an empty one. Throws [RequestException] on a lone surrogate.
     *
     * `[MASK]` is plain text, and under [Rules.GOOGLE] so is every special piece's name.
     */
    fun encode(text: String): Encoding {
        val codes = codePoints(text)
        return encode(codes, 0, codes.size)
    }

    /**
     * As [encode], but each literal `[MASK]` becomes the mask piece, its offsets those of the six characters.
     *
     * The texts before and after it are encoded apart. Throws [RequestException] also if there is no mask piece.
     */
    fun encodeMasked(text: String): Encoding {
        val mask = maskId
            ?: throw RequestException("a vocabulary must have the piece $MASK to be asked for it; received none")
        val codes = codePoints(text)
        val found = EncodingBuilder()
        var place = 0
        for (start in maskPlaces(codes) + codes.size) {
            append(found, encode(codes, place, start))
            if (start < codes.size) found.add(mask, MASK, start, start + MASK.length)
            place = minOf(codes.size, start + MASK.length)
        }
        return found.build()
    }

    private fun append(found: EncodingBuilder, part: Encoding) {
        for (index in 0 until part.size) {
            found.add(part.ids[index], part.pieces[index], part.starts[index], part.ends[index])
        }
    }

    companion object {
        /** The error for a vocabulary without one of the pieces that every model needs. */
        internal fun without(piece: String, size: Int) =
            ArtifactException("an ALBERT vocabulary must have the piece $piece; received $size pieces without it")
    }
}

/** The characters of a text at which a `[MASK]` starts. */
internal fun maskPlaces(codes: IntArray): List<Int> {
    val places = ArrayList<Int>()
    var place = 0
    while (place + MASK.length <= codes.size) {
        if (MASK.indices.all { codes[place + it] == MASK[it].code }) {
            places.add(place)
            place += MASK.length
        } else {
            place++
        }
    }
    return places
}

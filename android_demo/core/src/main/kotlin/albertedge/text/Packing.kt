package albertedge.text

import albertedge.RequestException

/** One input of T tokens, special pieces included. */
class Packed(
    /** [T] */
    val inputIds: IntArray,
    /** [T]: 0 up to and with the first `[SEP]`, then 1. */
    val tokenTypeIds: IntArray,
    /** [K]: the positions to be filled, of `fill-mask` only. */
    val maskedPositions: IntArray? = null,
)

/**
 * Tokenize and pack one text or pair into at most [maxLength] tokens: `[CLS] A [SEP]` or `[CLS] A [SEP] B [SEP]`.
 *
 * Follows `convert_single_example` of google-research/albert (`classifier_utils.py`) without its padding. A text too
 * long loses its end; of a pair the longer loses first. Throws [RequestException] without room for the special pieces.
 */
fun pack(tokenizer: Tokenizer, text: String, textPair: String? = null, maxLength: Int = 512): Packed {
    val specials = if (textPair == null) 2 else 3
    if (maxLength < specials) throw RequestException("max_length must be at least $specials; received $maxLength")
    val ids = tokenizer.encode(text).ids
    val pairIds = if (textPair == null) IntArray(0) else tokenizer.encode(textPair).ids
    val (kept, pairKept) = keptLengths(ids.size, pairIds.size, maxLength - specials)
    return packIds(tokenizer, ids.copyOf(kept), if (textPair == null) null else pairIds.copyOf(pairKept))
}

/** The input of one text's ids, or of two's; none is cut off. */
internal fun packIds(tokenizer: Tokenizer, ids: IntArray, pairIds: IntArray? = null): Packed {
    val first = intArrayOf(tokenizer.clsId) + ids + tokenizer.sepId
    if (pairIds == null) return Packed(first, IntArray(first.size))
    val all = first + pairIds + tokenizer.sepId
    return Packed(all, IntArray(all.size) { if (it < first.size) 0 else 1 })
}

/**
 * How many ids of each text fit into [room] if, one by one, the longer text (the second of equals) loses its last.
 *
 * Worked out rather than looped: a text shorter than half of [room] stays whole, else each gets its half.
 */
internal fun keptLengths(length: Int, pairLength: Int, room: Int): Pair<Int, Int> {
    val pairKept = minOf(pairLength, maxOf(room / 2, room - length))
    return minOf(length, room - pairKept) to pairKept
}

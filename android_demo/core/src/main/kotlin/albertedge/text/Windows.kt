package albertedge.text

import albertedge.RequestException

/** The pieces [start, stop) of a text as one input. */
class Window internal constructor(
    val packed: Packed,
    /** Where in `packed.inputIds` the piece [start] stands. */
    val first: Int,
    val start: Int,
    val stop: Int,
)

/**
 * Windows of a text's [ids] of at most [longest] tokens, special pieces and [before] or [after] included.
 *
 * Follows `convert_examples_to_features` of google-research/albert (`squad_utils.py`), but the last window is shifted
 * back so that it is full. [stride] pieces lie between the starts of two windows, null: half of the room that a window
 * has. [before] are the ids of a first text, [after] of a second one. Throws [RequestException] if there is no room for
 * a piece, and on a stride below 1 or above the room (pieces would be lost).
 */
internal fun windows(
    tokenizer: Tokenizer,
    ids: IntArray,
    longest: Int,
    stride: Int? = null,
    before: IntArray = NOTHING,
    after: IntArray = NOTHING,
): List<Window> {
    val room = windowRoom(longest, before.size + after.size)
    val step = stride ?: maxOf(1, room / 2)
    if (step !in 1..room) {
        throw RequestException("stride must be from 1 to a window's room of $room pieces; received $step")
    }
    val last = maxOf(0, ids.size - room)
    val starts = (0 until last step step) + last
    return starts.map { start ->
        val part = ids.copyOfRange(start, minOf(ids.size, start + room))
        if (before.isNotEmpty()) {
            Window(packIds(tokenizer, before, part), before.size + 2, start, start + part.size)
        } else {
            Window(packIds(tokenizer, part, after.takeIf { it.isNotEmpty() }), 1, start, start + part.size)
        }
    }
}

/** Pieces that a window of [longest] tokens holds beside a text of [others] ids; throws if there is none. */
internal fun windowRoom(longest: Int, others: Int = 0): Int {
    val specials = if (others > 0) 3 else 2
    if (longest <= specials + others) {
        throw RequestException(
            "a window must have room for a piece beside $specials special ones and $others of another text; " +
                "received $longest tokens",
        )
    }
    return longest - specials - others
}

/**
 * The window that judges each piece, [pieces], for the windows of one text in their order.
 *
 * It is the one in which the piece's left or right context, whichever is shorter, is longest; of equals the first
 * (`_check_is_max_context` of google-research/albert).
 */
internal fun widestContext(windows: List<Window>): IntArray {
    val pieces = windows.last().stop
    val widest = IntArray(pieces) { -1 }
    val judges = IntArray(pieces)
    for ((index, window) in windows.withIndex()) {
        for (piece in window.start until window.stop) {
            val context = minOf(piece - window.start, window.stop - 1 - piece)
            if (context > widest[piece]) {
                widest[piece] = context
                judges[piece] = index
            }
        }
    }
    return judges
}

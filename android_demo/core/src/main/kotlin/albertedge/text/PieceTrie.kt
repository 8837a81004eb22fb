package albertedge.text

import albertedge.ArtifactException

/**
 * The pieces of a vocabulary by their characters: from a node, the node of the next character.
 *
 * A hash table of (node, character), so that it is made in one pass, whatever the vocabulary.
 */
internal class PieceTrie(pieces: List<String>) {
    private var keys = LongArray(MIN_SLOTS)
    private var nodes = IntArray(MIN_SLOTS)
    private var shift = 64 - MIN_SLOTS.countTrailingZeroBits()
    private val ids = CodeBuffer(pieces.size)

    init {
        ids.add(NONE)
        for ((id, piece) in pieces.withIndex()) {
            var node = ROOT
            var place = 0
            while (place < piece.length) {
                val code = piece.codePointAt(place)
                place += Character.charCount(code)
                node = child(node, code)
            }
            if (ids.codes[node] != NONE) {
                throw ArtifactException("a vocabulary must hold each piece once; received piece $id again")
            }
            ids.codes[node] = id
        }
    }

    /** The node behind the character [code] after [node]; [NONE] if no piece goes on so. */
    fun next(node: Int, code: Int): Int {
        val key = key(node, code)
        var slot = slot(key)
        while (true) {
            val found = keys[slot]
            if (found == key) return nodes[slot]
            if (found == 0L) return NONE
            slot = slot + 1 and keys.size - 1
        }
    }

    /** The id of the piece that ends at [node]; [NONE] if none does. */
    fun id(node: Int): Int = ids.codes[node]

    /** The id of the piece that is the characters [from, to); [NONE] if there is none. */
    fun find(codes: IntArray, from: Int, to: Int): Int {
        var node = ROOT
        for (place in from until to) {
            node = next(node, codes[place])
            if (node == NONE) return NONE
        }
        return id(node)
    }

    private fun child(node: Int, code: Int): Int {
        val known = next(node, code)
        if (known != NONE) return known
        val added = ids.size
        ids.add(NONE)
        if (2 * added >= keys.size) grow()
        put(key(node, code), added)
        return added
    }

    private fun put(key: Long, node: Int) {
        var slot = slot(key)
        while (keys[slot] != 0L) slot = slot + 1 and keys.size - 1
        keys[slot] = key
        nodes[slot] = node
    }

    private fun grow() {
        val oldKeys = keys
        val oldNodes = nodes
        keys = LongArray(2 * oldKeys.size)
        nodes = IntArray(2 * oldKeys.size)
        shift--
        for (index in oldKeys.indices) if (oldKeys[index] != 0L) put(oldKeys[index], oldNodes[index])
    }

    /** Never 0, which marks a free slot. */
    private fun key(node: Int, code: Int): Long = (node + 1L shl CODE_BITS) or code.toLong()

    /** Fibonacci hashing. */
    private fun slot(key: Long): Int = (key * GOLDEN ushr shift).toInt()

    companion object {
        const val ROOT = 0
        const val NONE = -1
        private const val MIN_SLOTS = 1024
        private const val CODE_BITS = 21
        private const val GOLDEN = -0x61c8864680b583ebL
    }
}

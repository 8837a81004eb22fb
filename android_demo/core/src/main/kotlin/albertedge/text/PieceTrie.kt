package albertedge.text

import albertedge.ArtifactException

/**
 * The pieces of a vocabulary by their characters: from a node, the node of the next character.
 *
 * A hash table of (node, character), so that it is made in one pass, whatever the vocabulary.
 */
internal class PieceTrie(pieces: List<String>) {
    /** Key and node together, so that a step reads one place of memory: most are far from the last one's. */
    private var slots = LongArray(MIN_SLOTS)
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
            val found = slots[slot]
            if (found ushr NODE_BITS == key) return (found and MAX_NODE).toInt()
            if (found == 0L) return NONE
            slot = slot + 1 and slots.size - 1
        }
    }

    /** Nodes, [ROOT] included. */
    val size: Int get() = ids.size

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
        if (added > MAX_NODE) {
            throw ArtifactException("a vocabulary's pieces must have at most $MAX_NODE beginnings; received more")
        }
        ids.add(NONE)
        if (2 * added >= slots.size) grow()
        put(key(node, code), added.toLong())
        return added
    }

    private fun put(key: Long, node: Long) {
        var slot = slot(key)
        while (slots[slot] != 0L) slot = slot + 1 and slots.size - 1
        slots[slot] = key shl NODE_BITS or node
    }

    private fun grow() {
        val old = slots
        slots = LongArray(2 * old.size)
        shift--
        for (entry in old) if (entry != 0L) put(entry ushr NODE_BITS, entry and MAX_NODE)
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
        private const val NODE_BITS = 21

        /** A key has one more bit than a node and a code, and shares 64 with a node. */
        private const val MAX_NODE = (1L shl NODE_BITS) - 1
        private const val GOLDEN = -0x61c8864680b583ebL
    }
}

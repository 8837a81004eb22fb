package albertedge.measure

import java.math.BigInteger

/**
 * [count] numbers from 0 to [highest], those of numpy's `default_rng(seed).integers(0, highest, count, int32,
 * endpoint=True)`: so that a phone runs the very request that the Python harness runs.
 *
 * The seed goes through numpy's SeedSequence (after M. O'Neill's `seed_seq`, numpy/random/bit_generator.pyx) into PCG64
 * (O'Neill 2014, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms", XSL-RR 128/64), whose
 * halves are brought into range as Lemire 2019, arXiv:1805.10941, does.
 */
internal fun randomIds(seed: Int, count: Int, highest: Int): IntArray {
    val generator = Pcg64(seed)
    val size = highest + 1L
    val threshold = (0x1_0000_0000L - size) % size
    return IntArray(count) {
        var product = generator.next32() * size
        while ((product and MASK_32) < threshold) product = generator.next32() * size
        (product ushr 32).toInt()
    }
}

private const val MASK_32 = 0xFFFFFFFFL

private class Pcg64(seed: Int) {
    private var state = BigInteger.ZERO
    private val increment: BigInteger
    private var half: Long? = null

    init {
        val words = seedWords(seed)
        increment = number(words, 4).shiftLeft(1).setBit(0).and(MASK_128)
        step()
        state = state.add(number(words, 0))
        step()
    }

    /** The lower half of a 64-bit number, then its upper half. */
    fun next32(): Long {
        half?.let {
            half = null
            return it
        }
        val next = next64()
        half = next ushr 32
        return next and MASK_32
    }

    private fun next64(): Long {
        step()
        val folded = state.shiftRight(64).toLong() xor state.toLong()
        return java.lang.Long.rotateRight(folded, state.shiftRight(122).toInt())
    }

    private fun step() {
        state = state.multiply(MULTIPLIER).add(increment).and(MASK_128)
    }

    private companion object {
        val MASK_128: BigInteger = BigInteger.ONE.shiftLeft(128).subtract(BigInteger.ONE)
        val MULTIPLIER = BigInteger("2360ed051fc65da44385df649fccf645", 16)

        /** Four of the 32-bit [words]: two 64-bit ones, the upper first, each with its lower half first. */
        fun number(words: IntArray, start: Int): BigInteger = listOf(1, 0, 3, 2).fold(BigInteger.ZERO) { value, place ->
            value.shiftLeft(32).or(BigInteger.valueOf(words[start + place].toLong() and MASK_32))
        }
    }
}

/** `SeedSequence(seed).generate_state(8)`; products wrap around at 32 bits. */
private fun seedWords(seed: Int): IntArray {
    val pool = seedPool(seed)
    var factor = 0x8b51f9ddL.toInt()
    return IntArray(8) {
        val value = pool[it % pool.size] xor factor
        factor *= 0x58f38ded
        folded(value * factor)
    }
}

private fun seedPool(seed: Int): IntArray {
    var factor = 0x43b0d7e5
    fun hashed(value: Int): Int {
        val mixed = value xor factor
        factor *= 0x931e8875L.toInt()
        return folded(mixed * factor)
    }
    val pool = IntArray(4) { hashed(if (it == 0) seed else 0) }
    for (source in pool.indices) {
        for (target in pool.indices) {
            if (source == target) continue
            val other = hashed(pool[source])
            pool[target] = folded(0xca01f9ddL.toInt() * pool[target] - 0x4973f715 * other)
        }
    }
    return pool
}

private fun folded(value: Int): Int = value xor (value ushr 16)

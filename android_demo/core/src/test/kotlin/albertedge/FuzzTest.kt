package albertedge

import albertedge.artifact.Artifact
import albertedge.artifact.checkStructure
import albertedge.artifact.readModel
import albertedge.text.SentencePieceTokenizer
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assertions.fail
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import java.util.Random

/** Damaged input ends in an [AlbertEdgeException] or in an answer; never in another exception, and soon. */
class FuzzTest {
    private val random = Random(7)

    @Test
    @Timeout(600)
    fun `10,000 mutations of the flatbuffer and of the zip behind it`() {
        val whole = Fixtures.artifact("looped_float32")
        val model = Fixtures.model("looped_float32")
        var refused = 0
        repeat(MUTATIONS) { number ->
            val isZip = number % 2 == 0
            val bytes = mutated(if (isZip) whole.copyOfRange(model.size - 64, whole.size) else model, !isZip)
            refused += refusals {
                if (isZip) Artifact.read(buffer(bytes)) else readModel(buffer(bytes)).also { checkStructure(it) }
            }
        }
        assertTrue(refused > MUTATIONS / 2) { "$refused" }
    }

    @Test
    @Timeout(600)
    fun `10,000 mutations of a SentencePiece model`() {
        val model = Fixtures.vocabulary
        var refused = 0
        repeat(MUTATIONS) {
            val bytes = mutated(model, it % 3 == 0)
            refused += refusals {
                SentencePieceTokenizer(bytes).encode("Ａ fi\uFB01nal 10,000, “test” (of) the ｶﾞ model")
            }
        }
        assertTrue(refused in MUTATIONS / 20 until MUTATIONS) { "$refused" }
    }

    private fun refusals(action: () -> Unit): Int = try {
        action()
        0
    } catch (error: AlbertEdgeException) {
        1
    } catch (error: Throwable) {
        fail("a damaged file must give an AlbertEdgeException; received $error", error)
    }

    /** A few bytes changed (near the [start] if wanted, where structure is), numbers made large, parts moved or cut. */
    private fun mutated(bytes: ByteArray, start: Boolean): ByteArray {
        val copy = bytes.copyOf()
        val range = if (start) minOf(copy.size, 4096) else copy.size
        repeat(1 + random.nextInt(8)) {
            val place = random.nextInt(range)
            when (random.nextInt(4)) {
                0 -> copy[place] = random.nextInt(256).toByte()
                1 -> for (index in place until minOf(copy.size, place + 4)) copy[index] = 0xFF.toByte()
                2 -> copy[place] = (copy[place].toInt() xor (1 shl random.nextInt(8))).toByte()
                else -> {
                    val from = random.nextInt(copy.size)
                    val count = minOf(random.nextInt(64), copy.size - from, copy.size - place)
                    copy.copyInto(copy, place, from, from + count)
                }
            }
        }
        return if (random.nextInt(10) == 0) copy.copyOf(random.nextInt(copy.size)) else copy
    }

    private companion object {
        const val MUTATIONS = 10_000
    }
}

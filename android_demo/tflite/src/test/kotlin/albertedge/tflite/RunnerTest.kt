package albertedge.tflite

import albertedge.AlbertEdgeException
import albertedge.Fixtures
import albertedge.artifact.Artifact
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.Closeable
import java.nio.ByteBuffer

/** What the runner does without TensorFlow Lite's library; with it the Python tests ask it (tests/android). */
class RunnerTest {
    private class Counted : Closeable {
        var closed = 0

        override fun close() {
            closed++
        }
    }

    @Test
    fun `a missing library is one line`() {
        val artifact = Artifact.read(ByteBuffer.wrap(Fixtures.artifact("looped_float32")))
        val error = assertThrows(AlbertEdgeException::class.java) { TfliteModelRunner(artifact) }
        assertSame(TfliteException::class.java, error.javaClass)
        assertTrue(error.message!!.startsWith("TensorFlow Lite must be loaded; received "), error.message)
        assertFalse(error.message!!.any { it < ' ' })
    }

    @Test
    fun `there must be a thread`() {
        val error = assertThrows(TfliteException::class.java) { TfliteOptions(threads = 0) }
        assertEquals("threads must be 1 or more; received 0", error.message)
    }

    @Test
    fun `the GPU needs its package`() {
        val error = assertThrows(TfliteException::class.java) { Delegates.Standard.make(Accelerator.GPU) }
        assertEquals("the GPU needs the package tensorflow-lite-gpu; received ClassNotFoundException", error.message)
    }

    @Test
    fun `the values used last are kept and the others closed`() {
        val kept = Kept<Int, Counted>(2)
        val values = List(3) { Counted() }
        kept.put(0, values[0])
        kept.put(1, values[1])
        assertSame(values[0], kept.get(0))
        kept.put(2, values[2])
        assertEquals(listOf(0, 1, 0), values.map { it.closed })
        assertNull(kept.get(1))
        kept.drop(0)
        kept.close()
        kept.close()
        assertEquals(listOf(1, 1, 1), values.map { it.closed })
        assertNull(kept.get(2))
    }
}

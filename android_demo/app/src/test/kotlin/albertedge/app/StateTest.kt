package albertedge.app

import albertedge.ArtifactException
import albertedge.OutputException
import albertedge.RequestException
import albertedge.app.state.EntityColors
import albertedge.app.state.Formatting
import albertedge.app.state.JobFailedException
import albertedge.app.state.Problem
import albertedge.app.state.ProblemKind
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.io.IOException
import java.util.Locale

class StateTest {
    @Test
    fun `numbers in the user's manner`() {
        val english = Formatting(Locale.US)
        assertEquals("93%", english.percent(0.93))
        assertEquals("< 1%", english.percent(0.001))
        assertEquals("0%", english.percent(0.0))
        assertEquals("8.31 ms", english.milliseconds(8.314))
        assertEquals("83.1 ms", english.milliseconds(83.14))
        assertEquals("831 ms", english.milliseconds(831.4))
        assertEquals("42.5 MB", english.megabytes(42_500_000))
        val german = Formatting(Locale.GERMANY)
        assertEquals("93\u00A0%", german.percent(0.93))
        assertEquals("8,31 ms", german.milliseconds(8.314))
    }

    @Test
    fun `each failure has its kind, and a line`() {
        val kinds = mapOf(
            ArtifactException("a\nb") to ProblemKind.FILE,
            RequestException("a") to ProblemKind.REQUEST,
            OutputException("a") to ProblemKind.OUTPUT,
            OutOfMemoryError("a") to ProblemKind.MEMORY,
            UnsatisfiedLinkError("a") to ProblemKind.LIBRARY,
            NoClassDefFoundError("a") to ProblemKind.LIBRARY,
            IllegalStateException("a") to ProblemKind.INTERPRETER,
            JobFailedException("a") to ProblemKind.JOB,
            IOException("a") to ProblemKind.READING,
            StackOverflowError("a") to ProblemKind.UNEXPECTED,
            RuntimeException("a") to ProblemKind.UNEXPECTED,
        )
        for ((error, kind) in kinds) assertEquals(Problem(kind, "a"), Problem.of(error))
        assertEquals("", Problem.of(IOException()).detail)
        assertThrows(InternalError::class.java) { Problem.of(InternalError("the machine")) }
    }

    @Test
    fun `text is readable on each entity's colour, and no two are the same`() {
        for (count in listOf(1, 4, 18, 40)) {
            for ((isDark, text) in listOf(false to 0x18201F, true to 0xE2EAE9)) {
                val colors = List(count) { EntityColors.background(it, count, isDark) }
                assertEquals(count, colors.distinct().size)
                colors.forEach { assertTrue("%06x of %d".format(it, count), contrastOf(it, text) >= 4.5) }
            }
        }
    }
}

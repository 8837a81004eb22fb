package albertedge.app

import albertedge.app.state.ModelState
import albertedge.app.state.ReplyState
import albertedge.app.state.Screen
import albertedge.artifact.Task
import android.widget.EditText
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotSame
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** Turning the phone keeps everything, the end of the process what was typed and chosen. */
@RunWith(RobolectricTestRunner::class)
class LifecycleTest {
    private val runners = FakeRunners().also { Device.application.runners = it }

    @Test
    fun `turning the phone keeps text, result and model`() = Device().use { phone ->
        phone.ready().choose(Task.CLASSIFY)
        phone.type(R.id.input_text, "Stocks fell")
        phone.tap("Run")
        phone.until("an answer") { phone.state.reply is ReplyState.Done }
        val before = phone.activity
        val loads = runners.settings.size
        phone.configure("+land")
        assertNotSame(before, phone.activity)
        assertSame(before.controller, phone.activity.controller)
        assertEquals("Stocks fell", phone.activity.findViewById<EditText>(R.id.input_text).text.toString())
        assertTrue("${phone.texts()}", phone.says("LABEL_2"))
        assertEquals("the model is loaded once", loads, runners.settings.size)
    }

    @Test
    fun `an answer that comes after the phone was turned is shown`() = Device().use { phone ->
        phone.ready().choose(Task.CLASSIFY)
        phone.type(R.id.input_text, "Stocks fell")
        runners.gate.shut()
        phone.tap("Run")
        phone.configure("+land")
        assertTrue("${phone.texts()}", phone.says("Cancel"))
        runners.gate.open()
        phone.until("an answer") { phone.says("LABEL_2") }
    }

    @Test
    fun `what was typed and chosen outlives the process`() {
        val first = Device().ready().choose(Task.TAG)
        first.type(R.id.input_text, "Anna \uD83D\uDE80")
        first.activity.controller.edit(first.state.form.copy(runs = "7"))
        first.show(Screen.BENCHMARK)
        first.restarted().use { phone ->
            assertEquals(Screen.BENCHMARK, phone.state.screen)
            phone.ready()
            assertEquals(Task.TAG, phone.state.task)
            assertEquals("entities.tflite", (phone.state.model as ModelState.Ready).ref.name)
            assertEquals("Anna \uD83D\uDE80", phone.activity.findViewById<EditText>(R.id.input_text).text.toString())
            assertEquals("7", phone.activity.findViewById<EditText>(R.id.form_runs).text.toString())
        }
    }

    @Test
    fun `a text too long to be saved is cut, not fatal`() {
        val first = Device().ready().choose(Task.CLASSIFY)
        // An odd place for the cut: between the halves of an emoji.
        first.type(R.id.input_text, "x" + "\uD83D\uDE80".repeat(12_000))
        first.restarted().use { phone ->
            val kept = phone.state.draft(Task.CLASSIFY).text
            assertTrue("${kept.length}", kept.length in 10_000..100_000)
            assertEquals("whole emoji only", 0xDE80, kept.last().code)
        }
    }

    @Test
    fun `the end of the activity frees the model`() {
        val phone = Device().ready()
        val opened = runners.settings.size
        phone.close()
        val end = System.nanoTime() + 10_000_000_000
        while (runners.gate.closings < opened && System.nanoTime() < end) Thread.sleep(1)
        assertEquals(opened, runners.gate.closings)
    }
}

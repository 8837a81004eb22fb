package albertedge.app

import albertedge.app.state.ReplyState
import albertedge.artifact.Task
import android.content.Intent
import android.text.Spanned
import android.text.style.BackgroundColorSpan
import android.widget.Button
import android.widget.TextView
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf

@RunWith(RobolectricTestRunner::class)
class TryScreenTest {
    private val runners = FakeRunners().also { Device.application.runners = it }

    @Test
    fun `the app starts with its tasks, and runs nothing without a text`() = Device().use { phone ->
        phone.ready()
        assertTrue("${phone.texts()}", phone.texts().containsAll(listOf("Classify", "Entities", "Answer")))
        phone.tap("Classify")
        phone.until("the model") { phone.says("topics.tflite · fake 1.0") }
        val run = phone.activity.findViewById<Button>(R.id.run)
        assertFalse(run.isEnabled)
        phone.type(R.id.input_text, "   ")
        assertFalse(run.isEnabled)
        phone.type(R.id.input_text, "a text")
        assertTrue(run.isEnabled)
    }

    @Test
    fun `a text gets its labels, with their shares`() = classified("Stocks fell sharply").use { phone ->
        assertEquals(5, phone.texts().count { it.startsWith("LABEL_") } - 1)
        assertTrue("${phone.texts()}", phone.says("%"))
        assertTrue("${phone.texts()}", phone.says("5.00 ms"))
        assertTrue("${phone.texts()}", phone.says("48.2 MB"))
    }

    @Test
    fun `a result is shared as text`() = classified("Stocks fell sharply").use { phone ->
        phone.tap("Share")
        val chooser = shadowOf(phone.activity).nextStartedActivity
        assertEquals(Intent.ACTION_CHOOSER, chooser.action)
        @Suppress("DEPRECATION")
        val sent = chooser.getParcelableExtra<Intent>(Intent.EXTRA_INTENT)!!
        assertEquals(Intent.ACTION_SEND, sent.action)
        assertEquals("text/plain", sent.type)
        val lines = sent.getStringExtra(Intent.EXTRA_TEXT)!!.lines()
        assertEquals("Stocks fell sharply", lines.first())
        assertEquals("LABEL_2", lines[2])
        assertTrue("$lines", lines.any { Regex("LABEL_2 \\d+%").matches(it) })
        assertEquals("topics.tflite · 5.00 ms · fake 1.0", lines.last())
    }

    @Test
    fun `entities are marked where they stand behind emoji`() {
        val text = "\uD83D\uDC4D Anna flew \uD83D\uDEEB to Rome."
        runners.script = Script(entities = Entities(text, listOf("Anna" to "PER", "Rome" to "LOC")))
        asked(Task.TAG, text).use { phone ->
            val (shown, spans) = marked(phone) { it.startsWith("\uD83D\uDC4D") }
            assertEquals(listOf("Anna\u00A0PER\u00A0", "Rome\u00A0LOC\u00A0"), spans.map { it.first })
            assertEquals("two types, two colours", 2, spans.map { it.second }.distinct().size)
            assertEquals(text, shown.replace("\u00A0PER\u00A0", "").replace("\u00A0LOC\u00A0", ""))
            assertTrue("${phone.texts()}", phone.says("2 entities"))
        }
    }

    @Test
    fun `an answer is marked in its passage`() {
        val passage = "\uD83D\uDE80\uD83D\uDE80 The rocket landed in Texas."
        runners.script = Script(question = "Where?", passage = passage, answer = "Texas")
        asked(Task.ANSWER, "Where?", passage).use { phone ->
            val (shown, spans) = marked(phone) { it == passage }
            assertEquals(passage, shown)
            assertEquals(listOf("Texas"), spans.map { it.first })
        }
    }

    @Test
    fun `a running answer can be called off`() = Device().use { phone ->
        phone.ready().choose(Task.CLASSIFY)
        phone.type(R.id.input_text, "word ".repeat(400))
        runners.gate.shut()
        phone.tap("Run")
        assertSame(ReplyState.Running, phone.state.reply)
        phone.tap("Cancel")
        runners.gate.open()
        phone.type(R.id.input_text, "another")
        phone.tap("Run")
        phone.until("an answer") { phone.state.reply is ReplyState.Done }
        assertEquals("another", (phone.state.reply as ReplyState.Done).reply.request.text)
        assertTrue("the long text was run on", runners.gate.runs <= 2)
    }

    @Test
    fun `a text that the model can't take is told`() = Device().use { phone ->
        phone.ready().choose(Task.ANSWER)
        phone.type(R.id.input_text, "A question without a passage?")
        phone.tap("Run")
        phone.until("a failure") { phone.state.reply is ReplyState.Failed }
        assertTrue("${phone.texts()}", phone.says("This can’t be run as it is."))
    }

    @Test
    fun `an example fills the fields`() = Device().use { phone ->
        phone.ready().choose(Task.CLASSIFY)
        val example = phone.activity.resources.getStringArray(R.array.examples_classify)[0]
        phone.tap(example)
        assertEquals(example, phone.activity.findViewById<TextView>(R.id.input_text).text.toString())
        phone.tap("Clear")
        assertEquals("", phone.activity.findViewById<TextView>(R.id.input_text).text.toString())
    }

    private fun classified(text: String) = asked(Task.CLASSIFY, text)

    private fun asked(task: Task, text: String, second: String? = null): Device {
        val phone = Device().ready().choose(task)
        phone.type(R.id.input_text, text)
        if (second != null) phone.type(R.id.input_second, second)
        phone.tap("Run")
        phone.until("an answer") { phone.state.reply is ReplyState.Done }
        return phone
    }

    /** The text of the one view of the result that [isIt], and what of it has a background, with its colour. */
    private fun marked(phone: Device, isIt: (String) -> Boolean): Pair<String, List<Pair<String, Int>>> {
        val views = Device.descendants(phone.activity.findViewById(R.id.result)).filterIsInstance<TextView>()
        val text = views.single { isIt(it.text.toString()) }.text as Spanned
        val spans = text.getSpans(0, text.length, BackgroundColorSpan::class.java).sortedBy { text.getSpanStart(it) }
        return text.toString() to
            spans.map { text.substring(text.getSpanStart(it), text.getSpanEnd(it)) to it.backgroundColor }
    }
}

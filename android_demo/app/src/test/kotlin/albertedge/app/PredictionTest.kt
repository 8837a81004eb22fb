package albertedge.app

import albertedge.app.state.Prediction
import albertedge.app.state.Request
import albertedge.app.state.entityTypes
import albertedge.app.state.predict
import albertedge.artifact.Artifact
import albertedge.artifact.Task
import albertedge.tasks.Predictor
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test
import java.nio.ByteBuffer

/** Places in a text are UTF-16 units on the screen: an emoji is two of them, and one code point. */
class PredictionTest {
    @Test
    fun `entities behind emoji lie where they stand`() {
        val text = "\uD83D\uDC4D Anna flew \uD83D\uDEEB to Rome."
        val script = Script(entities = Entities(text, listOf("Anna" to "PER", "Rome" to "LOC")))
        val found = predicted(TestModels.entities, script, Request(Task.TAG, text)) as Prediction.Entities
        assertEquals(listOf("Anna", "Rome"), found.marks.map { text.substring(it.start, it.end) })
        assertEquals(listOf("PER", "LOC"), found.marks.map { it.label })
        assertEquals(3, found.marks[0].start)
    }

    @Test
    fun `an answer behind emoji lies where it stands`() {
        val passage = "\uD83D\uDE80\uD83D\uDE80 The rocket landed in Texas."
        val script = Script(question = "Where?", passage = passage, answer = "Texas")
        val request = Request(Task.ANSWER, "Where?", passage)
        val found = predicted(TestModels.answers, script, request) as Prediction.Answered
        assertEquals("Texas", passage.substring(found.mark!!.start, found.mark!!.end))
    }

    @Test
    fun `no text is marked in a passage without entities`() {
        val script = Script(entities = Entities("Nobody here", emptyList()))
        val found = predicted(TestModels.entities, script, Request(Task.TAG, "Nobody here")) as Prediction.Entities
        assertEquals(0, found.marks.size)
    }

    @Test
    fun `types of labels`() {
        assertEquals(listOf("PER", "LOC"), entityTypes(listOf("O", "B-PER", "I-PER", "B-LOC", "I-LOC")))
        assertEquals(listOf("person", "X-Y"), entityTypes(listOf("person", "O", "B-X-Y")))
    }

    private fun predicted(file: ByteArray, script: Script, request: Request): Prediction {
        val artifact = Artifact.read(ByteBuffer.wrap(file))
        val predicted = predict(Predictor(artifact, FakeRunner(artifact, script, Gate())), request)
        assertNull(predicted.depthUsed)
        return predicted.prediction
    }
}

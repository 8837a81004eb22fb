package albertedge.tasks

import albertedge.ArtifactException
import albertedge.Fixtures
import albertedge.OutputException
import albertedge.RequestException
import albertedge.artifact.Artifact
import albertedge.artifact.Task
import albertedge.buffer
import albertedge.runtime.FakeRunner
import albertedge.runtime.FloatTensor
import albertedge.runtime.IntTensor
import albertedge.runtime.RunOptions
import albertedge.runtime.Tensor
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Whole requests, from text to answer, with a model that numbers its outputs: the last label is always the one. */
class PredictorTest {
    private val text = "Oil prices rise in the North Sea"

    private class Opened(name: String, change: (Map<String, Tensor>) -> Map<String, Tensor> = { it }) {
        val artifact = Artifact.read(buffer(Fixtures.artifact(name)))
        val runner = FakeRunner(artifact.manifest, change)
        val predictor = Predictor(artifact, runner)
    }

    @Test
    fun `every task answers in both layouts`() {
        for (name in listOf("looped_float32", "unrolled_float32")) {
            val found = Opened(name).predictor.classify(TextRequest(text))
            assertEquals(listOf("LABEL_4"), found.labels)
            assertEquals(1.0, found.scores.values.sum(), 1e-12)
        }
        for (name in listOf("looped_tag", "unrolled_tag")) {
            val found = Opened(name).predictor.tag(TagRequest(text))
            // I-LOC everywhere is one entity over the whole text.
            assertEquals(listOf("LOC" to text), found.entities.map { it.label to it.text })
        }
        for (name in listOf("looped_answer", "unrolled_answer")) {
            val found = Opened(name).predictor.answer(Question("Where?", text))
            assertEquals("Sea", found.text)
            assertEquals(text.length, found.span!!.end)
        }
        for (name in listOf("looped_fill", "unrolled_fill")) {
            val found = Opened(name).predictor.fill(FillRequest("Oil [MASK] rise in [MASK]", top = 3))
            assertEquals(listOf(listOf(999, 998, 997), listOf(999, 998, 997)), found.map { mask -> mask.map { it.id } })
        }
        val order = Opened("looped_order").predictor.order(TextRequest("First this.", "Then that."))
        assertEquals(false, order.inOrder)
        val vector = Opened("looped_embed").predictor.embed(TextRequest(text))
        assertEquals(1.0, Math.sqrt(vector.sumOf { it.toDouble() * it }), 1e-6)
    }

    @Test
    fun `a long text runs in windows, each within the longest`() {
        for ((name, longest) in listOf("looped_float32" to 64, "unrolled_float32" to 24)) {
            val opened = Opened(name)
            opened.predictor.classify(TextRequest("$text. ".repeat(30)))
            val sizes = opened.runner.asked.map { it.getValue("input_ids").shape[1] }
            assertTrue(sizes.size > 5 && sizes.all { it == longest }) { "$name: $sizes" }
        }
    }

    @Test
    fun `an input has its special pieces around it`() {
        val opened = Opened("looped_float32")
        opened.predictor.classify(TextRequest(text))
        val tokenizer = opened.artifact.tokenizer
        val ids = (opened.runner.asked.single().getValue("input_ids") as IntTensor).values
        assertArrayEquals(intArrayOf(tokenizer.clsId) + tokenizer.encode(text).ids + tokenizer.sepId, ids)
    }

    @Test
    fun `depth and threshold reach the model, and the depth used comes back`() {
        val opened = Opened("looped_exit")
        val options = RunOptions(maxDepth = 3, exitThreshold = 0.25)
        assertEquals(2, opened.predictor.classify(TextRequest(text), options).depthUsed)
        val asked = opened.runner.asked.single()
        assertEquals(listOf(3), (asked.getValue("max_depth") as IntTensor).values.toList())
        assertEquals(listOf(0.25f), (asked.getValue("exit_threshold") as FloatTensor).values.toList())
        val plain = Opened("looped_float32").predictor
        assertEquals(null, plain.classify(TextRequest(text)).depthUsed)
        assertThrows(RequestException::class.java) { plain.classify(TextRequest(text), options) }
    }

    @Test
    fun `outputs that aren't finite or of another width are refused`() {
        val wrong = listOf(
            FloatTensor(intArrayOf(1, 5), floatArrayOf(0f, 1f, Float.NaN, 3f, 4f)),
            FloatTensor(intArrayOf(1, 5), floatArrayOf(0f, 1f, Float.NEGATIVE_INFINITY, 3f, 4f)),
            FloatTensor(intArrayOf(1, 4), FloatArray(4)),
            FloatTensor(intArrayOf(1, 6), FloatArray(6)),
        )
        for (output in wrong) {
            val opened = Opened("looped_float32") { mapOf("logits" to output) }
            assertThrows(OutputException::class.java) { opened.predictor.classify(TextRequest(text)) }
        }
        val filler = Opened("looped_fill") { mapOf("logits" to FloatTensor(intArrayOf(1, 1, 999), FloatArray(999))) }
        assertThrows(OutputException::class.java) { filler.predictor.fill(FillRequest("a [MASK] b")) }
    }

    @Test
    fun `requests without an answer are refused before the model runs`() {
        val opened = Opened("looped_classify_tag")
        assertEquals(listOf(Task.CLASSIFY, Task.TAG), opened.predictor.tasks)
        assertThrows(ArtifactException::class.java) { opened.predictor.embed(TextRequest(text)) }
        for (empty in listOf("", " \n", "\u200b")) {
            assertThrows(RequestException::class.java) { opened.predictor.classify(TextRequest(empty)) }
        }
        assertThrows(RequestException::class.java) { Opened("looped_order").predictor.order(TextRequest(text)) }
        assertThrows(RequestException::class.java) { Opened("looped_fill").predictor.fill(FillRequest(text)) }
        assertEquals(0, opened.runner.asked.size)
    }

    @Test
    fun `closing frees the model`() {
        val opened = Opened("looped_float32")
        opened.predictor.use { it.classify(TextRequest(text)) }
        assertTrue(opened.runner.isClosed)
    }
}

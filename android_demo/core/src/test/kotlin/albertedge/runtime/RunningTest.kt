package albertedge.runtime

import albertedge.Fixtures
import albertedge.OutputException
import albertedge.RequestException
import albertedge.artifact.Artifact
import albertedge.artifact.Task
import albertedge.buffer
import albertedge.text.Packed
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What goes into a model and what is taken from its outputs, with a model that numbers them. */
class RunningTest {
    private val looped = manifest("looped_float32")
    private val unrolled = manifest("unrolled_float32")
    private val three = Packed(intArrayOf(2, 7, 3), intArrayOf(0, 0, 0))

    private fun manifest(name: String) = Artifact.read(buffer(Fixtures.artifact(name))).manifest

    private fun masked(vararg positions: Int) = Packed(IntArray(5) { it }, IntArray(5), positions)

    private fun ints(inputs: Map<String, Tensor>, name: String) = (inputs.getValue(name) as IntTensor).values.toList()

    private fun floats(outputs: Outputs, name: String = "logits") = outputs.values.getValue(name)

    @Test
    fun `a loop gets the input as long as it is`() {
        val runner = FakeRunner(looped)
        val outputs = runPacked(runner, looped, three, RunOptions(maxDepth = 2)).getValue(Task.CLASSIFY)
        val asked = runner.asked.single()
        assertEquals(setOf("input_ids", "token_type_ids", "max_depth"), asked.keys)
        assertEquals(listOf(listOf(2, 7, 3), listOf(2)), listOf("input_ids", "max_depth").map { ints(asked, it) })
        assertEquals(listOf(1, 3), asked.getValue("input_ids").shape.toList())
        assertEquals(listOf(0f, 1f, 2f, 3f, 4f), floats(outputs).values.toList())
        assertEquals(listOf(5), floats(outputs).shape.toList())
        assertNull(outputs.depthUsed)
    }

    @Test
    fun `all layers are 0 to the graph`() {
        for ((depth, given) in listOf(null to 0, -3 to 0, 0 to 0, 99 to 99)) {
            val runner = FakeRunner(looped)
            runPacked(runner, looped, three, RunOptions(maxDepth = depth))
            assertEquals(listOf(given), ints(runner.asked[0], "max_depth"))
        }
        val error = assertThrows(RequestException::class.java) {
            runPacked(FakeRunner(unrolled), unrolled, three, RunOptions(maxDepth = 2))
        }
        assertTrue("looped layout; received 2" in error.message!!)
    }

    @Test
    fun `a fixed length gets padding that is masked, and its rows are cut off`() {
        val runner = FakeRunner(unrolled)
        runPacked(runner, unrolled, three)
        val asked = runner.asked.single()
        assertEquals(listOf(2, 7, 3) + List(21) { 0 }, ints(asked, "input_ids"))
        assertEquals(listOf(1, 1, 1) + List(21) { 0 }, ints(asked, "attention_mask"))
        assertEquals(List(24) { 0 }, ints(asked, "token_type_ids"))
        val tagger = manifest("unrolled_tag")
        val rows = floats(runPacked(FakeRunner(tagger), tagger, three).getValue(Task.TAG))
        assertEquals(listOf(3, 5), rows.shape.toList())
        assertEquals(List(15) { it.toFloat() }, rows.values.toList())
    }

    @Test
    fun `masks run at once in a loop, and one by one at a fixed length`() {
        for ((name, runs) in listOf("looped_fill" to 1, "unrolled_fill" to 2)) {
            val filler = manifest(name)
            val runner = FakeRunner(filler)
            val rows = floats(runPacked(runner, filler, masked(1, 4)).getValue(Task.FILL))
            assertEquals(runs, runner.asked.size)
            assertEquals(listOf(1, 4), runner.asked.flatMap { ints(it, "masked_positions") })
            assertEquals(listOf(2, 1000), rows.shape.toList())
            // Each run numbers its outputs from 0.
            assertEquals(if (runs == 1) 1000f else 0f, rows.values[1000])
        }
    }

    @Test
    fun `a text without masks still gives the graph a position`() {
        for (name in listOf("looped_fill", "unrolled_fill")) {
            val filler = manifest(name)
            val runner = FakeRunner(filler)
            val rows = floats(runPacked(runner, filler, masked()).getValue(Task.FILL))
            assertEquals(listOf(0), ints(runner.asked.single(), "masked_positions"))
            assertEquals(listOf(0, 1000), rows.shape.toList())
        }
    }

    @Test
    fun `the threshold of an exit is the request's or the file's`() {
        val exit = manifest("looped_exit")
        for ((asked, given) in listOf(null to 2f, 0.5 to 0.5f, 1e300 to Float.MAX_VALUE)) {
            val runner = FakeRunner(exit)
            val outputs = runPacked(runner, exit, three, RunOptions(exitThreshold = asked)).getValue(Task.CLASSIFY)
            val threshold = runner.asked[0].getValue("exit_threshold") as FloatTensor
            assertEquals(listOf(given), threshold.values.toList())
            assertEquals(2, outputs.depthUsed)
        }
        for (wrong in listOf(0.0, -1.0, Double.NaN, Double.POSITIVE_INFINITY)) {
            val options = RunOptions(exitThreshold = wrong)
            assertThrows(RequestException::class.java) { runPacked(FakeRunner(exit), exit, three, options) }
        }
        val options = RunOptions(exitThreshold = 0.5)
        assertThrows(RequestException::class.java) { runPacked(FakeRunner(looped), looped, three, options) }
    }

    @Test
    fun `what a model does not take never reaches it`() {
        val filler = manifest("looped_fill")
        val wrong = listOf(
            looped to Packed(IntArray(0), IntArray(0)),
            looped to Packed(IntArray(65), IntArray(65)),
            looped to Packed(IntArray(3), IntArray(2)),
            looped to Packed(intArrayOf(-1), IntArray(1)),
            looped to Packed(intArrayOf(1000), IntArray(1)),
            looped to Packed(IntArray(1), intArrayOf(2)),
            unrolled to Packed(IntArray(25), IntArray(25)),
            filler to masked(-1),
            filler to masked(5),
            filler to masked(0, 1, 2, 3, 4, 4),
        )
        for ((manifest, packed) in wrong) {
            val runner = FakeRunner(manifest)
            assertThrows(RequestException::class.java) { runPacked(runner, manifest, packed) }
            assertEquals(0, runner.asked.size)
        }
    }

    @Test
    fun `outputs that are missing or misshapen are refused`() {
        val tagger = manifest("looped_tag")
        val wrong = listOf<Tensor?>(
            null,
            IntTensor(intArrayOf(1, 3, 5), IntArray(15)),
            FloatTensor(intArrayOf(3, 5), FloatArray(15)),
            FloatTensor(intArrayOf(2, 3, 5), FloatArray(30)),
            FloatTensor(intArrayOf(1, 2, 5), FloatArray(10)),
            FloatTensor(intArrayOf(1, 0, 5), FloatArray(0)),
        )
        for (output in wrong) {
            val runner = FakeRunner(tagger, { if (output == null) emptyMap() else mapOf("logits" to output) })
            assertThrows(OutputException::class.java) { runPacked(runner, tagger, three) }
        }
        val exit = manifest("looped_exit")
        val two = IntTensor(intArrayOf(2), IntArray(2))
        for (depth in listOf<Tensor?>(null, two, FloatTensor(intArrayOf(1), FloatArray(1)))) {
            val runner = FakeRunner(exit, { if (depth == null) it - "depth_used" else it + ("depth_used" to depth) })
            assertThrows(OutputException::class.java) { runPacked(runner, exit, three) }
        }
    }

    @Test
    fun `several heads are told apart by their names`() {
        val both = manifest("looped_classify_tag")
        val outputs = runPacked(FakeRunner(both), both, three)
        assertEquals(listOf(Task.CLASSIFY, Task.TAG), outputs.keys.toList())
        assertEquals(listOf(5), floats(outputs.getValue(Task.CLASSIFY)).shape.toList())
        assertEquals(listOf(3, 5), floats(outputs.getValue(Task.TAG)).shape.toList())
        val runner = FakeRunner(both, { it - "tag_logits" })
        assertThrows(OutputException::class.java) { runPacked(runner, both, three) }
    }

    @Test
    fun `a tensor has as many numbers as its shape says`() {
        assertThrows(IllegalArgumentException::class.java) { IntTensor(intArrayOf(2, 3), IntArray(5)) }
        assertThrows(IllegalArgumentException::class.java) { FloatTensor(intArrayOf(), FloatArray(0)) }
        assertEquals(1, FloatTensor(intArrayOf(), FloatArray(1)).values.size)
    }
}

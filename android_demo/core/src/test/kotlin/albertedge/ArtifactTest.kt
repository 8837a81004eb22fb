package albertedge

import albertedge.artifact.Artifact
import albertedge.artifact.JsonArray
import albertedge.artifact.JsonObject
import albertedge.artifact.Manifest
import albertedge.artifact.Task
import albertedge.artifact.checkStructure
import albertedge.artifact.readModel
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.Random

class ArtifactTest {
    private val right = Fixtures.artifacts.at("right")
    private val whole = Fixtures.artifact("looped_float32")
    private val start = Fixtures.model("looped_float32").size

    @Test
    fun `every small artifact is read`() {
        assertEquals(15, right.keys.size)
        for (name in right.keys) {
            val artifact = Artifact.read(buffer(Fixtures.artifact(name)))
            assertEquals(Fixtures.model(name).size, artifact.model.limit()) { name }
            assertEquals(1000, artifact.tokenizer.vocabSize)
        }
        assertEquals(1, Artifact.read(buffer(Fixtures.model("looped_float32") + version1())).manifest.schemaVersion)
    }

    @Test
    fun `the manifest says what the heads are`() {
        val artifact = Artifact.read(buffer(Fixtures.artifact("looped_classify_tag")))
        assertEquals(listOf(Task.CLASSIFY, Task.TAG), artifact.heads.map { it.task })
        assertEquals(listOf("O", "B-PER", "I-PER", "B-LOC", "I-LOC"), artifact.heads[1].labels)
        assertEquals(64, artifact.manifest.maxLength)
        // The small models have no card.
        assertEquals("", artifact.description() + artifact.licence())
    }

    @Test
    fun `each corrupt zip is refused`() {
        val wrong = Fixtures.artifacts.at("wrong")
        assertTrue(wrong.keys.size > 40)
        for (what in wrong.keys) refusal(Fixtures.model("looped_float32") + Fixtures.zip(wrong[what]!!), what)
    }

    @Test
    fun `a model that the manifest is not of is refused`() {
        val wrong = Fixtures.artifacts.at("wrong_models")
        assertEquals(21, wrong.keys.size)
        for (what in wrong.keys) {
            val case = wrong.at(what)
            val model = Fixtures.model(case.text("model"))
            for ((place, value) in case.list("changes").map { ints(it) }) model[place] = value.toByte()
            refusal(model + Fixtures.zip(case["zip"]!!), what)
        }
    }

    @Test
    fun `each corrupt graph is refused`() {
        val wrong = Fixtures.artifacts.at("wrong_graphs")
        assertEquals(34, wrong.keys.size)
        for (what in wrong.keys) refused(what) { checkStructure(readModel(buffer(Fixtures.decoded(wrong[what]!!)))) }
        for (name in right.keys) checkStructure(readModel(buffer(Fixtures.model(name))))
    }

    @Test
    fun `each corrupt manifest is refused`() {
        val wrong = Fixtures.artifacts.at("wrong_manifests")
        assertEquals(99, wrong.keys.size)
        for (what in wrong.keys) refused(what) { Manifest.read(wrong.text(what).toByteArray(Charsets.ISO_8859_1)) }
    }

    @Test
    fun `truncated, lengthened and foreign files are refused`() {
        val random = Random(2)
        repeat(200) { refusal(whole.copyOf(random.nextInt(whole.size)), "cut off") }
        for (extra in listOf(byteArrayOf(0), byteArrayOf(10), whole)) refusal(whole + extra, "added to")
        repeat(500) { refusal(ByteArray(random.nextInt(200)).also { random.nextBytes(it) }, "noise") }
        refusal(Fixtures.model("looped_float32"), "no zip")
        refusal(ByteArray(0), "empty")
    }

    @Test
    fun `a changed byte anywhere is refused`() {
        val random = Random(1)
        // All of the zip's headers and of the manifest, some of the vocabulary's bytes and of the flatbuffer's.
        val zip = (right["looped_float32"] as JsonArray).items.map { Fixtures.decoded(it).size }
        val places = (start until start + zip[0] step 3) + (whole.size - zip[1] until whole.size) +
            List(300) { random.nextInt(whole.size) }
        val bytes = whole.copyOf()
        for (place in places) {
            bytes[place] = (whole[place] + 1 + random.nextInt(255)).toByte()
            refusal(bytes, "byte $place")
            bytes[place] = whole[place]
        }
        Artifact.read(buffer(bytes))
    }

    @Test
    fun `strict JSON`() {
        val wrong =
            listOf("", "{", "[1,]", "{\"a\":1,}", "01", "1.", "+1", "nul", "'a'", "\"\\x\"", "\"\\ud800\"", "1 2")
        for (text in wrong) {
            assertThrows(ArtifactException::class.java) { albertedge.artifact.parseJson(text.toByteArray(), text) }
        }
        val numbers = "    1,\n    -0.5,\n    1e-12,\n    1e+16,\n    123456789012345.0\n"
        val text = "{\n  \"a\": [\n$numbers  ],\n  \"é\\n\": {},\n  \"b\": []\n}"
        val value = albertedge.artifact.parseJson(text.toByteArray(), "text")
        assertEquals(text, albertedge.artifact.writeJson(value))
        assertTrue(value is JsonObject)
    }

    private fun version1() = Fixtures.zip(Fixtures.artifacts["version_1"]!!)

    private fun refusal(bytes: ByteArray, what: String) = refused(what) { Artifact.read(buffer(bytes)) }

    private fun refused(what: String, action: () -> Unit) {
        val error = assertThrows(ArtifactException::class.java, { action() }, what)
        assertTrue('\n' !in error.message!!) { what }
    }
}

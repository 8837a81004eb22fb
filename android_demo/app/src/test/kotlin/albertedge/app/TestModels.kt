package albertedge.app

import albertedge.Fixtures
import albertedge.app.state.ModelRef
import albertedge.app.state.ModelSource
import albertedge.app.state.Ticket
import org.json.JSONObject
import java.io.File
import java.io.IOException
import java.nio.ByteBuffer
import java.util.Base64
import java.util.zip.GZIPInputStream

/** Small artifacts with random weights, of the Python tests: names as the app's own models have. */
object TestModels {
    val topics: ByteArray by lazy { Fixtures.artifact("looped_float32") }
    val entities: ByteArray by lazy { Fixtures.artifact("looped_tag") }
    val answers: ByteArray by lazy { Fixtures.artifact("looped_answer") }
    val twoHeads: ByteArray by lazy { Fixtures.artifact("looped_classify_tag") }

    /** Labels of [topics]. */
    val labels = listOf("LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3", "LABEL_4")

    /** [topics] with one bit of its vocabulary turned. */
    val corrupt: ByteArray by lazy {
        topics.copyOf().also { it[it.size / 2] = (it[it.size / 2].toInt() xor 1).toByte() }
    }

    /** [topics] as a converter of a later version would write it: sound, but its manifest's version is above ours. */
    val tooNew: ByteArray by lazy {
        val file = File(System.getProperty("repository"), "android_demo/fixtures/artifacts.json.gz")
        val text = GZIPInputStream(file.inputStream()).use { it.readBytes() }.toString(Charsets.UTF_8)
        val parts = JSONObject(text).getJSONObject("wrong").getJSONArray("a newer version")
        val decoder = Base64.getDecoder()
        // A zip without the vocabulary, which stands between its parts.
        (1 until parts.length()).fold(Fixtures.model("looped_float32") + decoder.decode(parts.getString(0))) {
                bytes,
                part,
            ->
            bytes + Fixtures.vocabulary + decoder.decode(parts.getString(part))
        }
    }

    fun all(): Map<String, ByteArray> =
        linkedMapOf("answers.tflite" to answers, "entities.tflite" to entities, "topics.tflite" to topics)
}

/** Models in memory. */
class FakeModels(private val files: Map<String, ByteArray> = TestModels.all()) : ModelSource {
    override fun bundled(): List<ModelRef.Bundled> = files.keys.map { ModelRef.Bundled(it) }

    override fun map(ref: ModelRef): ByteBuffer {
        val bytes = files[ref.name] ?: throw IOException("no file ${ref.name}")
        return ByteBuffer.allocateDirect(bytes.size).put(bytes).apply { (this as java.nio.Buffer).flip() }
    }

    override fun adopt(address: String, ticket: Ticket): ModelRef.Opened {
        ticket.check()
        if (address !in files) throw IOException("can't open $address")
        return ModelRef.Opened(address, "/files/$address")
    }
}

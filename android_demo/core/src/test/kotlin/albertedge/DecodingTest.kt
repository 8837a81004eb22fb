package albertedge

import albertedge.artifact.Json
import albertedge.artifact.JsonArray
import albertedge.artifact.JsonNull
import albertedge.artifact.JsonNumber
import albertedge.artifact.JsonObject
import albertedge.artifact.JsonString
import albertedge.runtime.FloatTensor
import albertedge.runtime.Outputs
import albertedge.tasks.AnsweringPipeline
import albertedge.tasks.Classification
import albertedge.tasks.ClassificationPipeline
import albertedge.tasks.EmbeddingPipeline
import albertedge.tasks.FillRequest
import albertedge.tasks.FillingPipeline
import albertedge.tasks.OrderPipeline
import albertedge.tasks.Pipeline
import albertedge.tasks.Question
import albertedge.tasks.TagRequest
import albertedge.tasks.TaggingPipeline
import albertedge.tasks.TextRequest
import albertedge.text.ProblemType
import albertedge.text.SentencePieceTokenizer
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** Inputs and answers are Python's on the recorded outputs of 500 requests a task. */
class DecodingTest {
    private val tokenizer = SentencePieceTokenizer(Fixtures.vocabulary)

    @Test
    fun classify() = each("text-classification") { group, case, outputs ->
        val pipeline = ClassificationPipeline(config(group), tokenizer, group.int("longest"))
        check(pipeline, textRequest(case), case, outputs) { found, answer -> classification(found, answer) }
    }

    private fun classification(found: Classification, answer: JsonObject) {
        when (found.type) {
            ProblemType.SINGLE_LABEL -> assertEquals(listOf(answer.text("label")), found.labels)
            ProblemType.MULTI_LABEL -> assertEquals(strings(answer.list("labels")), found.labels)
            ProblemType.REGRESSION -> return same(answer.at("values"), found.scores)
        }
        same(answer.at("scores"), found.scores)
    }

    @Test
    fun tag() = each("token-classification") { group, case, outputs ->
        val pipeline = TaggingPipeline(config(group), tokenizer, group.int("longest"))
        check(pipeline, TagRequest(case.text("text")), case, outputs) { found, answer ->
            val expected = answer.list("entities").map { it as JsonObject }
            assertEquals(
                expected.map { listOf(it.text("text"), it.text("label"), it.int("start"), it.int("end")) },
                found.entities.map { listOf(it.text, it.label, it.start, it.end) },
            )
            expected.zip(found.entities).forEach { (entity, own) -> same(entity.number("score"), own.score) }
        }
    }

    @Test
    fun answer() = each("question-answering") { group, case, outputs ->
        val pipeline = AnsweringPipeline(config(group), tokenizer, group.int("longest"))
        val request = Question(case.text("question"), case.text("text"), case.int("n_best"))
        check(pipeline, request, case, outputs) { found, answer ->
            assertEquals(answer.text("text"), found.text)
            assertEquals((answer["start"] as? JsonNumber)?.long?.toInt(), found.span?.start)
            assertEquals(answer["start"] === JsonNull, found.span == null)
            same(answer.number("score"), found.score)
            same(answer.number("no_answer_score"), found.noAnswerScore)
            val best = answer.list("n_best").map { it as JsonObject }
            assertEquals(
                best.map { listOf(it.text("text"), it.int("start"), it.int("end")) },
                found.nBest.map { listOf(it.text, it.start, it.end) },
            )
            best.zip(found.nBest).forEach { (one, own) -> same(one.number("score"), own.score) }
        }
    }

    @Test
    fun embed() = each("feature-extraction") { group, case, outputs ->
        val pipeline = EmbeddingPipeline(config(group), tokenizer, group.int("longest"))
        check(pipeline, TextRequest(case.text("text")), case, outputs) { found, answer ->
            val bytes = ByteBuffer.wrap(Fixtures.decoded(answer["embedding"]!!)).order(ByteOrder.LITTLE_ENDIAN)
            val expected = List(bytes.limit() / 4) { bytes.getFloat(4 * it) }
            assertEquals(expected.size, found.size)
            // Sums in another order may round the last bit of a float32 otherwise.
            expected.zip(found.toList()).forEach { (one, own) -> assertEquals(one, own, Math.ulp(one)) }
        }
    }

    @Test
    fun fill() = each("fill-mask") { group, case, outputs ->
        val pipeline = FillingPipeline(config(group), tokenizer, group.int("longest"))
        check(pipeline, FillRequest(case.text("text"), case.int("top")), case, outputs) { found, answer ->
            val masks = answer.list("masks").map { mask -> (mask as JsonArray).items.map { it as JsonObject } }
            assertEquals(
                masks.map { mask -> mask.map { listOf(it.text("piece"), it.int("id"), it.text("text")) } },
                found.map { mask -> mask.map { listOf(it.piece, it.id, it.text) } },
            )
            masks.flatten().zip(found.flatten()).forEach { (one, own) -> same(one.number("score"), own.score) }
        }
    }

    @Test
    fun order() = each("sentence-order") { group, case, outputs ->
        val pipeline = OrderPipeline(config(group), tokenizer, group.int("longest"))
        check(pipeline, textRequest(case), case, outputs) { found, answer ->
            assertEquals(answer.flag("in_order"), found.inOrder)
            same(answer.number("score"), found.score)
            same(answer.at("scores"), found.scores)
        }
    }

    private fun each(task: String, compare: (JsonObject, JsonObject, List<Outputs>) -> Unit) {
        var count = 0
        for (group in Fixtures.load(task).list("groups").map { it as JsonObject }) {
            for (case in group.list("cases").map { it as JsonObject }) {
                compare(group, case, case.list("outputs").map { outputs(it as JsonObject) })
                count++
            }
        }
        assertEquals(500, count)
    }

    private fun <R, P> check(
        pipeline: Pipeline<R, P>,
        request: R,
        case: JsonObject,
        outputs: List<Outputs>,
        compare: (P, JsonObject) -> Unit,
    ) {
        assertEquals(case.list("ids").map { ints(it) }, pipeline.inputs(request).map { it.inputIds.toList() })
        compare(pipeline.decode(request, outputs), case.at("answer"))
    }

    private fun config(group: JsonObject) = Fixtures.config(group.at("config"))

    private fun textRequest(case: JsonObject) =
        TextRequest(case.text("text"), (case["text_pair"] as? JsonString)?.value)

    private fun outputs(values: JsonObject) = Outputs(
        values.keys.associateWith { name ->
            val (shape, data) = (values[name] as JsonArray).items
            val bytes = Fixtures.decoded(data)
            val numbers = FloatArray(bytes.size / 2) {
                half((bytes[2 * it].toInt() and 0xFF) or (bytes[2 * it + 1].toInt() and 0xFF shl 8))
            }
            FloatTensor(ints(shape).toIntArray(), numbers)
        },
    )

    /** A finite IEEE number of 16 bits. */
    private fun half(bits: Int): Float {
        val exponent = bits shr 10 and 0x1F
        val fraction = bits and 0x3FF
        val isSmall = exponent == 0
        val size = if (isSmall) Math.scalb(fraction.toFloat(), -24) else Math.scalb(1024f + fraction, exponent - 25)
        return if (bits and 0x8000 != 0) -size else size
    }

    private fun strings(values: List<Json>) = values.map { (it as JsonString).value }

    private fun same(expected: JsonObject, found: Map<String, Double>) {
        assertEquals(expected.keys, found.keys.toList())
        found.forEach { (key, value) -> same(expected.number(key), value) }
    }

    /** The exponential functions of two languages differ in the last bits of 53. */
    private fun same(expected: Double, found: Double) =
        assertEquals(expected, found, 1e-12 * maxOf(1.0, Math.abs(expected)))
}

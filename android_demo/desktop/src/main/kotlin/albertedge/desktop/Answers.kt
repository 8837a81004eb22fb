package albertedge.desktop

import albertedge.RequestException
import albertedge.artifact.Artifact
import albertedge.runtime.RunOptions
import albertedge.tasks.Answer
import albertedge.tasks.Classification
import albertedge.tasks.Entity
import albertedge.tasks.Found
import albertedge.tasks.Predictor
import albertedge.tasks.Question
import albertedge.tasks.TagRequest
import albertedge.tasks.TextRequest
import com.google.gson.JsonArray
import com.google.gson.JsonElement
import com.google.gson.JsonNull
import com.google.gson.JsonObject
import com.google.gson.JsonPrimitive

/**
 * Answers requests in JSON, in the words of `albert-edge predict --json`.
 *
 * A request is an object with `text` (and perhaps `text_pair`) for text-classification, `text` for
 * token-classification, `question` and `passage` (and perhaps `n_best`) for question-answering; `max_depth` and
 * `exit_threshold` may stand in each. Its answer has the ids of the text's tokens, of a question's passage, under
 * `ids`. Throws what [Predictor] throws.
 */
class Answers(private val artifact: Artifact, private val predictor: Predictor) {
    /** The answer to [request] from the file's head for [task], `text-classification` and so on. */
    fun answer(task: String, request: JsonObject): JsonObject {
        val options = RunOptions(request["max_depth"]?.asInt, request["exit_threshold"]?.asDouble)
        return when (task) {
            "text-classification" -> {
                val text = text(request, "text")
                val found = predictor.classify(TextRequest(text, request["text_pair"]?.asString), options)
                withIds(text, classified(found))
            }
            "token-classification" -> {
                val text = text(request, "text")
                withIds(text, tagged(predictor.tag(TagRequest(text), options).entities))
            }
            "question-answering" -> {
                val passage = text(request, "passage")
                val question = Question(text(request, "question"), passage, request["n_best"]?.asInt ?: 1)
                withIds(passage, answered(predictor.answer(question, options)))
            }
            else -> throw RequestException("a task must be one that is answered in JSON; received $task")
        }
    }

    private fun withIds(text: String, answer: JsonObject): JsonObject {
        answer.add("ids", array(artifact.tokenizer.encode(text).ids.toList()) { JsonPrimitive(it) })
        return answer
    }
}

private fun text(request: JsonObject, key: String): String =
    request[key]?.asString ?: throw RequestException("a request must have $key; received ${request.keySet()}")

private fun classified(found: Classification) = JsonObject().apply {
    add("labels", array(found.labels) { JsonPrimitive(it) })
    add("scores", JsonObject().apply { found.scores.forEach { (label, score) -> addProperty(label, score) } })
    add("depth_used", number(found.depthUsed))
}

private fun tagged(entities: List<Entity>) = JsonObject().apply {
    add("entities", array(entities) { tagged(it) })
}

private fun tagged(entity: Entity) = span(entity.text, entity.start, entity.end, entity.score).apply {
    addProperty("label", entity.label)
}

private fun answered(answer: Answer): JsonObject {
    val span = answer.span
    val found = if (span == null) span("", null, null, answer.score) else found(span)
    found.addProperty("no_answer_score", answer.noAnswerScore)
    found.add("n_best", array(answer.nBest) { found(it) })
    return found
}

private fun found(found: Found) = span(found.text, found.start, found.end, found.score)

private fun span(text: String, start: Int?, end: Int?, score: Double) = JsonObject().apply {
    addProperty("text", text)
    add("start", number(start))
    add("end", number(end))
    addProperty("score", score)
}

private fun number(value: Int?): JsonElement = if (value == null) JsonNull.INSTANCE else JsonPrimitive(value)

private inline fun <T> array(values: List<T>, element: (T) -> JsonElement) =
    JsonArray().apply { values.forEach { add(element(it)) } }

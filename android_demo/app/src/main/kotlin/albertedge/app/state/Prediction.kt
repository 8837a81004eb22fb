package albertedge.app.state

import albertedge.artifact.Task
import albertedge.runtime.RunOptions
import albertedge.tasks.Classification
import albertedge.tasks.FillCandidate
import albertedge.tasks.FillRequest
import albertedge.tasks.Order
import albertedge.tasks.Predictor
import albertedge.tasks.Question
import albertedge.tasks.TagRequest
import albertedge.tasks.TextRequest
import albertedge.tasks.nearest
import albertedge.text.ProblemType
import albertedge.text.Utf16Offsets

/** What a user wants to know, as typed. */
data class Request(
    val task: Task,
    /** The question, of [Task.ANSWER]. */
    val text: String,
    /** The passage, or the second of a pair; blank: none. */
    val second: String = "",
    /** Layers to apply at most; null: all. */
    val maxDepth: Int? = null,
)

/** A label and its score: a fraction, or of a regression the model's number. */
class Bar(val label: String, val score: Double)

/** UTF-16 units [start, end) of a text: what Android's spans count in. */
class Mark(val start: Int, val end: Int, val label: String, val score: Double)

/** An answer as the screens draw it. */
sealed class Prediction {
    /** Bars by score, the highest first. */
    class Labels(
        val bars: List<Bar>,
        /** What the model gives as its answer. */
        val given: List<String>,
        val isRegression: Boolean,
    ) : Prediction()

    /** Entities of [text], in order and apart. */
    class Entities(val text: String, val marks: List<Mark>) : Prediction()

    /** The answer's place in [passage]; [mark] null: none in it. [score] is a fraction. */
    class Answered(val passage: String, val mark: Mark?, val score: Double) : Prediction()

    /** A text's vector, and the cosine to the second text's if there is one. */
    class Vector(val values: FloatArray, val cosine: Double?) : Prediction()

    /** For each mask its candidates, the likeliest first. */
    class Filled(val masks: List<List<Bar>>, val best: String) : Prediction()

    /** Whether the second text follows the first. */
    class Ordered(val inOrder: Boolean, val bars: List<Bar>) : Prediction()
}

/** A prediction and how many layers it took; null where the graph has no exit. */
class Predicted(val prediction: Prediction, val depthUsed: Int?)

/** Answer [request]; throws what [Predictor] does. */
fun predict(predictor: Predictor, request: Request): Predicted {
    val options = RunOptions(request.maxDepth)
    val pair = request.second.takeIf { it.isNotBlank() }
    val texts = TextRequest(request.text, pair)
    return when (request.task) {
        Task.CLASSIFY -> predictor.classify(texts, options).let { Predicted(labels(it), it.depthUsed) }
        Task.ORDER -> predictor.order(texts, options).let { Predicted(ordered(it), it.depthUsed) }
        Task.TAG -> Predicted(entities(predictor, request.text, options), null)
        Task.ANSWER -> Predicted(answered(predictor, request, options), null)
        Task.EMBED -> Predicted(vector(predictor, request.text, pair, options), null)
        Task.FILL -> Predicted(filled(predictor.fill(FillRequest(request.text), options), request.text), null)
    }
}

private fun barsOf(scores: Map<String, Double>) = scores.map { Bar(it.key, it.value) }.sortedByDescending { it.score }

private fun labels(found: Classification): Prediction {
    val isRegression = found.type == ProblemType.REGRESSION
    val bars = if (isRegression) found.scores.map { Bar(it.key, it.value) } else barsOf(found.scores)
    return Prediction.Labels(bars, found.labels, isRegression)
}

private fun ordered(found: Order) = Prediction.Ordered(found.inOrder, barsOf(found.scores))

private fun entities(predictor: Predictor, text: String, options: RunOptions): Prediction {
    val found = predictor.tag(TagRequest(text), options)
    val units = Utf16Offsets(text)
    return Prediction.Entities(text, found.entities.map { Mark(units[it.start], units[it.end], it.label, it.score) })
}

private fun answered(predictor: Predictor, request: Request, options: RunOptions): Prediction {
    val found = predictor.answer(Question(request.text, request.second), options)
    val units = Utf16Offsets(request.second)
    val mark = found.span?.let { Mark(units[it.start], units[it.end], it.text, it.score) }
    return Prediction.Answered(request.second, mark, found.score)
}

private fun vector(predictor: Predictor, text: String, pair: String?, options: RunOptions): Prediction {
    val vector = predictor.embed(TextRequest(text), options)
    val other = pair?.let { predictor.embed(TextRequest(it), options) }
    return Prediction.Vector(vector, other?.let { nearest(vector, listOf(it), 1)[0].score })
}

/** The mark of a word's start or continuation means nothing to a reader. */
private fun filled(masks: List<List<FillCandidate>>, text: String): Prediction {
    val bars = masks.map { candidates -> candidates.map { Bar(it.piece.removePrefix(WORD_START), it.score) } }
    return Prediction.Filled(bars, masks.firstOrNull()?.firstOrNull()?.text ?: text)
}

private const val WORD_START = "\u2581"

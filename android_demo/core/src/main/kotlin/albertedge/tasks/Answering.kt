package albertedge.tasks

import albertedge.RequestException
import albertedge.artifact.AlbertConfig
import albertedge.runtime.Outputs
import albertedge.text.ANSWER_CANDIDATES
import albertedge.text.AnswerCandidate
import albertedge.text.Packed
import albertedge.text.Passage
import albertedge.text.Tokenizer
import albertedge.text.Window
import albertedge.text.WindowLogits
import albertedge.text.bestCandidates
import albertedge.text.noAnswerLogit
import albertedge.text.questionWindows
import albertedge.text.softmax
import albertedge.text.textOf

/** What to answer, the text to find the answer in, and how many of the best spans are wanted. */
class Question(val question: String, val passage: String, val nBest: Int = 1)

/** A possible answer: code points [start, end) of the passage. */
class Found(
    val text: String,
    val start: Int,
    val end: Int,
    /** Its probability among the best spans (and no answer, for a model that knows it). */
    val score: Double,
)

/** The answer to one question. */
class Answer(
    /** Null if the passage doesn't answer the question. */
    val span: Found?,
    /** Probability of this answer, or of none. */
    val score: Double,
    /** The logit of no answer minus the best span's: above the model's threshold the question stays unanswered. */
    val noAnswerScore: Double,
    /** The best spans, also of an unanswered question. */
    val nBest: List<Found>,
) {
    /** Empty if the passage doesn't answer the question. */
    val text: String get() = span?.text.orEmpty()
}

/**
 * `question-answering`: the span of a passage that answers a question, or that nothing in it does.
 *
 * The passage runs in windows, each behind the question, and the best span of all windows is the answer. A model
 * trained with unanswerable questions has a threshold in its settings; one without it always answers.
 */
class AnsweringPipeline(config: AlbertConfig, tokenizer: Tokenizer, longest: Int) :
    Pipeline<Question, Answer>(config, tokenizer, longest) {

    override fun inputs(request: Question): List<Packed> = windowsOf(request, passageOf(request)).map { it.packed }

    override fun decode(request: Question, outputs: List<Outputs>): Answer {
        if (request.nBest < 1) throw RequestException("n_best must be at least 1; received ${request.nBest}")
        val passage = passageOf(request)
        val windows = windowsOf(request, passage)
        checkCount(outputs, windows.size)
        val logits = windows.indices.map {
            val tokens = windows[it].packed.inputIds.size
            WindowLogits(logitsOf(outputs[it], "start_logits", tokens), logitsOf(outputs[it], "end_logits", tokens))
        }
        val count = maxOf(request.nBest, ANSWER_CANDIDATES)
        val candidates = bestCandidates(passage, windows, logits, config.settings.maxAnswerTokens, count)
        return answer(passage, candidates, noAnswerLogit(logits), request.nBest)
    }

    private fun passageOf(request: Question): Passage {
        val passage = Passage(request.passage, encodeRequest(tokenizer, request.passage))
        if (true !in passage.isShown) {
            throw RequestException("a passage must hold text to answer from; received none")
        }
        return passage
    }

    private fun windowsOf(request: Question, passage: Passage): List<Window> {
        val question = encodeRequest(tokenizer, request.question).ids
        return questionWindows(tokenizer, question, passage.encoding.ids, longest, config.settings.stride)
    }

    private fun logitsOf(outputs: Outputs, name: String, tokens: Int) = rowsOf(outputs, name, listOf(tokens), tokens)[0]

    private fun answer(passage: Passage, best: List<AnswerCandidate>, noAnswer: Double, nBest: Int): Answer {
        val threshold = config.settings.noAnswerThreshold
        val logits = best.map { it.logit } + if (threshold == null) emptyList() else listOf(noAnswer)
        val scores = softmax(logits.toDoubleArray())
        val found = best.take(nBest).mapIndexed { index, each ->
            Found(textOf(passage.codes, each.start, each.end), each.start, each.end, scores[index])
        }
        val difference = noAnswer - best[0].logit
        val isUnanswered = threshold != null && difference > threshold
        return if (isUnanswered) {
            Answer(null, scores.last(), difference, found)
        } else {
            Answer(found[0], scores[0], difference, found)
        }
    }
}

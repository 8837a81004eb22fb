package albertedge.app.ui

import albertedge.app.R
import albertedge.app.state.Bar
import albertedge.app.state.Formatting
import albertedge.app.state.ModelFacts
import albertedge.app.state.Prediction
import albertedge.app.state.Problem
import albertedge.app.state.ProblemKind
import albertedge.app.state.Processor
import albertedge.app.state.Reply
import albertedge.artifact.Task
import android.content.res.Resources

/** Sentences of the screens that are put together from several. */
class Words(private val resources: Resources, private val formatting: Formatting) {
    fun task(task: Task): String = resources.getString(
        when (task) {
            Task.CLASSIFY -> R.string.task_classify
            Task.TAG -> R.string.task_tag
            Task.ANSWER -> R.string.task_answer
            Task.EMBED -> R.string.task_embed
            Task.FILL -> R.string.task_fill
            Task.ORDER -> R.string.task_order
        },
    )

    fun processor(processor: Processor): String = when (processor) {
        Processor.CPU -> "CPU"
        Processor.NNAPI -> "NNAPI"
        Processor.GPU -> "GPU"
    }

    /** What went wrong, in the user's language, and the exact line that was said about it. */
    fun problem(problem: Problem): String {
        val sentence = resources.getString(
            when (problem.kind) {
                ProblemKind.FILE -> R.string.problem_file
                ProblemKind.REQUEST -> R.string.problem_request
                ProblemKind.OUTPUT -> R.string.problem_output
                ProblemKind.MEMORY -> R.string.problem_memory
                ProblemKind.LIBRARY -> R.string.problem_library
                ProblemKind.INTERPRETER -> R.string.problem_interpreter
                ProblemKind.READING -> R.string.problem_reading
                ProblemKind.JOB -> R.string.problem_job
                ProblemKind.UNEXPECTED -> R.string.problem_unexpected
            },
        )
        return if (problem.detail.isEmpty()) sentence else "$sentence\n${problem.detail}"
    }

    /** The answer in a line. */
    fun summary(prediction: Prediction): String = when (prediction) {
        is Prediction.Labels -> labels(prediction)
        is Prediction.Entities -> entities(prediction.marks.size)
        is Prediction.Answered -> answer(prediction)
        is Prediction.Vector -> vector(prediction)
        is Prediction.Filled -> prediction.best
        is Prediction.Ordered -> order(prediction)
    }

    private fun labels(found: Prediction.Labels): String = when {
        found.isRegression ->
            found.bars.joinToString { "${it.label}: ${formatting.number(it.score, REGRESSION_DIGITS)}" }
        found.given.isEmpty() -> resources.getString(R.string.no_label)
        else -> found.given.joinToString()
    }

    private fun entities(count: Int): String = when (count) {
        0 -> resources.getString(R.string.no_entity)
        else -> resources.getQuantityString(R.plurals.entities, count, count)
    }

    private fun answer(found: Prediction.Answered): String =
        found.mark?.label ?: resources.getString(R.string.no_answer)

    private fun order(found: Prediction.Ordered): String =
        resources.getString(if (found.inOrder) R.string.in_order else R.string.not_in_order)

    private fun vector(found: Prediction.Vector): String = when (found.cosine) {
        null -> resources.getString(R.string.vector, formatting.count(found.values.size))
        else -> resources.getString(R.string.similarity, formatting.number(found.cosine, COSINE_DIGITS))
    }

    /** `Tags · dynamic-range · 2 layers · 1.3 MB`. */
    fun facts(facts: ModelFacts): String {
        val layers = resources.getQuantityString(R.plurals.layers, facts.layers, facts.layers)
        val parts = facts.tasks.map { task(it) } + facts.scheme + layers + formatting.megabytes(facts.sizeBytes)
        return parts.joinToString(" · ")
    }

    /** A reply as plain text, for another app. */
    fun shared(reply: Reply): String {
        val lines = ArrayList<String>()
        lines += listOf(reply.request.text, reply.request.second).filter { it.isNotBlank() }
        lines += ""
        lines += summary(reply.prediction)
        lines += details(reply.prediction)
        lines += ""
        lines += "${reply.modelName} · ${formatting.milliseconds(reply.latencyMs)} · ${reply.runtime}"
        return lines.joinToString("\n")
    }

    private fun details(prediction: Prediction): List<String> = when (prediction) {
        is Prediction.Labels -> if (prediction.isRegression) emptyList() else scores(prediction.bars.take(BarList.MOST))
        is Prediction.Entities ->
            prediction.marks.map { "${prediction.text.substring(it.start, it.end)}: ${scored(it.label, it.score)}" }
        is Prediction.Answered -> listOf(scored(resources.getString(R.string.confidence), prediction.score))
        is Prediction.Vector -> emptyList()
        is Prediction.Filled -> scores(prediction.masks.flatten())
        is Prediction.Ordered -> scores(prediction.bars)
    }

    private fun scores(bars: List<Bar>) = bars.map { scored(it.label, it.score) }

    private fun scored(label: String, score: Double) = "$label ${formatting.percent(score)}"

    companion object {
        const val REGRESSION_DIGITS = 3
        const val COSINE_DIGITS = 3
    }
}

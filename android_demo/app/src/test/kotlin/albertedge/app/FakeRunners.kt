package albertedge.app

import albertedge.app.state.OpenedRunner
import albertedge.app.state.RunSettings
import albertedge.app.state.RunnerFactory
import albertedge.artifact.Artifact
import albertedge.artifact.Task
import albertedge.runtime.FloatTensor
import albertedge.runtime.IntTensor
import albertedge.runtime.ModelRunner
import albertedge.runtime.Tensor
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

/** What a model finds in a text: [parts] of it, in order, each with its label. */
class Entities(val text: String, val parts: List<Pair<String, String>>)

/** Answers without arithmetic: a label's index, entities of one known text, an answer of one known pair. */
class Script(
    val label: Int = 2,
    val entities: Entities = Entities("", emptyList()),
    val question: String = "",
    val passage: String = "",
    /** Null: the passage has none. */
    val answer: String? = null,
)

/** A runner that gives [script]'s answers as logits; [gate] holds each run back until it is open. */
class FakeRunner(private val artifact: Artifact, private val script: Script, private val gate: Gate) : ModelRunner {
    override val runtime = "fake 1.0"

    override fun run(inputs: Map<String, Tensor>): Map<String, Tensor> {
        gate.pass()
        val tokens = (inputs.getValue("input_ids") as IntTensor).values.size
        val names = artifact.heads.size > 1
        return artifact.heads.flatMap { head ->
            outputs(head.task, head.labels.orEmpty(), tokens).map { (name, tensor) ->
                (if (names) "${PREFIXES.getValue(head.task)}_$name" else name) to tensor
            }
        }.toMap()
    }

    override fun close() = gate.closed()

    private fun outputs(task: Task, labels: List<String>, tokens: Int): Map<String, Tensor> = when (task) {
        Task.CLASSIFY -> mapOf("logits" to row(FloatArray(labels.size) { if (it == script.label) 4f else 0f - it }))
        Task.TAG -> mapOf("logits" to tags(labels, tokens))
        Task.ANSWER -> answers(tokens)
        else -> throw UnsupportedOperationException("no script for $task")
    }

    private fun tags(labels: List<String>, tokens: Int): Tensor {
        val tags = Array(tokens) { "O" }
        var from = 0
        for ((part, type) in script.entities.parts) {
            val start = script.entities.text.indexOf(part, from)
            check(start >= 0) { "$part isn't in the text" }
            from = start + part.length
            val covered = pieces(script.entities.text, start, from)
            // The first place is [CLS]'s.
            covered.forEachIndexed { index, piece -> tags[1 + piece] = if (index == 0) "B-$type" else "I-$type" }
        }
        val values = FloatArray(tokens * labels.size)
        tags.forEachIndexed { index, tag -> values[index * labels.size + labels.indexOf(tag)] = 9f }
        return FloatTensor(intArrayOf(1, tokens, labels.size), values)
    }

    private fun answers(tokens: Int): Map<String, Tensor> {
        val start = FloatArray(tokens)
        val end = FloatArray(tokens)
        val answer = script.answer
        if (answer == null) {
            start[0] = 9f
            end[0] = 9f
        } else {
            val at = script.passage.indexOf(answer)
            val covered = pieces(script.passage, at, at + answer.length)
            // Behind [CLS], the question and [SEP].
            val first = 2 + artifact.tokenizer.encode(script.question).size
            start[first + covered.first()] = 9f
            end[first + covered.last()] = 9f
        }
        return mapOf("start_logits" to row(start), "end_logits" to row(end))
    }

    /** Indexes of the pieces in UTF-16 units [start, end) of [text]. */
    private fun pieces(text: String, start: Int, end: Int): List<Int> {
        val encoding = artifact.tokenizer.encode(text)
        val first = text.codePointCount(0, start)
        val last = text.codePointCount(0, end)
        return (0 until encoding.size).filter {
            encoding.starts[it] >= first && encoding.ends[it] <= last && encoding.starts[it] < encoding.ends[it]
        }
    }

    private fun row(values: FloatArray) = FloatTensor(intArrayOf(1, values.size), values)

    private companion object {
        val PREFIXES = mapOf(Task.CLASSIFY to "classify", Task.TAG to "tag")
    }
}

/** Counts runs and closings; once [shut], runs wait for [open]. */
class Gate {
    @Volatile
    var runs = 0
        private set

    @Volatile
    var closings = 0
        private set

    @Volatile
    private var latch = CountDownLatch(0)

    fun shut() {
        latch = CountDownLatch(1)
    }

    fun open() = latch.countDown()

    fun pass() {
        runs++
        check(latch.await(10, TimeUnit.SECONDS)) { "nobody opened the gate" }
    }

    fun closed() {
        closings++
    }
}

/** Opens [FakeRunner]s, with [notice] as if an accelerator had failed. */
class FakeRunners(var script: Script = Script(), val gate: Gate = Gate(), private val notice: String? = null) :
    RunnerFactory {
    /** As they were asked for. */
    val settings = ArrayList<RunSettings>()

    override fun open(artifact: Artifact, settings: RunSettings): OpenedRunner {
        this.settings.add(settings)
        return Opened(FakeRunner(artifact, script, gate), notice)
    }

    private class Opened(runner: ModelRunner, override val notice: String?) : OpenedRunner(runner) {
        override val delegate: String? = null
    }
}

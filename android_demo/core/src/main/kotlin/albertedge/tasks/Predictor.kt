package albertedge.tasks

import albertedge.ArtifactException
import albertedge.artifact.Artifact
import albertedge.artifact.Task
import albertedge.runtime.ModelRunner
import albertedge.runtime.RunOptions
import albertedge.runtime.runPacked
import java.io.Closeable

/**
 * An artifact that is ready: text in, answers out. Threads may share it; runs happen one after another.
 *
 * ```kotlin
 * val artifact = Artifact.read(file)
 * Predictor(artifact, runner).use { it.classify(TextRequest("Stocks fell sharply")).labels }
 * ```
 *
 * Every function throws [ArtifactException] if the file has no head for its task, and what the task's pipeline throws.
 */
class Predictor(val artifact: Artifact, private val runner: ModelRunner) : Closeable {
    private val pipelines: Map<Task, Pipeline<*, *>> = artifact.heads.associate { head ->
        val longest = artifact.manifest.maxLength
        head.task to when (head.task) {
            Task.CLASSIFY -> ClassificationPipeline(head.config, artifact.tokenizer, longest)
            Task.TAG -> TaggingPipeline(head.config, artifact.tokenizer, longest)
            Task.ANSWER -> AnsweringPipeline(head.config, artifact.tokenizer, longest)
            Task.EMBED -> EmbeddingPipeline(head.config, artifact.tokenizer, longest)
            Task.FILL -> FillingPipeline(head.config, artifact.tokenizer, longest)
            Task.ORDER -> OrderPipeline(head.config, artifact.tokenizer, longest)
        }
    }

    /** Of the file's heads, in its order. */
    val tasks: List<Task> get() = artifact.heads.map { it.task }

    fun classify(request: TextRequest, options: RunOptions = RunOptions()): Classification =
        answer(Task.CLASSIFY, pipelines[Task.CLASSIFY] as ClassificationPipeline?, request, options)

    fun tag(request: TagRequest, options: RunOptions = RunOptions()): Tagging =
        answer(Task.TAG, pipelines[Task.TAG] as TaggingPipeline?, request, options)

    fun answer(request: Question, options: RunOptions = RunOptions()): Answer =
        answer(Task.ANSWER, pipelines[Task.ANSWER] as AnsweringPipeline?, request, options)

    /** The text's vector. */
    fun embed(request: TextRequest, options: RunOptions = RunOptions()): FloatArray =
        answer(Task.EMBED, pipelines[Task.EMBED] as EmbeddingPipeline?, request, options)

    /** For each mask of the text its candidates. */
    fun fill(request: FillRequest, options: RunOptions = RunOptions()): List<List<FillCandidate>> =
        answer(Task.FILL, pipelines[Task.FILL] as FillingPipeline?, request, options)

    fun order(request: TextRequest, options: RunOptions = RunOptions()): Order =
        answer(Task.ORDER, pipelines[Task.ORDER] as OrderPipeline?, request, options)

    /** Frees the model's memory. */
    override fun close() = synchronized(runner) { runner.close() }

    private fun <R, P> answer(task: Task, pipeline: Pipeline<R, P>?, request: R, options: RunOptions): P {
        if (pipeline == null) {
            throw ArtifactException("a file must have a ${task.key} head; received ${tasks.map { it.key }}")
        }
        val outputs = pipeline.inputs(request).map { packed ->
            synchronized(runner) { runPacked(runner, artifact.manifest, packed, options) }.getValue(task)
        }
        return pipeline.decode(request, outputs)
    }
}

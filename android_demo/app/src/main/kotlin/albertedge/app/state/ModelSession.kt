package albertedge.app.state

import albertedge.artifact.Artifact
import albertedge.runtime.ModelRunner
import albertedge.runtime.Tensor
import albertedge.tasks.Predictor
import java.io.Closeable
import java.nio.ByteBuffer

/** What does a model's arithmetic. */
enum class Processor { CPU, NNAPI, GPU }

/** How a model is run. */
data class RunSettings(val threads: Int = 2, val xnnpack: Boolean = false, val processor: Processor = Processor.CPU) {
    companion object {
        const val MAX_THREADS = 8
    }
}

/** A runner, and what computes. */
abstract class OpenedRunner(val runner: ModelRunner) {
    /** Why it isn't the processor that was asked for; null if it is. It may turn out only with a run. */
    abstract val notice: String?

    /** What operators are handed to, as a result names it; null: nothing. */
    abstract val delegate: String?
}

/** Makes the runner of an artifact. */
interface RunnerFactory {
    /** Throws [albertedge.AlbertEdgeException], and what the interpreter throws on a model that it can't run. */
    fun open(artifact: Artifact, settings: RunSettings): OpenedRunner
}

/** A loaded model. Only the background thread touches it. */
class ModelSession private constructor(
    val facts: ModelFacts,
    val runtime: String,
    private val opened: OpenedRunner,
    private val predictor: Predictor,
    private val runner: StoppableRunner,
) : Closeable {
    val notice: String? get() = opened.notice

    /** Answer [request]; throws [java.util.concurrent.CancellationException] between windows once [ticket] is off. */
    fun predict(request: Request, ticket: Ticket): Predicted {
        runner.ticket = ticket
        return predict(predictor, request)
    }

    override fun close() = predictor.close()

    companion object {
        /** Load the artifact that is all of [file]; throws what [Artifact.read] and [runners] do. */
        fun open(file: ByteBuffer, settings: RunSettings, runners: RunnerFactory): ModelSession {
            val artifact = Artifact.read(file)
            val facts = ModelFacts.of(artifact, file.limit().toLong())
            val opened = runners.open(artifact, settings)
            val runner = StoppableRunner(opened.runner)
            try {
                return ModelSession(facts, runner.runtime, opened, Predictor(artifact, runner), runner)
            } catch (error: Throwable) {
                runner.close()
                throw error
            }
        }
    }
}

/** Looks at its ticket before each run. */
private class StoppableRunner(private val inner: ModelRunner) : ModelRunner by inner {
    var ticket = Ticket()

    override fun run(inputs: Map<String, Tensor>): Map<String, Tensor> {
        ticket.check()
        return inner.run(inputs)
    }
}

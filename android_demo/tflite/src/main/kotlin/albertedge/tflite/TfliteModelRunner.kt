package albertedge.tflite

import albertedge.AlbertEdgeException
import albertedge.artifact.Artifact
import albertedge.outsideHeap
import albertedge.runtime.ModelRunner
import albertedge.runtime.Tensor
import org.tensorflow.lite.TensorFlowLite
import java.io.Closeable

/**
 * Runs an artifact's graph with TensorFlow Lite's Java API, or LiteRT's, which is the same.
 *
 * Best over a file that was mapped: its weights are then read from the file's pages; bytes on the heap are copied. An
 * accelerator that isn't there or fails makes room for the CPU, and [notice] says why. For one thread at a time; the
 * GPU wants the same one always. Throws [TfliteException] if TensorFlow Lite can't be loaded or refuses the model.
 */
class TfliteModelRunner(artifact: Artifact, private val options: TfliteOptions = TfliteOptions()) : ModelRunner {
    private val model = outsideHeap(artifact.model)
    private val kept = Kept<List<Int>, Session>(if (options.xnnpack) MAX_LENGTHS else 1)
    private var accelerated: Session? = null
    private var isClosed = false

    override val runtime: String = guarded("TensorFlow Lite must be loaded") {
        "tensorflow-lite ${TensorFlowLite.runtimeVersion()}"
    }

    /** Why the accelerator that was asked for isn't used, one line; null if it is, or if none was. */
    var notice: String? = null
        private set

    init {
        if (options.accelerator != Accelerator.CPU) accelerate(artifact.manifest.isLooped)
        // Opened now, so that a model which the interpreter refuses is refused here.
        if (accelerated == null) if (options.xnnpack) opened().close() else onCpu(EMPTY)
    }

    override fun run(inputs: Map<String, Tensor>): Map<String, Tensor> {
        if (isClosed) throw TfliteException("a runner must be open when it runs; received a run after its close")
        val session = accelerated ?: return runOnCpu(inputs)
        try {
            return guarded("${options.accelerator} must run the model") { session.run(inputs) }
        } catch (error: TfliteException) {
            leaveAccelerator(error)
            return runOnCpu(inputs)
        }
    }

    /** Frees the interpreters; a second time does nothing. */
    override fun close() {
        isClosed = true
        kept.close()
        accelerated?.close()
        accelerated = null
    }

    private fun accelerate(isLooped: Boolean) {
        val name = options.accelerator
        if (isLooped) {
            notice = "$name needs a file of the unrolled layout; received a looped one: the CPU computes"
            return
        }
        try {
            accelerated = guarded("$name must take the model") {
                Session(model, options.threads, xnnpack = false, options.delegates.make(name))
            }
        } catch (error: TfliteException) {
            notice = "${error.message}: the CPU computes"
        }
    }

    private fun leaveAccelerator(error: TfliteException) {
        notice = "${error.message}: the CPU computes"
        accelerated?.close()
        accelerated = null
    }

    private fun onCpu(sizes: List<Int>): Session = kept.get(sizes) ?: opened().also { kept.put(sizes, it) }

    private fun opened(): Session = guarded("the interpreter must take the model") {
        Session(model, options.threads, options.xnnpack, null)
    }

    private fun runOnCpu(inputs: Map<String, Tensor>): Map<String, Tensor> {
        val sizes = if (options.xnnpack) inputs.keys.sorted().flatMap { inputs.getValue(it).shape.toList() } else EMPTY
        val session = onCpu(sizes)
        var isDone = false
        try {
            return guarded("the interpreter must run the model") { session.run(inputs) }.also { isDone = true }
        } finally {
            // After a failure an interpreter may answer, and wrongly.
            if (!isDone) kept.drop(sizes)
        }
    }

    private companion object {
        /** Interpreters with XNNPACK at a time: each has its own copy of the products' weights. */
        const val MAX_LENGTHS = 4

        val EMPTY = emptyList<Int>()
    }
}

/** The [size] values used last; one that has to go, or is dropped, is closed. */
internal class Kept<K, V : Closeable>(private val size: Int) : Closeable {
    private val values = LinkedHashMap<K, V>(size, LOAD_FACTOR, true)

    fun get(key: K): V? = values[key]

    fun put(key: K, value: V) {
        values[key] = value
        while (values.size > size) drop(values.keys.first())
    }

    fun drop(key: K) {
        values.remove(key)?.close()
    }

    override fun close() = values.keys.toList().forEach { drop(it) }

    private companion object {
        const val LOAD_FACTOR = 0.75f
    }
}

/** What [action] gives; a failure of TensorFlow Lite becomes a [TfliteException], one line that starts with [rule]. */
private inline fun <T> guarded(rule: String, action: () -> T): T = try {
    action()
} catch (error: AlbertEdgeException) {
    throw error as? TfliteException ?: TfliteException(error.message.orEmpty())
} catch (error: RuntimeException) {
    // IllegalArgumentException and IllegalStateException, with what the native side wrote.
    throw TfliteException("$rule; received ${oneLine(error)}")
} catch (error: LinkageError) {
    // UnsatisfiedLinkError: an app without the library for this device's processor.
    throw TfliteException("$rule; received ${oneLine(error)}")
}

private const val SHOWN_CHARACTERS = 200

private fun oneLine(error: Throwable): String {
    val message = error.message.orEmpty().trim().ifEmpty { error.javaClass.simpleName }
    return message.map { if (it < ' ') ' ' else it }.joinToString("").take(SHOWN_CHARACTERS)
}

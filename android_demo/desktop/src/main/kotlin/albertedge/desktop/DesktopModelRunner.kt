package albertedge.desktop

import albertedge.AlbertEdgeException
import albertedge.artifact.Artifact
import albertedge.outsideHeap
import albertedge.runtime.FloatTensor
import albertedge.runtime.IntTensor
import albertedge.runtime.ModelRunner
import albertedge.runtime.Tensor
import org.bytedeco.javacpp.BytePointer
import org.bytedeco.javacpp.FloatPointer
import org.bytedeco.javacpp.IntPointer
import org.bytedeco.javacpp.Pointer
import org.bytedeco.javacpp.ShortPointer
import org.bytedeco.tensorflowlite.TfLiteInterpreter
import org.bytedeco.tensorflowlite.TfLiteModel
import org.bytedeco.tensorflowlite.TfLiteSignatureRunner
import org.bytedeco.tensorflowlite.TfLiteTensor
import org.bytedeco.tensorflowlite.global.tensorflowlite as lite

/** TensorFlow Lite refuses a model, or fails while it runs one. What it wrote stands on standard error. */
class DesktopException(message: String) : AlbertEdgeException(message)

/**
 * Runs an artifact's graph with TensorFlow Lite's C API, on Linux for x86-64: for tests, and for servers.
 *
 * Its library is unpacked into `~/.javacpp/cache`, or where the property `org.bytedeco.javacpp.cachedir` says. Best
 * over a file that was mapped; bytes on the heap are copied. Throws [DesktopException] if the model is refused.
 */
class DesktopModelRunner(artifact: Artifact, threads: Int = 1) : ModelRunner {
    // Read in place by the interpreter, so that it must not be collected before it.
    private val data = outsideHeap(artifact.model)
    private val bytes = BytePointer(data)
    private val opened = ArrayList<() -> Unit>()
    private val signature: TfLiteSignatureRunner
    private val outputs: List<String>
    private val sizes = HashMap<String, IntArray>()
    private var isClosed = false

    override val runtime: String = "tensorflow-lite ${lite.TfLiteVersion().string}"

    init {
        if (threads < 1) throw DesktopException("threads must be 1 or more; received $threads")
        var isDone = false
        try {
            signature = signatureOf(interpreter(model(), threads))
            outputs = List(lite.TfLiteSignatureRunnerGetOutputCount(signature).toInt()) {
                lite.TfLiteSignatureRunnerGetOutputName(signature, it).string
            }
            isDone = true
        } finally {
            if (!isDone) close()
        }
    }

    override fun run(inputs: Map<String, Tensor>): Map<String, Tensor> {
        if (isClosed) throw DesktopException("a runner must be open when it runs; received a run after its close")
        resize(inputs)
        for ((name, tensor) in inputs) {
            copyInto(name, lite.TfLiteSignatureRunnerGetInputTensor(signature, name), tensor)
        }
        check(lite.TfLiteSignatureRunnerInvoke(signature)) { "the interpreter must run the model" }
        return outputs.associateWith { tensorOf(it, lite.TfLiteSignatureRunnerGetOutputTensor(signature, it)) }
    }

    /** Frees the interpreter; a second time does nothing. */
    override fun close() {
        isClosed = true
        // What was made last, and uses the rest, goes first.
        opened.asReversed().forEach { it() }
        opened.clear()
        bytes.deallocate()
    }

    private fun model(): TfLiteModel {
        val model = lite.TfLiteModelCreate(bytes, data.capacity().toLong())
            ?: throw DesktopException("the interpreter must take the model; received a file that it can't read")
        opened.add { lite.TfLiteModelDelete(model) }
        return model
    }

    private fun interpreter(model: TfLiteModel, threads: Int): TfLiteInterpreter {
        val options = lite.TfLiteInterpreterOptionsCreate()
        lite.TfLiteInterpreterOptionsSetNumThreads(options, threads)
        val interpreter = lite.TfLiteInterpreterCreate(model, options)
        lite.TfLiteInterpreterOptionsDelete(options)
        if (interpreter == null) {
            throw DesktopException("the interpreter must take the model; received a graph that it can't run")
        }
        opened.add { lite.TfLiteInterpreterDelete(interpreter) }
        return interpreter
    }

    private fun signatureOf(interpreter: TfLiteInterpreter): TfLiteSignatureRunner {
        val runner = lite.TfLiteInterpreterGetSignatureRunner(interpreter, SIGNATURE)
            ?: throw DesktopException("a model must have the signature $SIGNATURE; received one without it")
        opened.add { lite.TfLiteSignatureRunnerDelete(runner) }
        return runner
    }

    /** Allocates the graph's tensors anew where an input has another size than the last time. */
    private fun resize(inputs: Map<String, Tensor>) {
        val changed = inputs.filter { (name, tensor) -> sizes[name]?.contentEquals(tensor.shape) != true }
        if (changed.isEmpty()) return
        // Until all is done the sizes are unknown: a failure between makes the next run do it again.
        sizes.clear()
        for ((name, tensor) in inputs) {
            val shape = tensor.shape
            check(lite.TfLiteSignatureRunnerResizeInputTensor(signature, name, shape, shape.size)) {
                "the input $name must take the shape ${shape.toList()}"
            }
        }
        check(lite.TfLiteSignatureRunnerAllocateTensors(signature)) { "the interpreter must have room for the inputs" }
        inputs.mapValuesTo(sizes) { it.value.shape }
    }

    private companion object {
        const val SIGNATURE = "serving_default"
    }
}

private inline fun check(status: Int, rule: () -> String) {
    if (status != lite.kTfLiteOk) throw DesktopException("${rule()}; received its status $status")
}

private fun copyInto(name: String, input: TfLiteTensor, tensor: Tensor) {
    val pointer: Pointer = when (tensor) {
        is IntTensor -> IntPointer(*tensor.values)
        is FloatTensor -> FloatPointer(*tensor.values)
    }
    // Both are of 4 bytes a value.
    val size = pointer.limit() * Int.SIZE_BYTES
    val type = if (tensor is IntTensor) lite.kTfLiteInt32 else lite.kTfLiteFloat32
    val found = lite.TfLiteTensorType(input)
    val status = if (found == type) lite.TfLiteTensorCopyFromBuffer(input, pointer, size) else lite.kTfLiteError
    pointer.deallocate()
    check(status) { "the input $name must take ${tensor.shape.toList()} values of type $type, and has type $found" }
}

/** A copy of an output. */
private fun tensorOf(name: String, output: TfLiteTensor): Tensor {
    val shape = IntArray(lite.TfLiteTensorNumDims(output)) { lite.TfLiteTensorDim(output, it) }
    val count = shape.fold(1) { product, size -> product * size }
    val data = lite.TfLiteTensorData(output)
    return when (val type = lite.TfLiteTensorType(output)) {
        lite.kTfLiteFloat32 -> FloatTensor(shape, FloatArray(count).also { FloatPointer(data).get(it) })
        lite.kTfLiteInt32 -> IntTensor(shape, IntArray(count).also { IntPointer(data).get(it) })
        lite.kTfLiteInt16 -> {
            val values = ShortPointer(data)
            IntTensor(shape, IntArray(count) { values.get(it.toLong()).toInt() })
        }
        lite.kTfLiteInt8 -> {
            val values = BytePointer(data)
            IntTensor(shape, IntArray(count) { values.get(it.toLong()).toInt() })
        }
        else -> throw DesktopException("the output $name must be float32, int32, int16 or int8; received type $type")
    }
}

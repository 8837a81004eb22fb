package albertedge.tflite

import albertedge.runtime.FloatTensor
import albertedge.runtime.IntTensor
import albertedge.runtime.Tensor
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Delegate
import org.tensorflow.lite.Interpreter
import java.io.Closeable
import java.nio.ByteBuffer
import java.nio.ByteOrder

private const val SIGNATURE = "serving_default"

/**
 * One interpreter, and the delegate that it computes with, closed together.
 *
 * [model] must be a mapped file or a direct buffer, and stay as it is until [close]: its weights are used in place.
 * Everything here throws what TensorFlow Lite throws.
 */
internal class Session(model: ByteBuffer, threads: Int, xnnpack: Boolean, private val delegate: Delegate?) : Closeable {
    private val interpreter = open(model, threads, xnnpack, delegate)
    private val outputs = interpreter.getSignatureOutputs(SIGNATURE)

    /** Runs the graph; inputs of other sizes than the last time are resized. */
    fun run(inputs: Map<String, Tensor>): Map<String, Tensor> {
        // As arrays, not as buffers: an input is resized to an array only.
        interpreter.runSignature(inputs.mapValues { arrays(it.value) }, HashMap(), SIGNATURE)
        // Fetched afterwards: the sizes of a loop's outputs are known once it has run.
        return outputs.associateWith { tensorOf(interpreter.getOutputTensorFromSignature(it, SIGNATURE)) }
    }

    override fun close() {
        interpreter.close()
        // The interpreter uses it until then.
        delegate?.close()
    }
}

private fun open(model: ByteBuffer, threads: Int, xnnpack: Boolean, delegate: Delegate?): Interpreter {
    val options = Interpreter.Options().setNumThreads(threads).setUseXNNPACK(xnnpack)
    if (delegate != null) options.addDelegate(delegate)
    val view = model.duplicate().order(ByteOrder.nativeOrder())
    try {
        return Interpreter(view, options)
    } catch (error: Throwable) {
        // Nobody else knows it yet.
        delegate?.close()
        throw error
    }
}

/** The values as nested arrays of the tensor's shape, of rank 1 or 2: `int[n]`, `int[1][n]`. */
private fun arrays(tensor: Tensor): Any {
    val shape = tensor.shape
    require(shape.size in 1..2) { "an input must have 1 or 2 axes; received ${shape.toList()}" }
    val width = shape.last()
    val rows = if (shape.size == 1) null else List(shape[0]) { it * width until (it + 1) * width }
    return when (tensor) {
        is IntTensor -> rows?.map { tensor.values.sliceArray(it) }?.toTypedArray() ?: tensor.values
        is FloatTensor -> rows?.map { tensor.values.sliceArray(it) }?.toTypedArray() ?: tensor.values
    }
}

/** A copy of an output: the buffer under it changes with the next run. */
private fun tensorOf(output: org.tensorflow.lite.Tensor): Tensor {
    val shape = output.shape()
    val count = output.numElements()
    val bytes = output.asReadOnlyBuffer()
    return when (val type = output.dataType()) {
        DataType.FLOAT32 -> FloatTensor(shape, FloatArray(count).also { bytes.asFloatBuffer().get(it) })
        DataType.INT32 -> IntTensor(shape, IntArray(count).also { bytes.asIntBuffer().get(it) })
        DataType.INT16 -> IntTensor(shape, IntArray(count) { bytes.getShort(it * Short.SIZE_BYTES).toInt() })
        DataType.INT8 -> IntTensor(shape, IntArray(count) { bytes.get(it).toInt() })
        else -> throw IllegalStateException("an output must be float32, int32, int16 or int8; received $type")
    }
}

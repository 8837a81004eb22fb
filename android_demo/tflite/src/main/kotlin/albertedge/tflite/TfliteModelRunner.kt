package albertedge.tflite

import albertedge.runtime.ModelRunner
import albertedge.runtime.Tensor
import org.tensorflow.lite.Interpreter
import java.nio.ByteBuffer

/** Runs a model with TensorFlow Lite's Java API. */
class TfliteModelRunner(model: ByteBuffer) : ModelRunner {
    private val interpreter = Interpreter(model, Interpreter.Options().setUseXNNPACK(false))

    override val runtime: String get() = "tensorflow-lite"

    override fun run(inputs: Map<String, Tensor>): Map<String, Tensor> = TODO()

    override fun close() = interpreter.close()
}

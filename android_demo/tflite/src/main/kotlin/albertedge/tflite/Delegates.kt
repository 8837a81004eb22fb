// Newer versions, which Gradle takes, call NNAPI outdated; it is still there.
@file:Suppress("DEPRECATION")

package albertedge.tflite

import org.tensorflow.lite.Delegate
import org.tensorflow.lite.nnapi.NnApiDelegate

/** Makes what hands a graph, or parts of one, to an accelerator. */
interface Delegates {
    /** A new delegate, the caller's to close; throws [TfliteException] if this app or device has none. */
    fun make(accelerator: Accelerator): Delegate

    /** TensorFlow Lite's own. */
    object Standard : Delegates {
        /**
         * Of its package `tensorflow-lite-gpu` (`litert-gpu`). Looked up by name, so that an app without that package
         * compiles; one with it that shrinks its code keeps this class and its constructor.
         */
        private const val GPU = "org.tensorflow.lite.gpu.GpuDelegate"

        override fun make(accelerator: Accelerator): Delegate = when (accelerator) {
            Accelerator.NNAPI -> NnApiDelegate()
            Accelerator.GPU -> gpu()
            Accelerator.CPU -> throw TfliteException("a delegate must be for NNAPI or GPU; received CPU")
        }

        private fun gpu(): Delegate = try {
            Class.forName(GPU).getDeclaredConstructor().newInstance() as Delegate
        } catch (error: ReflectiveOperationException) {
            val reason = error.javaClass.simpleName
            throw TfliteException("the GPU needs the package tensorflow-lite-gpu; received $reason")
        }
    }
}

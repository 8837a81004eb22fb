package albertedge.tflite

import albertedge.AlbertEdgeException

/** What computes. */
enum class Accelerator { CPU, NNAPI, GPU }

/** How TensorFlow Lite is to run a model. Throws [TfliteException] unless there is a thread. */
class TfliteOptions(
    /** Of the CPU's kernels. */
    val threads: Int = 2,
    /**
     * Whether the CPU computes float32 products with XNNPACK.
     *
     * In TensorFlow Lite 2.16.1 an interpreter with it answers wrongly after a change of length, so that one is kept
     * for each length: more memory, and the first text of a length waits for it.
     */
    val xnnpack: Boolean = false,
    /** Other than the CPU: for files of the unrolled layout only. */
    val accelerator: Accelerator = Accelerator.CPU,
    /** Where accelerators come from; another source is for tests, and for apps with a delegate of their own. */
    val delegates: Delegates = Delegates.Standard,
) {
    init {
        if (threads < 1) throw TfliteException("threads must be 1 or more; received $threads")
    }
}

/** TensorFlow Lite can't be loaded, refuses a model, or fails while it runs one. */
class TfliteException(message: String) : AlbertEdgeException(message)

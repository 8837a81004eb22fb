package albertedge.runtime

import albertedge.artifact.Axis
import albertedge.artifact.DEPTH_USED
import albertedge.artifact.Head
import albertedge.artifact.Manifest

/**
 * A model without weights: outputs of the right shapes, numbered 0, 1, 2, ..., and then changed by [change].
 *
 * Keeps what it was asked in [asked]; [onRun] is called with the number of each run, from 0.
 */
class FakeRunner(
    private val manifest: Manifest,
    private val change: (Map<String, Tensor>) -> Map<String, Tensor> = { it },
    private val onRun: (Int) -> Unit = {},
) : ModelRunner {
    val asked = ArrayList<Map<String, Tensor>>()
    var isClosed = false
        private set

    override val runtime = "fake 1.0"

    override fun run(inputs: Map<String, Tensor>): Map<String, Tensor> {
        check(!isClosed) { "a closed model must not be run" }
        onRun(asked.size)
        asked += inputs
        val outputs = LinkedHashMap<String, Tensor>()
        for (head in manifest.heads) {
            for ((output, name) in head.task.outputNames(manifest.heads.size)) {
                val axes = head.task.outputs.getValue(output)
                outputs[name] = numbered(listOf(1) + axes.map { sizeOf(it, head, inputs) })
            }
        }
        if (manifest.exit != null) outputs[DEPTH_USED] = IntTensor(intArrayOf(1), intArrayOf(2))
        return change(outputs)
    }

    override fun close() {
        check(!isClosed) { "a model must be closed once" }
        isClosed = true
    }

    private fun sizeOf(axis: Axis, head: Head, inputs: Map<String, Tensor>): Int = when (axis) {
        Axis.TOKENS -> inputs.getValue("input_ids").shape[1]
        Axis.MASKS -> inputs.getValue("masked_positions").shape[1]
        Axis.LABELS -> head.labels.size
        Axis.PIECES -> head.config.vocabSize
        Axis.HIDDEN -> head.config.hiddenSize
    }

    private fun numbered(shape: List<Int>): FloatTensor {
        val count = shape.fold(1) { product, size -> product * size }
        return FloatTensor(shape.toIntArray(), FloatArray(count) { it.toFloat() })
    }
}

package albertedge.runtime

import albertedge.OutputException
import albertedge.RequestException
import albertedge.artifact.Axis
import albertedge.artifact.DEPTH_USED
import albertedge.artifact.EXIT_THRESHOLD
import albertedge.artifact.MASKED_POSITIONS
import albertedge.artifact.Manifest
import albertedge.artifact.Task
import albertedge.text.Packed

/** How deep a run may go. */
class RunOptions(
    /** Layers to apply at most, looped layout only; null or below 1: all. */
    val maxDepth: Int? = null,
    /** The confidence to stop at, of a file with an exit, above 1 for never; null: the file's own. */
    val exitThreshold: Double? = null,
)

/** A head's outputs for one input: name in [Task] to float32 values without the axis of texts and without padding. */
class Outputs(
    val values: Map<String, FloatTensor>,
    /** Layers that were applied; null where the graph has no exit. */
    val depthUsed: Int? = null,
)

/**
 * Run [packed] on the model of [manifest] that [runner] holds.
 *
 * `looped` takes the input at its exact length and all masks at once, `unrolled` takes its one length, padded and
 * masked, and one masked position a run. Throws [RequestException] on ids, lengths, positions or options that the model
 * doesn't take, [OutputException] if an output is missing or misshapen.
 */
fun runPacked(
    runner: ModelRunner,
    manifest: Manifest,
    packed: Packed,
    options: RunOptions = RunOptions(),
): Map<Task, Outputs> {
    val runs = runsOf(manifest, checked(manifest, packed), options)
    val results = runs.map { runner.run(it) }
    val depth = if (manifest.exit == null) null else depthOf(results.last())
    return manifest.heads.associate { head ->
        val names = head.task.outputNames(manifest.heads.size)
        head.task to Outputs(
            names.mapValues { (output, name) -> joined(manifest, packed, head.task, output, name, results) },
            depth,
        )
    }
}

private fun depthOf(outputs: Map<String, Tensor>): Int = (outputs[DEPTH_USED] as? IntTensor)?.values?.singleOrNull()
    ?: throw OutputException("the outputs must have $DEPTH_USED; received ${outputs.keys}")

/** One output of all runs, rows of padding and of masks that weren't asked for cut off. */
private fun joined(
    manifest: Manifest,
    packed: Packed,
    task: Task,
    output: String,
    name: String,
    results: List<Map<String, Tensor>>,
): FloatTensor {
    val axes = task.outputs.getValue(output)
    // Only a masked position's output differs from run to run.
    val used = if (Axis.MASKS in axes) results else results.take(1)
    val parts = used.map { inFloat32(manifest, name, it[name]) }
    val shape = parts[0].shape
    if (shape.size != axes.size + 1 || shape[0] != 1 || parts.any { !it.shape.contentEquals(shape) }) {
        throw OutputException("$name must have one text and ${axes.size} axes; received ${shape.toList()}")
    }
    val inner = shape.drop(1).toIntArray()
    val rows = when (axes[0]) {
        Axis.TOKENS -> packed.inputIds.size
        Axis.MASKS -> packed.maskedPositions?.size ?: 0
        else -> return FloatTensor(inner, parts[0].values)
    }
    return firstRows(name, parts.map { it.values }, inner, rows)
}

/** The first [rows] of all [parts], each of the shape [inner]. */
private fun firstRows(name: String, parts: List<FloatArray>, inner: IntArray, rows: Int): FloatTensor {
    if (rows > inner[0] * parts.size) {
        throw OutputException("$name must have $rows rows; received ${inner[0] * parts.size}")
    }
    val width = inner.drop(1).fold(1) { product, size -> product * size }
    val values = FloatArray(rows * width)
    var place = 0
    for (part in parts) {
        val count = minOf(part.size, values.size - place)
        part.copyInto(values, place, 0, count)
        place += count
    }
    return FloatTensor(intArrayOf(rows) + inner.drop(1), values)
}

private fun inFloat32(manifest: Manifest, name: String, tensor: Tensor?): FloatTensor = when (tensor) {
    is FloatTensor -> tensor
    is IntTensor -> manifest.quantizedOutputs[name]?.let { FloatTensor(tensor.shape, it.dequantized(tensor.values)) }
        ?: throw OutputException("$name must be float32; received integers")
    null -> throw OutputException("the outputs must have $name; received none")
}

/** Throws unless ids lie in the model's tables, and lengths and positions within its limits. */
private fun checked(manifest: Manifest, packed: Packed): Packed {
    val config = manifest.config
    val tokens = packed.inputIds.size
    val fewest = if (manifest.isLooped) manifest.minLength else 1
    if (tokens !in fewest..manifest.maxLength || packed.tokenTypeIds.size != tokens) {
        throw RequestException("an input must have $fewest to ${manifest.maxLength} tokens; received $tokens")
    }
    checkRange("input_ids", packed.inputIds, config.vocabSize)
    checkRange("token_type_ids", packed.tokenTypeIds, config.typeVocabSize)
    val positions = packed.maskedPositions ?: return packed
    checkRange(MASKED_POSITIONS, positions, tokens)
    if (positions.size > tokens) {
        throw RequestException("$MASKED_POSITIONS must be up to $tokens; received ${positions.size}")
    }
    return packed
}

private fun checkRange(name: String, values: IntArray, count: Int) {
    val wrong = values.firstOrNull { it !in 0 until count } ?: return
    throw RequestException("$name must hold values from 0 to ${count - 1}; received $wrong")
}

private fun runsOf(manifest: Manifest, packed: Packed, options: RunOptions): List<Map<String, Tensor>> {
    val exit = thresholdOf(manifest, options.exitThreshold)
    // The graph wants a position where there is none to be filled: the first token's.
    val positions = packed.maskedPositions?.takeIf { it.isNotEmpty() } ?: IntArray(1)
    if (manifest.isLooped) {
        val inputs = LinkedHashMap<String, Tensor>()
        inputs["input_ids"] = row(packed.inputIds)
        inputs["token_type_ids"] = row(packed.tokenTypeIds)
        inputs["max_depth"] = IntTensor(intArrayOf(1), intArrayOf(maxOf(0, options.maxDepth ?: 0)))
        if (manifest.takesMasks) inputs[MASKED_POSITIONS] = row(positions)
        return listOf(inputs + exit)
    }
    if (options.maxDepth != null) {
        throw RequestException("max_depth needs a model in the looped layout; received ${options.maxDepth}")
    }
    val inputs = mapOf<String, Tensor>(
        "input_ids" to padded(packed.inputIds, manifest.maxLength),
        "token_type_ids" to padded(packed.tokenTypeIds, manifest.maxLength),
        "attention_mask" to padded(IntArray(packed.inputIds.size) { 1 }, manifest.maxLength),
    )
    if (!manifest.takesMasks) return listOf(inputs)
    return positions.map { inputs + (MASKED_POSITIONS to IntTensor(intArrayOf(1, 1), intArrayOf(it))) }
}

private fun row(values: IntArray) = IntTensor(intArrayOf(1, values.size), values)

/** Id 0 isn't the padding piece of every vocabulary, but the id of a token that nobody attends to must merely exist. */
private fun padded(values: IntArray, length: Int) = row(values.copyOf(length))

private fun thresholdOf(manifest: Manifest, asked: Double?): Map<String, Tensor> {
    val exit = manifest.exit
    if (exit == null) {
        if (asked != null) throw RequestException("exit_threshold needs a file with an exit; received $asked")
        return emptyMap()
    }
    val threshold = asked ?: exit.threshold
    if (!(threshold > 0) || threshold.isInfinite()) {
        throw RequestException("exit_threshold must be a finite number above 0; received $threshold")
    }
    // What float32 can't hold is as far above 1 as its largest.
    val value = minOf(threshold, Float.MAX_VALUE.toDouble()).toFloat()
    return mapOf(EXIT_THRESHOLD to FloatTensor(intArrayOf(1), floatArrayOf(value)))
}

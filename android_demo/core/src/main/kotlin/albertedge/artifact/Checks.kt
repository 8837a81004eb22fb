package albertedge.artifact

import albertedge.ArtifactException
import java.nio.ByteBuffer

internal const val EXIT_THRESHOLD = "exit_threshold"
internal const val DEPTH_USED = "depth_used"
internal const val MASKED_POSITIONS = "masked_positions"
internal const val SIGNATURE = "serving_default"
internal const val METADATA_ENTRY = "TFLITE_METADATA"
internal const val METADATA_IDENTIFIER = "M001"

/** A product of fewer weights may stay float32 in a file with weights of few bits. */
private const val SMALL_PRODUCT = 8192

/** The associated files are those of the manifest, and every hash is right. */
internal fun checkFiles(manifest: Manifest, model: ByteBuffer, files: Map<String, ByteArray>) {
    val needed = manifest.fileNames.sorted()
    if (files.keys.sorted() != needed || manifest.files.keys.sorted() != needed) {
        throw ArtifactException(
            "the associated files must be $MANIFEST_FILE, ${needed.joinToString()}; received " +
                "${files.keys.joinToString()} beside a manifest of ${manifest.files.size}",
        )
    }
    checkHash("the flatbuffer", model, manifest.modelSha256)
    for (name in needed) checkHash(name, ByteBuffer.wrap(files.getValue(name)), manifest.files.getValue(name))
    val labels = manifest.heads[0].labels
    if (labels.isNotEmpty()) {
        val expected = labels.joinToString("") { "$it\n" }.toByteArray()
        if (!files.getValue(LABELS_FILE).contentEquals(expected)) {
            throw ArtifactException("$LABELS_FILE must hold the manifest's labels, one a line; received others")
        }
    }
}

private fun checkHash(name: String, data: ByteBuffer, stated: String) {
    val found = sha256(data)
    if (found != stated) {
        throw ArtifactException("the SHA-256 of $name must be $stated, as the manifest has it; received $found")
    }
}

/** The graph has the one signature of the manifest's heads and layout, and looks words up in a table that fits. */
internal fun checkGraph(manifest: Manifest, model: ModelFacts, data: ByteBuffer) {
    checkMetadata(model, data)
    val signature = model.signatures.singleOrNull()
    if (signature == null || signature.name != SIGNATURE || signature.subgraph != 0) {
        throw ArtifactException(
            "the model must have one signature, $SIGNATURE, on its first subgraph; received ${model.signatures.size}",
        )
    }
    checkArguments(manifest, model.subgraphs[0], signature)
    val ids = Place(0, signature.inputs.getValue("input_ids"))
    val weights = Weights(model)
    val rows = weights.tableRows(ids)
    // A second one, of the rows' scales, stands beside an int8 table.
    if (rows.toSet() != setOf(manifest.config.vocabSize)) {
        throw ArtifactException(
            "input_ids must be looked up in tables of vocab_size ${manifest.config.vocabSize} rows; received tables " +
                "of ${rows.take(8)} rows",
        )
    }
    checkStoredTypes(manifest, weights, ids)
}

private fun checkMetadata(model: ModelFacts, data: ByteBuffer) {
    val span = metadataSpan(model)
    val found = span != null &&
        METADATA_IDENTIFIER.indices.all {
            data.get(span.position + 4 + it).toInt() == METADATA_IDENTIFIER[it].code
        }
    if (!found) {
        throw ArtifactException("the flatbuffer must hold TFLite Metadata under $METADATA_ENTRY; received none")
    }
}

/** Where the TFLite Metadata lies; null if there isn't any. */
internal fun metadataSpan(model: ModelFacts): Span? =
    model.metadata[METADATA_ENTRY]?.let { model.buffers[it] }?.takeIf { it.length >= 8 }

/** The matrices are stored in the types that the manifest's parts have. */
private fun checkStoredTypes(manifest: Manifest, weights: Weights, ids: Place) {
    val parts = manifest.parts
    if (parts.isEmpty()) return
    val table = parts["embedding"] ?: "float32"
    val found = weights.tableTypes(ids)
    if (found != setOf(table)) {
        throw ArtifactException("the table of words must be stored as $table, its part's; received ${found.sorted()}")
    }
    // fill-mask multiplies by the table.
    val allowed = (parts - "embedding").values.toSet() + if (manifest.takesMasks) setOf(table) else emptySet()
    val others = weights.productTypes(SMALL_PRODUCT) - allowed
    if (others.isNotEmpty()) {
        throw ArtifactException(
            "the products must be stored as their parts are, ${allowed.sorted().joinToString()}; received " +
                others.sorted().joinToString(),
        )
    }
}

/** The tokenizer's [pieces] are as many as the model's table has rows. */
internal fun checkVocabulary(manifest: Manifest, pieces: Int) {
    val expected = manifest.config.vocabSize
    if (pieces != expected) {
        throw ArtifactException("${manifest.vocabularyFile} must have vocab_size $expected pieces; received $pieces")
    }
}

/** Name to shape of each input of the signature, -1 for a number of tokens or masks that the request has. */
internal fun inputShapes(manifest: Manifest): Map<String, List<Int>> {
    val shapes = LinkedHashMap<String, List<Int>>()
    if (manifest.isLooped) {
        shapes["input_ids"] = listOf(1, -1)
        shapes["token_type_ids"] = listOf(1, -1)
        shapes["max_depth"] = listOf(1)
    } else {
        val names = listOf("input_ids", "token_type_ids", "attention_mask")
        names.associateWithTo(shapes) { listOf(1, manifest.maxLength) }
    }
    // All shapes of the unrolled layout are fixed, so it takes one mask a run.
    if (manifest.takesMasks) shapes[MASKED_POSITIONS] = listOf(1, if (manifest.isLooped) -1 else 1)
    if (manifest.exit != null) shapes[EXIT_THRESHOLD] = listOf(1)
    return shapes
}

private fun outputAxes(manifest: Manifest): Map<String, List<Int>> {
    val expected = LinkedHashMap<String, List<Int>>()
    for (head in manifest.heads) {
        for ((output, name) in head.task.outputNames(manifest.heads.size)) {
            expected[name] = head.task.outputs.getValue(output).map { axis ->
                when (axis) {
                    Axis.TOKENS -> if (manifest.isLooped) -1 else manifest.maxLength
                    Axis.MASKS -> if (manifest.isLooped) -1 else 1
                    Axis.LABELS -> head.labels.size
                    Axis.PIECES -> head.config.vocabSize
                    Axis.HIDDEN -> head.config.hiddenSize
                }
            }
        }
    }
    return expected
}

private fun checkArguments(manifest: Manifest, graph: SubgraphFacts, signature: SignatureFacts) {
    for ((arguments, places) in listOf(signature.inputs to graph.inputs, signature.outputs to graph.outputs)) {
        if (arguments.values.sorted() != places.sorted()) {
            throw ArtifactException("the signature must name each input and output of the graph once; received others")
        }
    }
    val expected = inputShapes(manifest).map { (name, shape) ->
        "$name ${if (name == EXIT_THRESHOLD) "float32" else "int32"} $shape"
    }
    val received = signature.inputs.map { (name, index) ->
        "$name ${graph.tensors[index].dtype} ${graph.tensors[index].shape.toList()}"
    }
    if (expected.sorted() != received.sorted()) {
        val layout = if (manifest.isLooped) "looped" else "unrolled"
        val shown = received.toString().take(400)
        throw ArtifactException("the $layout graph must have the inputs $expected; received $shown")
    }
    checkOutputs(manifest, signature.outputs.mapValues { (_, index) -> graph.tensors[index] })
}

private fun checkOutputs(manifest: Manifest, outputs: Map<String, TensorFacts>) {
    val expected = outputAxes(manifest)
    val types = expected.keys.associateWith { manifest.quantizedOutputs[it]?.dtype ?: "float32" } +
        if (manifest.exit != null) mapOf(DEPTH_USED to "int32") else emptyMap()
    val received = outputs.mapValues { (_, tensor) -> tensor.dtype }
    if (received != types) {
        throw ArtifactException("the graph must have the outputs $types; received ${received.toString().take(400)}")
    }
    for ((name, axes) in expected) {
        val shape = outputs.getValue(name).shape.toList()
        // A slice's first axis is open to the converter, though it always has one text.
        if (shape != listOf(1) + axes && shape != listOf(-1) + axes) {
            throw ArtifactException("$name must have the shape ${listOf(1) + axes}; received $shape")
        }
    }
    if (manifest.exit != null && !outputs.getValue(DEPTH_USED).shape.contentEquals(intArrayOf(1))) {
        throw ArtifactException("$DEPTH_USED must have the shape [1]; received another")
    }
    checkQuantized(manifest, outputs)
}

private fun checkQuantized(manifest: Manifest, outputs: Map<String, TensorFacts>) {
    for ((name, stated) in manifest.quantizedOutputs) {
        val found = outputs.getValue(name).quantization
        val isSame = found != null &&
            found.scales == 1 &&
            found.scale.toDouble() == stated.scale &&
            found.zeroPoint == stated.zeroPoint.toLong()
        if (!isSame) throw ArtifactException("$name must have the manifest's scale and zero point; received $found")
    }
}

package albertedge.artifact

import albertedge.ArtifactException
import albertedge.require

internal const val MANIFEST_FILE = "albert_edge.json"
internal const val LABELS_FILE = "labels.txt"

/** Kind of tokenizer to what its vocabulary's file is called. */
private val VOCABULARY_FILES = mapOf("sentencepiece" to "spiece.model", "wordpiece" to "vocab.txt")

/**
 * The checked contents of `albert_edge.json`: all that turns text into an answer.
 *
 * A key that this version doesn't know is an error, and so is a `schema_version` above its own, for silently ignored
 * settings give wrong answers. The JSON has one spelling only (key order, spacing).
 */
class Manifest private constructor(values: JsonObject) {
    /** 1 to 3. */
    val schemaVersion: Int = versionOf(values)

    /** The first head and the further ones, in the manifest's order. */
    val heads: List<Head> = headsOf(values)

    /** The name of how weights are stored and computed with. */
    val scheme: String = values.string("scheme", MANIFEST_FILE)

    /** Whether the layers are a loop: any length, and depth as an input. Else one length. */
    val isLooped: Boolean

    /** Fewest tokens that the graph takes, special pieces included. */
    val minLength: Int

    /** Most tokens that it takes. */
    val maxLength: Int

    /** How the graph may stop before its last layer; null: it can't. */
    val exit: Exit?

    /** Runtimes that ran the file and agreed with the model it came from. */
    val targets: List<String> = strings(values.array("targets", MANIFEST_FILE), "targets")

    /** The version of albert-edge that wrote the file. */
    val projectVersion: String = values.string("project_version", MANIFEST_FILE)

    internal val parts: Map<String, String>
    internal val quantizedOutputs: Map<String, QuantizedOutput>
    internal val tokenizerKind: String
    internal val tokenizerOptions: JsonObject
    internal val modelSha256: String = digest(values["model_sha256"])
    internal val files: Map<String, String>

    init {
        val layout = values.string("layout", MANIFEST_FILE)
        require(layout in LAYOUTS, "layout must be one of ${LAYOUTS.joinToString()}") { layout }
        isLooped = layout == LAYOUTS[0]
        val lengths = checkedObject(values["lengths"], listOf("min", "max"), "lengths")
        minLength = lengths.count("min", "lengths")
        maxLength = lengths.count("max", "lengths")
        val tokenizer = checkedObject(values["tokenizer"], listOf("kind", "file", "options"), "tokenizer")
        tokenizerKind = tokenizer.string("kind", "tokenizer")
        val file = tokenizer.string("file", "tokenizer")
        require(VOCABULARY_FILES[tokenizerKind] == file, "the tokenizer's kind and file must be of $VOCABULARY_FILES") {
            "$tokenizerKind and $file"
        }
        tokenizerOptions = tokenizer.objectAt("options", "tokenizer")
        val hashes = values.objectAt("files", MANIFEST_FILE)
        files = hashes.keys.associateWith { digest(hashes[it]) }
        exit = if (schemaVersion < 3) null else Exit.of(values["exit"])
        parts = if (schemaVersion < 3) emptyMap() else partsOf(values.objectAt("parts", MANIFEST_FILE))
        if (schemaVersion >= 3) checkActivations(values["activations"])
        quantizedOutputs = if (schemaVersion < 3) emptyMap() else quantizedOf(values)
        check(values)
    }

    internal val takesMasks: Boolean get() = heads.any { it.task.takesMasks }

    internal val vocabularyFile: String get() = VOCABULARY_FILES.getValue(tokenizerKind)

    /** The associated files beside the manifest, sorted; labels have one only if the first head has labels. */
    internal val fileNames: List<String>
        get() = (if (heads[0].labels.isEmpty()) emptyList() else listOf(LABELS_FILE)) + vocabularyFile

    /** The first head's configuration. */
    internal val config: AlbertConfig get() = heads[0].config

    private fun check(values: JsonObject) {
        if (schemaVersion == 1) {
            val isFirst = heads.size == 1 && heads[0].task == Task.CLASSIFY && tokenizerKind == "sentencepiece"
            require(isFirst, "a file of schema_version 1 must be a text classifier with SentencePiece") { "another" }
        }
        require(minLength <= maxLength, "lengths must be 1 <= min <= max") { "$minLength and $maxLength" }
        val longest = config.maxPositionEmbeddings
        require(maxLength <= longest, "lengths.max must be at most $longest") { maxLength }
        require(isLooped || minLength == maxLength, "an unrolled graph must have lengths.min equal to lengths.max") {
            "$minLength and $maxLength"
        }
        val labels = strings(values.array("labels", MANIFEST_FILE), "labels")
        require(labels == heads[0].labels, "labels must be those of config") { labels }
        for (label in heads.flatMap { it.labels }) {
            val isLine = label.isNotEmpty() && label.none { it in LINE_ENDS }
            require(isLine, "a label must be one line that is not empty") { label }
        }
        val reason = exit?.let { Exit.refusal(heads, isLooped) }
        if (reason != null) throw ArtifactException(reason)
        val outputs = heads.flatMap { it.task.outputNames(heads.size).values }
        val unknown = quantizedOutputs.keys.firstOrNull { it !in outputs }
        require(unknown == null, "quantized_outputs must be among ${outputs.joinToString()}") { unknown }
    }

    internal companion object {
        const val NEWEST_VERSION = 3
        private val LAYOUTS = listOf("looped", "unrolled")

        /** What Python's `str.splitlines` cuts at. */
        private const val LINE_ENDS = "\n\r\u000B\u000C\u001C\u001D\u001E\u0085\u2028\u2029"

        private val KEYS = listOf(
            "schema_version", "project_version", "task", "config", "scheme", "parts", "activations", "layout",
            "lengths", "exit", "labels", "heads", "quantized_outputs", "tokenizer", "targets", "model_sha256", "files",
        )

        /** Key to the first version that has it, of those that came after version 1. */
        private val SINCE = mapOf("heads" to 2, "parts" to 3, "activations" to 3, "exit" to 3, "quantized_outputs" to 3)

        /** Read `albert_edge.json`; throws [ArtifactException] on anything that the format doesn't have. */
        fun read(data: ByteArray): Manifest {
            val document = parseJson(data, MANIFEST_FILE)
            val values = document as? JsonObject
                ?: throw ArtifactException("$MANIFEST_FILE must hold an object; received another value")
            val version = versionOf(values)
            checkedObject(values, KEYS.filter { (SINCE[it] ?: 1) <= version }, MANIFEST_FILE)
            val isSame = (writeJson(values) + "\n").toByteArray().contentEquals(data)
            require(isSame, "$MANIFEST_FILE must be spelt as `albert-edge convert` does") { "other bytes" }
            return Manifest(values)
        }

        private fun versionOf(values: JsonObject): Int {
            val version = countOrNull(values["schema_version"])
                ?: throw ArtifactException("schema_version must be from 1 to $NEWEST_VERSION; received another value")
            if (version > NEWEST_VERSION) {
                throw ArtifactException(
                    "schema_version must be at most $NEWEST_VERSION for this version of the app; received $version: " +
                        "a newer albert-edge wrote the file",
                )
            }
            return version
        }

        private fun headsOf(values: JsonObject): List<Head> {
            val first = Head(Task.of(values["task"]), AlbertConfig(values.objectAt("config", MANIFEST_FILE)))
            val others = if (values["heads"] == null) emptyList() else values.array("heads", MANIFEST_FILE).items
            // A task comes once: more of them are not worth reading.
            val canDiffer = others.size < Task.values().size
            require(canDiffer, "each head of one file must have a task of its own") { others.size }
            return (listOf(first) + others.map { headOf(it, first.config) }).also { checkHeads(it) }
        }

        private fun quantizedOf(values: JsonObject): Map<String, QuantizedOutput> {
            val outputs = values.objectAt("quantized_outputs", MANIFEST_FILE)
            return outputs.keys.associateWith { QuantizedOutput.of(outputs[it]) }
        }

        private fun digest(value: Json?): String {
            val text = (value as? JsonString)?.value ?: ""
            val isDigest = text.length == 64 && text.all { it in '0'..'9' || it in 'a'..'f' }
            require(isDigest, "a SHA-256 must be 64 hexadecimal digits") { text }
            return text
        }
    }
}

package albertedge

import albertedge.artifact.AlbertConfig
import albertedge.artifact.Json
import albertedge.artifact.JsonArray
import albertedge.artifact.JsonBoolean
import albertedge.artifact.JsonNumber
import albertedge.artifact.JsonObject
import albertedge.artifact.JsonString
import albertedge.artifact.parseJson
import albertedge.text.SentencePieceTokenizer
import albertedge.text.Tokenizer
import albertedge.text.TokenizerOptions
import albertedge.text.WordPieceOptions
import albertedge.text.WordPieceTokenizer
import java.io.File
import java.nio.ByteBuffer
import java.util.Base64
import java.util.zip.GZIPInputStream

/** What `fixtures/make.py` wrote, and the files of the Python tests that it is about. */
object Fixtures {
    private val repository = File(System.getProperty("repository") ?: ".")

    internal val artifacts: JsonObject by lazy { load("artifacts") }
    val vocabulary: ByteArray by lazy { decoded(artifacts["vocabulary"]!!) }
    val spm30k: ByteArray by lazy { golden("albert_spm/30k-clean.model") }

    internal fun load(name: String): JsonObject {
        val file = File(repository, "android_demo/fixtures/$name.json.gz")
        return parseJson(GZIPInputStream(file.inputStream()).use { it.readBytes() }, name) as JsonObject
    }

    fun golden(path: String): ByteArray = File(repository, "tests/golden/$path").readBytes()

    fun model(name: String): ByteArray = File(repository, "tests/artifact/models/$name.tflite").readBytes()

    /** The whole file of the small artifact [name]. */
    fun artifact(name: String): ByteArray = model(name) + zip(artifacts.at("right").get(name)!!)

    /** A zip whose parts stand before and behind the vocabulary. */
    internal fun zip(parts: Json): ByteArray {
        val all = (parts as JsonArray).items.map { decoded(it) }
        return all.drop(1).fold(all[0]) { bytes, part -> bytes + vocabulary + part }
    }

    internal fun decoded(value: Json): ByteArray = Base64.getDecoder().decode((value as JsonString).value)

    internal fun tokenizer(kind: String, vocabulary: ByteArray, options: JsonObject): Tokenizer =
        if (kind == "wordpiece") {
            WordPieceTokenizer(vocabulary, WordPieceOptions.of(options))
        } else {
            SentencePieceTokenizer(vocabulary, TokenizerOptions.of(options))
        }

    internal fun config(values: JsonObject) = AlbertConfig(values)
}

internal fun JsonObject.at(key: String): JsonObject = this[key] as JsonObject

internal fun JsonObject.list(key: String): List<Json> = (this[key] as JsonArray).items

internal fun JsonObject.text(key: String): String = (this[key] as JsonString).value

internal fun JsonObject.int(key: String): Int = (this[key] as JsonNumber).long!!.toInt()

internal fun JsonObject.number(key: String): Double = (this[key] as JsonNumber).double

internal fun JsonObject.flag(key: String): Boolean = (this[key] as JsonBoolean).value

internal fun ints(value: Json): List<Int> = (value as JsonArray).items.map { (it as JsonNumber).long!!.toInt() }

internal fun buffer(bytes: ByteArray): ByteBuffer = ByteBuffer.wrap(bytes)

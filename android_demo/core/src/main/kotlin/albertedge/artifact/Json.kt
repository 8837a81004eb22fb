package albertedge.artifact

/**
 * A JSON value. [parseJson] reads them, [writeJson] writes them as Python's `json.dumps(..., indent=2)` does.
 *
 * No library: Android's own differs from release to release, and takes what is no JSON.
 */
internal sealed class Json {
    /** As an error message shows it. */
    override fun toString(): String = writeJson(this).replace(Regex("\\s+"), " ")
}

internal object JsonNull : Json()

internal class JsonBoolean(val value: Boolean) : Json()

internal class JsonString(val value: String) : Json()

/** A number as it is written: 1, 1.0 and 1e0 are equal, and only the first is whole. */
internal class JsonNumber(val text: String) : Json() {
    val isWhole: Boolean get() = text.none { it == '.' || it == 'e' || it == 'E' }

    /** The nearest double; infinite if there is none. */
    val double: Double get() = text.toDouble()

    /** The number; null if it isn't whole or beyond 64 bits. */
    val long: Long? get() = if (isWhole) text.toLongOrNull() else null
}

internal class JsonArray(val items: List<Json>) : Json()

/** Keys in the order in which they are written, none of them twice. */
internal class JsonObject(private val values: LinkedHashMap<String, Json>) : Json() {
    val keys: List<String> get() = values.keys.toList()

    operator fun get(key: String): Json? = values[key]
}

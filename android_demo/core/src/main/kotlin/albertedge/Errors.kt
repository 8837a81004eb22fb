package albertedge

/**
 * What this library throws, and the only thing: for a file, a text or a model that can't be used.
 *
 * The message is one line that states the rule and the value received; it can be shown to a user.
 */
open class AlbertEdgeException(message: String) : Exception(message)

/** A `.tflite` file, or a part of one, that is damaged, foreign, or newer than this reader. */
class ArtifactException(message: String) : AlbertEdgeException(message)

/** A request that can't be answered: no text, a lone surrogate, an option out of its range. */
class RequestException(message: String) : AlbertEdgeException(message)

/** The model answered with what is no answer: an output missing, misshapen, or not finite. */
class OutputException(message: String) : AlbertEdgeException(message)

/** A measurement that was cancelled before its end. */
class StoppedException(message: String) : AlbertEdgeException(message)

/** Throws an [ArtifactException] with [rule], and the start of what was [received], unless [condition] holds. */
internal inline fun require(condition: Boolean, rule: String, received: () -> Any?) {
    if (!condition) throw ArtifactException("$rule; received ${shown(received())}")
}

private const val SHOWN_CHARACTERS = 200

/** [value] as a message shows it: cut short, on one line. */
internal fun shown(value: Any?): String {
    val text = if (value is String) "'$value'" else value.toString()
    return text.take(SHOWN_CHARACTERS).map { if (it < ' ' || it.isSurrogate()) '?' else it }.joinToString("")
}

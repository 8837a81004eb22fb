package albertedge.tasks

import albertedge.RequestException
import albertedge.artifact.AlbertConfig
import albertedge.runtime.Outputs
import albertedge.text.Encoding
import albertedge.text.Packed
import albertedge.text.Span
import albertedge.text.TagSet
import albertedge.text.Tokenizer
import albertedge.text.Window
import albertedge.text.codePoints
import albertedge.text.decodeWords
import albertedge.text.entitySpans
import albertedge.text.logSoftmax
import albertedge.text.textOf
import albertedge.text.widestContext
import albertedge.text.windows
import albertedge.text.wordsOf

/** A text whose entities are wanted. */
class TagRequest(
    val text: String,
    /** Code points [start, end) of each word, in order and apart; null: they are found. */
    val words: List<Span>? = null,
)

/** A named thing: code points [start, end) of the text. */
class Entity(
    val text: String,
    val label: String,
    val start: Int,
    val end: Int,
    /** Mean probability of its words' labels. */
    val score: Double,
)

/** The entities of one text. */
class Tagging(
    /** In order; they don't overlap. */
    val entities: List<Entity>,
    val words: List<Span>,
    /** A tag a word, in iob2 whatever the model's own scheme is. */
    val wordLabels: List<String>,
)

/**
 * `token-classification`: the entities of a text, found word by word.
 *
 * A long text runs in windows; every piece is judged in the one where it has most context, and the sequence of tags is
 * decided over the whole text, so that an entity may lie across windows.
 */
class TaggingPipeline(config: AlbertConfig, tokenizer: Tokenizer, longest: Int) :
    Pipeline<TagRequest, Tagging>(config, tokenizer, longest) {
    private val tagSet = TagSet(config.labels, config.settings.tagScheme)

    override fun inputs(request: TagRequest): List<Packed> {
        checkWords(request)
        return windowsOf(encodeRequest(tokenizer, request.text)).map { it.packed }
    }

    override fun decode(request: TagRequest, outputs: List<Outputs>): Tagging {
        checkWords(request)
        val codes = codePoints(request.text)
        val encoding = encodeRequest(tokenizer, request.text)
        val words = request.words ?: wordsOf(codes)
        val found = decodeWords(logProbabilities(windowsOf(encoding), outputs), encoding, words, tagSet)
        val entities = ArrayList<Entity>()
        entitySpans(found.tags) { first, stop, type ->
            val start = words[first].start
            val end = words[stop - 1].end
            val score = (first until stop).sumOf { found.probabilities[it] } / (stop - first)
            entities.add(Entity(textOf(codes, start, end), type, start, end, score))
        }
        return Tagging(entities, words, found.tags.map { it.toString() })
    }

    private fun windowsOf(encoding: Encoding) = windows(tokenizer, encoding.ids, longest, config.settings.stride)

    /** Of each piece in the window that judges it, [pieces][labels]. */
    private fun logProbabilities(windows: List<Window>, outputs: List<Outputs>): List<DoubleArray> {
        checkCount(outputs, windows.size)
        val labels = config.labels.size
        val rows = windows.indices.map {
            rowsOf(outputs[it], "logits", listOf(windows[it].packed.inputIds.size, labels), labels)
        }
        return widestContext(windows).mapIndexed { piece, judge ->
            logSoftmax(rows[judge][piece - windows[judge].start + windows[judge].first])
        }
    }

    private fun checkWords(request: TagRequest) {
        val length = request.text.codePointCount(0, request.text.length)
        var place = 0
        for (word in request.words.orEmpty()) {
            if (word.start < place || word.end <= word.start || word.end > length) {
                throw RequestException(
                    "words must be characters [start, end) of the text, in order and apart, from $place to $length; " +
                        "received [${word.start}, ${word.end})",
                )
            }
            place = word.end
        }
    }
}

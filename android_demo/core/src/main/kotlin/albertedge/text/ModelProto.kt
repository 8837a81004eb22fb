package albertedge.text

import albertedge.ArtifactException
import albertedge.artifact.utf8OrNull

/** What a piece of a SentencePiece model is (`SentencePiece.Type`). */
internal enum class PieceType { NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED }

/** A unigram model: its pieces in order of their ids, and how it normalizes characters. */
internal class ModelProto(
    val texts: List<String>,
    /** Logarithms of probabilities. */
    val scores: FloatArray,
    val types: List<PieceType>,
    /** The compiled table of characters; empty: they stay as they are. */
    val charsmap: ByteArray,
    val addDummyPrefix: Boolean,
    val removeExtraWhitespaces: Boolean,
    val escapeWhitespaces: Boolean,
    /** Names of the pieces that begin and end a sentence, where a vocabulary has any. */
    val sentenceEdges: List<String>,
)

/**
 * Reads a SentencePiece model file, the protocol buffer `ModelProto`; throws [ArtifactException] if it is none.
 *
 * Follows `sentencepiece_model.proto` of google/sentencepiece 0.2. Refused as in Python: byte fallback, and white space
 * marked behind words. Refused here only: other models than unigram ones, pieces of more than [MAX_PIECE_UNITS].
 */
internal fun parseModel(data: ByteArray): ModelProto {
    val model = ModelReader()
    fields(data, 0, data.size) { number, value ->
        when (number) {
            1 -> model.piece(value)
            2 -> model.trainer(value)
            3 -> model.normalizer(value)
        }
    }
    return model.build()
}

private const val MAX_PIECE_UNITS = 256

private fun notAModel(what: String) =
    ArtifactException("a vocabulary must be a SentencePiece unigram model; received $what")

/** One field's value: a number, or the bytes [from, to) of [data]. */
private class FieldValue(val data: ByteArray, val number: Long, val from: Int, val to: Int) {
    val isBytes get() = from >= 0

    fun flag(): Boolean = number() != 0L

    fun number(): Long = if (isBytes) throw notAModel("bytes in place of a number") else number

    fun text(): String {
        if (!isBytes) throw notAModel("a number in place of a text")
        return utf8OrNull(data, from, to) ?: throw notAModel("a text that isn't UTF-8")
    }

    fun bytes(): ByteArray = if (isBytes) data.copyOfRange(from, to) else throw notAModel("a number in place of bytes")

    fun each(action: (Int, FieldValue) -> Unit) {
        if (!isBytes) throw notAModel("a number in place of a message")
        fields(data, from, to, action)
    }
}

private const val VARINT = 0
private const val EIGHT_BYTES = 1
private const val BYTES = 2
private const val FOUR_BYTES = 5

/** Calls [action] with number and value of each field of the message in the bytes [from, to). */
private fun fields(data: ByteArray, from: Int, to: Int, action: (Int, FieldValue) -> Unit) {
    val reader = ProtoReader(data, from, to)
    while (reader.place < to) {
        val key = reader.varint()
        val number = key ushr 3
        if (number !in 1..MAX_FIELD) throw notAModel("a field of number $number")
        val value = when ((key and 7).toInt()) {
            VARINT -> FieldValue(data, reader.varint(), -1, -1)
            FOUR_BYTES -> FieldValue(data, reader.littleEndian(4), -1, -1)
            EIGHT_BYTES -> FieldValue(data, reader.littleEndian(8), -1, -1)
            BYTES -> reader.slice()
            else -> throw notAModel("a field of an unknown form")
        }
        action(number.toInt(), value)
    }
}

private const val MAX_FIELD = (1L shl 29) - 1

private class ProtoReader(private val data: ByteArray, var place: Int, private val end: Int) {
    fun varint(): Long {
        var value = 0L
        for (shift in 0 until 64 step 7) {
            val byte = byte()
            value = value or (byte and 0x7FL shl shift)
            if (byte < 0x80) return value
        }
        throw notAModel("a number of more than 64 bits")
    }

    fun littleEndian(count: Int): Long {
        var value = 0L
        for (index in 0 until count) value = value or (byte() shl (8 * index))
        return value
    }

    fun slice(): FieldValue {
        val length = varint()
        if (length !in 0..(end - place).toLong()) throw notAModel("a field that goes on behind the end")
        val from = place
        place += length.toInt()
        return FieldValue(data, 0, from, place)
    }

    private fun byte(): Long {
        if (place >= end) throw notAModel("one that is cut off")
        return data[place++].toLong() and 0xFF
    }
}

private class ModelReader {
    private val texts = ArrayList<String>()
    private val scores = ArrayList<Float>()
    private val types = ArrayList<PieceType>()
    private var charsmap = ByteArray(0)
    private var addDummyPrefix = true
    private var removeExtraWhitespaces = true
    private var escapeWhitespaces = true
    private var begin = "<s>"
    private var end = "</s>"

    fun piece(message: FieldValue) {
        var text = ""
        var score = 0f
        var type = PieceType.NORMAL
        message.each { number, value ->
            when (number) {
                1 -> text = value.text()
                2 -> score = Float.fromBits(value.number().toInt())
                3 -> type = typeOf(value.number())
            }
        }
        if (text.isEmpty() || text.length > MAX_PIECE_UNITS || score.isNaN()) {
            throw notAModel("piece ${texts.size} of ${text.length} characters with the score $score")
        }
        texts.add(text)
        scores.add(score)
        types.add(type)
    }

    fun trainer(message: FieldValue) = message.each { number, value ->
        when (number) {
            3 -> if (value.number() != UNIGRAM) throw notAModel("a model of type ${value.number()}")
            24 -> if (value.flag()) throw notAModel("one that marks where words end")
            35 -> if (value.flag()) throw notAModel("one with byte fallback")
            46 -> begin = value.text().ifEmpty { begin }
            47 -> end = value.text().ifEmpty { end }
        }
    }

    fun normalizer(message: FieldValue) = message.each { number, value ->
        when (number) {
            2 -> charsmap = value.bytes()
            3 -> addDummyPrefix = value.flag()
            4 -> removeExtraWhitespaces = value.flag()
            5 -> escapeWhitespaces = value.flag()
        }
    }

    fun build(): ModelProto {
        val unknown = types.count { it == PieceType.UNKNOWN }
        if (unknown != 1) throw notAModel("one with $unknown unknown pieces among ${texts.size}")
        return ModelProto(
            texts, scores.toFloatArray(), types, charsmap,
            addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces, listOf(begin, end),
        )
    }

    private fun typeOf(number: Long): PieceType {
        if (number == BYTE) throw notAModel("one with byte pieces")
        return PieceType.values().getOrNull((number - 1).coerceIn(-1, 99).toInt())
            ?: throw notAModel("a piece of type $number")
    }

    private companion object {
        const val UNIGRAM = 1L
        const val BYTE = 6L
    }
}

package albertedge.artifact

import albertedge.ArtifactException
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** Where a vector lies: position of its first element and number of elements. */
internal class Span(val position: Int, val length: Int) {
    override fun equals(other: Any?): Boolean = other is Span && other.position == position && other.length == length

    override fun hashCode(): Int = 31 * position + length
}

/**
 * Reads any flatbuffer's tables, vectors and strings, trusting none of its offsets.
 *
 * Follows the flatbuffers binary format and what its C++ verifier demands: each vtable, field, vector and string lies
 * inside the buffer, on its alignment, strings end in NUL, and the number of things read is limited, since a few bytes
 * can point to one big table a million times. Throws [ArtifactException].
 */
internal class FlatbufferReader(source: ByteBuffer) {
    private val data = source.duplicate().order(ByteOrder.LITTLE_ENDIAN)
    private val size = data.limit()
    private var itemsLeft = MAX_ITEMS
    private var stringBytesLeft = MAX_ALL_STRING_BYTES
    private val vtables = HashMap<Long, IntArray>()

    /** The root table of a buffer whose bytes 4 to 8 are [identifier]. */
    fun root(identifier: String): Table {
        val found = if (size < 8) "" else String(CharArray(4) { (data.get(4 + it).toInt() and 0xFF).toChar() })
        if (found != identifier) {
            throw ArtifactException("bytes 4 to 8 must be the file identifier $identifier; received others")
        }
        return Table(this, target(0))
    }

    fun byte(position: Long): Int = data.get(checked(position, 1)).toInt()

    fun short(position: Long): Int = data.getShort(checked(position, 2)).toInt() and 0xFFFF

    fun int(position: Long): Int = data.getInt(checked(position, 4))

    fun long(position: Long): Long = data.getLong(checked(position, 8))

    fun float(position: Long): Float = data.getFloat(checked(position, 4))

    /** Where the unsigned offset at [position] points to. */
    fun target(position: Long): Long {
        val offset = int(position).toLong() and 0xFFFFFFFFL
        if (offset == 0L) throw damaged("an offset of 0", position)
        return position + offset
    }

    /** Counts [items] that are read; throws once more than [MAX_ITEMS] were. */
    fun count(items: Int) {
        itemsLeft -= items
        if (itemsLeft < 0) {
            throw ArtifactException("the flatbuffer must hold at most $MAX_ITEMS tables and elements; received more")
        }
    }

    /** Offset of each field from the table at byte [table], 0 where absent, checked against the table's size. */
    fun fields(table: Long): IntArray {
        count(1)
        val vtable = table - int(table)
        val fields = vtables[vtable] ?: readVtable(vtable).also { vtables[vtable] = it }
        if (table % 4 != 0L) throw damaged("a misaligned table", table)
        checked(table, fields[0].toLong())
        return fields
    }

    /** The vector whose offset is at [position]. */
    fun vector(position: Long, elementBytes: Int): Span {
        val start = target(position)
        if (start % 4 != 0L) throw damaged("a misaligned vector", start)
        val length = int(start).toLong() and 0xFFFFFFFFL
        return Span(checked(start + 4, length * elementBytes), length.toInt())
    }

    fun string(position: Long): String {
        val span = vector(position, 1)
        if (span.length > MAX_STRING_BYTES) {
            throw ArtifactException("a name must be at most $MAX_STRING_BYTES bytes; received ${span.length}")
        }
        stringBytesLeft -= span.length
        if (stringBytesLeft < 0) {
            throw ArtifactException("names must be at most $MAX_ALL_STRING_BYTES bytes together; received more")
        }
        if (byte(span.position.toLong() + span.length) != 0) {
            throw damaged("a string without its closing NUL", span.position.toLong())
        }
        return String(ByteArray(span.length) { data.get(span.position + it) }, Charsets.UTF_8)
    }

    fun damaged(what: String, position: Long) =
        ArtifactException("the flatbuffer must be well-formed; received $what at byte $position")

    /** Size of the vtable's tables, then the offsets of their fields. */
    private fun readVtable(vtable: Long): IntArray {
        val bytes = short(vtable)
        if (vtable % 2 != 0L || bytes < 4 || bytes % 2 != 0) throw damaged("a vtable of $bytes bytes", vtable)
        checked(vtable, bytes.toLong())
        count(bytes / 2)
        val fields = IntArray(bytes / 2 - 1) { short(vtable + 2 + 2 * it) }
        val isOutside = (1 until fields.size).any { fields[it] in 1..3 || fields[it] >= fields[0] }
        if (fields[0] < 4 || isOutside) {
            throw damaged("a vtable for ${fields[0]} bytes with a field outside", vtable)
        }
        return fields
    }

    private fun checked(position: Long, bytes: Long): Int {
        if (position < 0 || bytes < 0 || position + bytes > size) {
            throw ArtifactException(
                "the flatbuffer's offsets must point inside its $size bytes; received bytes $position to " +
                    "${position + bytes}",
            )
        }
        return position.toInt()
    }

    private companion object {
        /**
         * Of one file. A 12-layer classifier with its layers unrolled has about 10,000. Python's reader takes five
         * times as many, which would not fit into the memory that a phone gives an app.
         */
        const val MAX_ITEMS = 200_000
        const val MAX_STRING_BYTES = 65_535
        const val MAX_ALL_STRING_BYTES = 8 * 1024 * 1024
    }
}

/** One table; a field is named by its number in the schema, and an absent one gives its default. */
internal class Table(private val reader: FlatbufferReader, private val position: Long) {
    private val fields = reader.fields(position)

    fun has(field: Int): Boolean = place(field) >= 0

    fun byte(field: Int): Int = at(field, 0, reader::byte)

    fun int(field: Int, default: Int = 0): Int = at(field, default, reader::int)

    fun long(field: Int): Long = at(field, 0L, reader::long)

    /** What is not UTF-8 is replaced: no name that this project looks for has such a character. */
    fun string(field: Int): String = at(field, "", reader::string)

    /** A vector of int32. */
    fun ints(field: Int): IntArray = at(field, IntArray(0)) { place ->
        val span = reader.vector(place, 4)
        reader.count(span.length)
        IntArray(span.length) { reader.int(span.position + 4L * it) }
    }

    /** A vector of elements of [elementBytes] bytes; null if absent. */
    fun span(field: Int, elementBytes: Int): Span? = at(field, null) { reader.vector(it, elementBytes) }

    /** The first number of a vector of float32; 0 without one. */
    fun firstFloat(field: Int): Float {
        val span = span(field, 4)
        return if (span == null || span.length == 0) 0f else reader.float(span.position.toLong())
    }

    /** The first number of a vector of int64; 0 without one. */
    fun firstLong(field: Int): Long {
        val span = span(field, 8)
        return if (span == null || span.length == 0) 0L else reader.long(span.position.toLong())
    }

    fun table(field: Int): Table? = at(field, null) { Table(reader, reader.target(it)) }

    fun tables(field: Int): List<Table> = at(field, emptyList()) { place ->
        val span = reader.vector(place, 4)
        reader.count(span.length)
        List(span.length) { Table(reader, reader.target(span.position + 4L * it)) }
    }

    private inline fun <T> at(field: Int, default: T, read: (Long) -> T): T {
        val place = place(field)
        return if (place < 0) default else read(place)
    }

    private fun place(field: Int): Long {
        val offset = fields.getOrElse(field + 1) { 0 }
        return if (offset == 0) -1 else position + offset
    }
}

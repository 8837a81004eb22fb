package albertedge.artifact

import albertedge.ArtifactException
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.zip.CRC32

/** The zip behind a flatbuffer: where it starts, which is the flatbuffer's size in bytes, and its files. */
internal class Archive(val start: Int, val files: Map<String, ByteArray>)

/**
 * Reads the zip at the end of [file], in the one form that `albert-edge convert` writes.
 *
 * Follows TFLite Metadata: offsets count from the start of the whole file, entries are stored. No leniency is needed:
 * names and sizes come from the directory, all headers are written again, and the same bytes are demanded. Throws
 * [ArtifactException] where the file doesn't end with such a zip.
 */
internal fun readArchive(file: ByteBuffer): Archive {
    val data = file.duplicate().order(ByteOrder.LITTLE_ENDIAN)
    val end = findEnd(data)
    val entries = readEntries(data, end)
    val files = LinkedHashMap<String, ByteArray>()
    for (entry in entries) files[entry.name] = entry.contents
    val sorted = files.toSortedMap()
    if (sorted.keys.toList() != entries.map { it.name }) throw notOurs("names that aren't in order")
    checkHeaders(data, end, entries)
    return Archive(end.start, sorted)
}

private const val MAX_FILES = 16
private const val MAX_NAME_BYTES = 64
private const val MAX_ARCHIVE_BYTES = 64 * 1024 * 1024
private const val LOCAL_BYTES = 30
private const val ENTRY_BYTES = 46
private const val END_BYTES = 22
private const val LOCAL_MARK = 0x04034b50
private const val ENTRY_MARK = 0x02014b50
private const val END_MARK = 0x06054b50
private const val VERSION_NEEDED = 10
private const val MADE_BY_UNIX = 3 shl 8 or 20
private const val JANUARY_1_1980 = 1 shl 5 or 1
private const val PERMISSIONS = 33188 shl 16

private class End(val count: Int, val start: Int, val directory: Int)

private class Entry(val name: String, val local: Int, val contents: ByteArray)

private fun findEnd(data: ByteBuffer): End {
    val size = data.limit()
    if (size < END_BYTES || data.getInt(size - END_BYTES) != END_MARK) throw foreign(data)
    val place = size - END_BYTES
    val count = data.getShort(place + 10).toInt() and 0xFFFF
    val directoryBytes = unsigned(data, place + 12)
    val directory = unsigned(data, place + 16)
    val isSmall = count in 1..MAX_FILES && directoryBytes in ENTRY_BYTES..MAX_FILES * (ENTRY_BYTES + MAX_NAME_BYTES)
    if (!isSmall || directory + directoryBytes + END_BYTES != size.toLong()) {
        throw notOurs("an end record for $count files whose directory has $directoryBytes bytes")
    }
    val start = unsigned(data, directory.toInt() + ENTRY_BYTES - 4)
    if (start !in 1..directory || size - start > MAX_ARCHIVE_BYTES) {
        throw notOurs("one that starts at byte $start of $size")
    }
    return End(count, start.toInt(), directory.toInt())
}

private fun readEntries(data: ByteBuffer, end: End): List<Entry> {
    val entries = ArrayList<Entry>()
    val directoryEnd = data.limit() - END_BYTES
    var place = end.directory
    var local = end.start.toLong()
    while (place < directoryEnd) {
        if (place + ENTRY_BYTES > directoryEnd) throw notOurs("a directory that ends within an entry")
        val size = unsigned(data, place + 24)
        val nameBytes = data.getShort(place + 28).toInt() and 0xFFFF
        val contents = local + LOCAL_BYTES + nameBytes
        // One file behind another, up to the directory: so all of them together are no larger than the zip.
        if (place + ENTRY_BYTES + nameBytes > directoryEnd || contents + size > end.directory) {
            throw notOurs("an entry of $size bytes at byte $local")
        }
        val name = String(bytes(data, place + ENTRY_BYTES, nameBytes), Charsets.ISO_8859_1)
        checkName(name)
        entries.add(Entry(name, local.toInt(), bytes(data, contents.toInt(), size.toInt())))
        place += ENTRY_BYTES + nameBytes
        local = contents + size
    }
    if (local != end.directory.toLong()) throw notOurs("a gap before its directory")
    return entries
}

private fun checkName(name: String) {
    val isPlain = name.all { it in 'A'..'Z' || it in 'a'..'z' || it in '0'..'9' || it in "_.-" }
    if (name.length !in 1..MAX_NAME_BYTES || !isPlain) {
        throw ArtifactException(
            "an associated file must have a plain name of up to $MAX_NAME_BYTES characters; " +
                "received one of ${name.length}",
        )
    }
}

/** Every header once more, from the names, sizes and contents, must be the bytes that stand there. */
private fun checkHeaders(data: ByteBuffer, end: End, entries: List<Entry>) {
    val directory = buffer(data.limit() - end.directory)
    for (entry in entries) {
        val header = buffer(LOCAL_BYTES + entry.name.length).putInt(LOCAL_MARK)
        putCommon(header, entry)
        header.put(entry.name.toByteArray())
        checkEqual(header, data, entry.local)
        directory.putInt(ENTRY_MARK).putShort(MADE_BY_UNIX.toShort())
        putCommon(directory, entry)
        directory.putShort(0).putShort(0).putShort(0).putInt(PERMISSIONS).putInt(entry.local)
        directory.put(entry.name.toByteArray())
    }
    val directoryBytes = directory.position()
    directory.putInt(END_MARK).putShort(0).putShort(0)
    directory.putShort(entries.size.toShort()).putShort(entries.size.toShort())
    directory.putInt(directoryBytes).putInt(end.directory).putShort(0)
    checkEqual(directory, data, end.directory)
}

/** The fields that a file's two headers share. */
private fun putCommon(header: ByteBuffer, entry: Entry) {
    val crc = CRC32().apply { update(entry.contents) }.value.toInt()
    header.putShort(VERSION_NEEDED.toShort()).putShort(0).putShort(0).putShort(0).putShort(JANUARY_1_1980.toShort())
    header.putInt(crc).putInt(entry.contents.size).putInt(entry.contents.size)
    header.putShort(entry.name.length.toShort()).putShort(0)
}

private fun checkEqual(expected: ByteBuffer, data: ByteBuffer, place: Int) {
    if (!expected.array().contentEquals(bytes(data, place, expected.capacity()))) {
        throw notOurs("headers or contents that differ from it")
    }
}

private fun buffer(size: Int): ByteBuffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN)

private fun unsigned(data: ByteBuffer, place: Int): Long = data.getInt(place).toLong() and 0xFFFFFFFFL

private fun bytes(data: ByteBuffer, place: Int, size: Int): ByteArray {
    val view = data.duplicate()
    // Through the class that Java 8 has these methods in: newer ones return another type.
    (view as java.nio.Buffer).position(place)
    return ByteArray(size).also { view.get(it) }
}

private fun notOurs(received: String) =
    ArtifactException("the zip in the file must be one of `albert-edge convert`; received $received")

private fun foreign(data: ByteBuffer): ArtifactException {
    val isModel = data.limit() >= 8 && String(bytes(data, 4, 4), Charsets.ISO_8859_1) == "TFL3"
    if (!isModel) {
        return ArtifactException("the file must be a .tflite; received ${data.limit()} bytes that are none")
    }
    return ArtifactException(
        "the file must end with the files that `albert-edge convert` puts there; received a .tflite without them, or " +
            "one cut off or added to",
    )
}

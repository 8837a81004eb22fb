package albertedge

import java.io.File
import java.io.FileInputStream
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.MappedByteBuffer
import java.nio.channels.FileChannel

/** All of [file], its pages read when they are needed; throws [IOException] if it can't be read. */
fun mapped(file: File): MappedByteBuffer =
    FileInputStream(file).use { it.channel.map(FileChannel.MapMode.READ_ONLY, 0, it.channel.size()) }

/** Write [text] to [file] whole or not at all; throws [IOException] if that fails. */
fun writeWhole(file: File, text: String) {
    val part = File(file.parentFile, "${file.name}.part")
    part.writeText(text)
    if (!part.renameTo(file)) throw IOException("${file.name} can't be renamed to")
}

/** What an interpreter can take: [model] if it lies outside the heap, else a copy that does. */
fun outsideHeap(model: ByteBuffer): ByteBuffer {
    if (model.isDirect) return model
    val copy = ByteBuffer.allocateDirect(model.remaining()).order(ByteOrder.nativeOrder())
    copy.put(model.duplicate())
    (copy as java.nio.Buffer).rewind()
    return copy
}

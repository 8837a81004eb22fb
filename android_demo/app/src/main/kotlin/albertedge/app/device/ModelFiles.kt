package albertedge.app.device

import albertedge.app.state.ModelRef
import albertedge.app.state.ModelSource
import albertedge.app.state.Ticket
import albertedge.mapped
import android.content.Context
import android.database.Cursor
import android.net.Uri
import android.provider.OpenableColumns
import java.io.File
import java.io.FileInputStream
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.channels.FileChannel

/**
 * Model files on the phone, memory-mapped: the app's assets, which lie uncompressed in the APK, and copies of what
 * users opened.
 */
class ModelFiles(private val context: Context) : ModelSource {
    private val folder = File(context.cacheDir, "models")

    override fun bundled(): List<ModelRef.Bundled> =
        context.assets.list("").orEmpty().filter { it.endsWith(SUFFIX) }.sorted().map { ModelRef.Bundled(it) }

    override fun map(ref: ModelRef): ByteBuffer = when (ref) {
        is ModelRef.Bundled -> context.assets.openFd(ref.name).use { asset ->
            FileInputStream(asset.fileDescriptor).use {
                it.channel.map(FileChannel.MapMode.READ_ONLY, asset.startOffset, asset.length)
            }
        }
        is ModelRef.Opened -> mapped(File(ref.path))
    }

    /** A document's provider may be a network's: only a copy can be mapped, and stays as it was checked. */
    override fun adopt(address: String, ticket: Ticket): ModelRef.Opened {
        val uri = Uri.parse(address)
        folder.mkdirs()
        val part = File.createTempFile("opened", PART, folder)
        try {
            val stream = context.contentResolver.openInputStream(uri)
            (stream ?: throw IOException("the document can't be opened")).use { copy(it, part, ticket) }
            val file = File(folder, part.name.removeSuffix(PART) + SUFFIX)
            if (!part.renameTo(file)) throw IOException("${part.name} can't be renamed")
            removeOthers(file)
            return ModelRef.Opened(nameOf(uri), file.path)
        } finally {
            // Gone already if all went well.
            part.delete()
        }
    }

    private fun copy(source: InputStream, target: File, ticket: Ticket) = target.outputStream().use { out ->
        val buffer = ByteArray(BUFFER_BYTES)
        var size = 0L
        while (true) {
            ticket.check()
            val count = source.read(buffer)
            if (count < 0) break
            size += count
            if (size > MAX_BYTES) {
                throw IOException("a model must have at most ${MAX_BYTES / BYTES_PER_MB} MB; received more")
            }
            out.write(buffer, 0, count)
        }
    }

    /** One opened file is kept; a mapping of a file that is removed stays whole until it is let go of. */
    private fun removeOthers(kept: File) {
        for (file in folder.listFiles().orEmpty()) if (file != kept) file.delete()
    }

    private fun nameOf(uri: Uri): String {
        val columns = arrayOf(OpenableColumns.DISPLAY_NAME)
        val name = context.contentResolver.query(uri, columns, null, null, null)?.use { nameIn(it) }
        return name ?: uri.lastPathSegment ?: uri.toString()
    }

    private fun nameIn(cursor: Cursor): String? = if (cursor.moveToFirst()) cursor.getString(0) else null

    private companion object {
        const val SUFFIX = ".tflite"
        const val PART = ".part"
        const val BUFFER_BYTES = 1 shl 16
        const val BYTES_PER_MB = 1_000_000
        const val MAX_BYTES = 500L * BYTES_PER_MB
    }
}

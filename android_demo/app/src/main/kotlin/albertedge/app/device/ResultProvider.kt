package albertedge.app.device

import android.content.ContentProvider
import android.content.ContentValues
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.OpenableColumns
import java.io.File
import java.io.FileNotFoundException

/** Hands a benchmark's result to the app that it is shared with: one file, to read, and nothing else. */
class ResultProvider : ContentProvider() {
    override fun onCreate(): Boolean = true

    override fun getType(uri: Uri): String = TYPE

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        if (mode != "r") throw FileNotFoundException("results can only be read")
        return ParcelFileDescriptor.open(fileOf(uri), ParcelFileDescriptor.MODE_READ_ONLY)
    }

    override fun query(
        uri: Uri,
        projection: Array<out String>?,
        selection: String?,
        selectionArgs: Array<out String>?,
        sortOrder: String?,
    ): Cursor {
        val file = fileOf(uri)
        val columns = projection ?: arrayOf(OpenableColumns.DISPLAY_NAME, OpenableColumns.SIZE)
        val cursor = MatrixCursor(columns, 1)
        val row = cursor.newRow()
        for (column in columns) {
            when (column) {
                OpenableColumns.DISPLAY_NAME -> row.add(column, file.name)
                OpenableColumns.SIZE -> row.add(column, file.length())
            }
        }
        return cursor
    }

    override fun insert(uri: Uri, values: ContentValues?): Uri = throw UnsupportedOperationException("read only")

    override fun delete(uri: Uri, selection: String?, selectionArgs: Array<out String>?): Int =
        throw UnsupportedOperationException("read only")

    override fun update(uri: Uri, values: ContentValues?, selection: String?, selectionArgs: Array<out String>?): Int =
        throw UnsupportedOperationException("read only")

    /** A bare name in the results' folder, so that no path leads out of it. */
    private fun fileOf(uri: Uri): File {
        val name = uri.pathSegments.singleOrNull()
        val folder = File(context?.getExternalFilesDir(null), PhoneMeasurer.FOLDER)
        val file = folder.listFiles().orEmpty().firstOrNull { it.name == name && it.isFile }
        return file ?: throw FileNotFoundException("a result must be there; received $uri")
    }

    companion object {
        const val TYPE = "application/json"
        private const val AUTHORITY = "albertedge.app.results"

        fun addressOf(file: File): Uri =
            Uri.Builder().scheme("content").authority(AUTHORITY).appendPath(file.name).build()
    }
}

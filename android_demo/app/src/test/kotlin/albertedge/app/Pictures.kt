package albertedge.app

import android.app.Activity
import android.graphics.Bitmap
import android.graphics.Canvas
import android.view.View
import java.io.File

/** What is on the screen: the whole window, drawn as on a phone, (height, width) pixels. */
fun Activity.picture(): Bitmap = window.decorView.picture()

/** What the view draws of itself, (height, width) pixels; it must have been laid out. */
fun View.picture(): Bitmap {
    check(width > 0 && height > 0) { "$this has no size: it isn't laid out" }
    val bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
    draw(Canvas(bitmap))
    return bitmap
}

/** Every pixel as ARGB, row by row. */
fun Bitmap.argb(): IntArray = IntArray(width * height).also { getPixels(it, 0, width, 0, 0, width, height) }

/** Writes target/screenshots/`name`.png and returns the file. */
fun Bitmap.save(name: String): File {
    val file = File(System.getProperty("screenshots") ?: "target/screenshots", "$name.png")
    file.parentFile.mkdirs()
    file.outputStream().use { check(compress(Bitmap.CompressFormat.PNG, 100, it)) { "can't write $file" } }
    return file
}

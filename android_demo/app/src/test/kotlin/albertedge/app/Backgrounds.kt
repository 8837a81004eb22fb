package albertedge.app

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.view.View

/**
 * The colour behind the middle of [view]: its own background and those of its parents, the nearest that covers it.
 *
 * Drawn, not asked for: what a drawable of several states and layers looks like only drawing tells.
 */
fun backgroundOf(view: View): Int {
    var each: View? = view
    while (each != null) {
        val color = each.background?.let { middleOf(each!!) } ?: Color.TRANSPARENT
        if (Color.alpha(color) == 255) return color
        check(Color.alpha(color) == 0) { "$each is half transparent: ${Integer.toHexString(color)}" }
        each = each.parent as? View
    }
    throw AssertionError("nothing is behind $view")
}

private fun middleOf(view: View): Int {
    val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
    view.background.setBounds(0, 0, view.width, view.height)
    view.background.draw(Canvas(bitmap))
    return bitmap.getPixel(view.width / 2, view.height / 2)
}

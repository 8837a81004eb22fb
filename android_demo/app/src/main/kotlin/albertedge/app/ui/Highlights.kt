package albertedge.app.ui

import albertedge.app.state.EntityColors
import albertedge.app.state.Mark
import android.graphics.Typeface
import android.text.SpannableStringBuilder
import android.text.Spanned
import android.text.style.BackgroundColorSpan
import android.text.style.RelativeSizeSpan
import android.text.style.StyleSpan

/** Colours of a model's entity types: the same for a type in every text. */
class EntityPalette(private val types: List<String>, private val isDark: Boolean) {
    fun background(type: String): Int {
        val index = types.indexOf(type)
        // A label that the file doesn't name can't come from it.
        return EntityColors.background(maxOf(0, index), types.size, isDark)
    }
}

/**
 * [text] with each of [marks] on its colour, and its label behind it, small: colour alone tells too little.
 *
 * Plain spans, so that lines break inside a long entity as they do elsewhere.
 */
fun highlighted(text: String, marks: List<Mark>, palette: EntityPalette): CharSequence {
    val shown = SpannableStringBuilder()
    var place = 0
    for (mark in marks) {
        shown.append(text, place, mark.start)
        val start = shown.length
        shown.append(text, mark.start, mark.end)
        val labelStart = shown.length
        // The spaces don't break: a label stays with the end of its entity.
        shown.append('\u00A0').append(mark.label).append('\u00A0')
        val end = shown.length
        shown.setSpan(BackgroundColorSpan(palette.background(mark.label)), start, end, Spanned.SPAN_EXCLUSIVE_EXCLUSIVE)
        shown.setSpan(RelativeSizeSpan(LABEL_SIZE), labelStart, end, Spanned.SPAN_EXCLUSIVE_EXCLUSIVE)
        shown.setSpan(StyleSpan(Typeface.BOLD), labelStart, end, Spanned.SPAN_EXCLUSIVE_EXCLUSIVE)
        place = mark.end
    }
    return shown.append(text, place, text.length)
}

/** [passage] with [mark] on [color]. */
fun answered(passage: String, mark: Mark?, color: Int): CharSequence {
    val shown = SpannableStringBuilder(passage)
    if (mark == null) return shown
    shown.setSpan(BackgroundColorSpan(color), mark.start, mark.end, Spanned.SPAN_EXCLUSIVE_EXCLUSIVE)
    shown.setSpan(StyleSpan(Typeface.BOLD), mark.start, mark.end, Spanned.SPAN_EXCLUSIVE_EXCLUSIVE)
    return shown
}

private const val LABEL_SIZE = 0.7f

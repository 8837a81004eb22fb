package albertedge.app.ui

import albertedge.app.state.Bar
import albertedge.app.state.Formatting
import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.view.View
import android.widget.LinearLayout

/** A share of a whole, from 0 to 1, as a filled bar; it starts where reading starts. */
class BarView(context: Context, private val kit: Kit, private val share: Float, isStrong: Boolean) : View(context) {
    private val track = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = kit.divider }
    private val fill = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = if (isStrong) kit.accent else kit.outline }

    override fun onMeasure(widthMeasureSpec: Int, heightMeasureSpec: Int) =
        setMeasuredDimension(getDefaultSize(suggestedMinimumWidth, widthMeasureSpec), kit.dp(HEIGHT_DP))

    override fun onDraw(canvas: Canvas) {
        val radius = height / 2f
        canvas.drawRoundRect(0f, 0f, width.toFloat(), height.toFloat(), radius, radius, track)
        // Never shorter than its own round ends: a small share is seen to be one.
        val length = if (share <= 0) 0f else maxOf(height.toFloat(), width * share)
        val start = if (layoutDirection == LAYOUT_DIRECTION_RTL) width - length else 0f
        canvas.drawRoundRect(start, 0f, start + length, height.toFloat(), radius, radius, fill)
    }

    private companion object {
        const val HEIGHT_DP = 8
    }
}

/** Labels with their shares, one below the other; TalkBack reads each as `sports: 93 %`. */
class BarList(private val kit: Kit, private val formatting: Formatting) {
    /** The first [shown] of [bars]; those in [strong] stand out. */
    fun view(bars: List<Bar>, strong: Set<String>, shown: Int = MOST): LinearLayout = kit.column().apply {
        for (bar in bars.take(shown)) below(row(bar, bar.label in strong), kit.dp(12))
    }

    private fun row(bar: Bar, isStrong: Boolean): LinearLayout = kit.column().apply {
        val percent = formatting.percent(bar.score)
        val line = kit.row()
        line.beside(kit.label(bar.label, isBold = isStrong), weight = 1f)
        line.beside(kit.label(percent, color = if (isStrong) kit.text else kit.secondary, isBold = isStrong), kit.dp(8))
        below(line)
        below(BarView(context, kit, bar.score.toFloat().coerceIn(0f, 1f), isStrong), kit.dp(4))
        readAs(this, "${bar.label}: $percent")
    }

    companion object {
        /** More labels than these are of no interest, and long to scroll. */
        const val MOST = 10
    }
}

/** TalkBack reads [group] as one thing, [words], and none of its parts. */
fun readAs(group: View, words: CharSequence) {
    group.contentDescription = words
    group.importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_YES
    if (android.os.Build.VERSION.SDK_INT >= android.os.Build.VERSION_CODES.P) group.isScreenReaderFocusable = true
    val parts = group as? android.view.ViewGroup ?: return
    for (index in 0 until parts.childCount) {
        parts.getChildAt(index).importantForAccessibility = View.IMPORTANT_FOR_ACCESSIBILITY_NO_HIDE_DESCENDANTS
    }
}

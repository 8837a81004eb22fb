package albertedge.app.ui

import android.content.Context
import android.view.View
import android.view.ViewGroup

/** Lays children out in lines, as words are, from the side where reading starts; [gap] pixels between them. */
class FlowLayout(context: Context, private val gap: Int) : ViewGroup(context) {
    override fun onMeasure(widthMeasureSpec: Int, heightMeasureSpec: Int) {
        val isBounded = MeasureSpec.getMode(widthMeasureSpec) != MeasureSpec.UNSPECIFIED
        val room = if (isBounded) MeasureSpec.getSize(widthMeasureSpec) - paddingLeft - paddingRight else Int.MAX_VALUE
        for (child in shown()) {
            val width = if (isBounded) MeasureSpec.makeMeasureSpec(maxOf(0, room), MeasureSpec.AT_MOST) else 0
            child.measure(width, MeasureSpec.makeMeasureSpec(0, MeasureSpec.UNSPECIFIED))
        }
        val lines = lines(room)
        val width = lines.maxOfOrNull { widthOf(it) } ?: 0
        val height = lines.sumOf { heightOf(it) } + gap * maxOf(0, lines.size - 1)
        setMeasuredDimension(
            resolveSize(width + paddingLeft + paddingRight, widthMeasureSpec),
            resolveSize(height + paddingTop + paddingBottom, heightMeasureSpec),
        )
    }

    override fun onLayout(changed: Boolean, left: Int, top: Int, right: Int, bottom: Int) {
        val room = right - left - paddingLeft - paddingRight
        var y = paddingTop
        for (line in lines(room)) {
            var used = 0
            val height = heightOf(line)
            for (child in line) {
                val isReversed = layoutDirection == LAYOUT_DIRECTION_RTL
                val x = paddingLeft + if (isReversed) room - used - child.measuredWidth else used
                val middle = y + (height - child.measuredHeight) / 2
                child.layout(x, middle, x + child.measuredWidth, middle + child.measuredHeight)
                used += child.measuredWidth + gap
            }
            y += height + gap
        }
    }

    private fun shown(): List<View> = (0 until childCount).map { getChildAt(it) }.filter { it.visibility != GONE }

    private fun lines(room: Int): List<List<View>> {
        val lines = ArrayList<MutableList<View>>()
        var used = 0
        for (child in shown()) {
            val fits = lines.isNotEmpty() && used + gap + child.measuredWidth <= room
            if (fits) {
                lines.last().add(child)
                used += gap + child.measuredWidth
            } else {
                lines.add(arrayListOf(child))
                used = child.measuredWidth
            }
        }
        return lines
    }

    private fun widthOf(line: List<View>) = line.sumOf { it.measuredWidth } + gap * (line.size - 1)

    private fun heightOf(line: List<View>) = line.maxOf { it.measuredHeight }
}

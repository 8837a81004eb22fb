package albertedge.app.ui

import albertedge.app.R
import albertedge.app.state.Formatting
import albertedge.app.state.SustainedPoint
import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.Path
import android.util.TypedValue
import android.view.View

/**
 * Median latency over the time of sustained running.
 *
 * The axis of milliseconds starts at 0, so that a phone that slows down a little is seen to do so only a little. Time
 * goes from left to right in every language, as in a printed chart.
 */
class ChartView(
    context: Context,
    private val kit: Kit,
    private val formatting: Formatting,
    private val points: List<SustainedPoint>,
) : View(context) {
    private val line = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = kit.accent
        style = Paint.Style.STROKE
        strokeWidth = kit.dp(2).toFloat()
        strokeJoin = Paint.Join.ROUND
        strokeCap = Paint.Cap.ROUND
    }
    private val grid = Paint().apply {
        color = kit.divider
        strokeWidth = kit.dp(1).toFloat()
    }
    private val words = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = kit.secondary
        textSize = TypedValue.applyDimension(TypedValue.COMPLEX_UNIT_SP, NUMBER_SP, resources.displayMetrics)
    }
    private val step = stepOf(points.maxOf { it.medianMs })
    private val highest = step * GRID_LINES
    private val digits = when {
        step < 1 -> 2
        step % 1 > 0 -> 1
        else -> 0
    }
    private val seconds = points.last().seconds

    init {
        val first = formatting.milliseconds(points.first().medianMs)
        val last = formatting.milliseconds(points.last().medianMs)
        contentDescription = kit.string(R.string.chart, first, last, formatting.number(seconds, 0))
    }

    override fun onMeasure(widthMeasureSpec: Int, heightMeasureSpec: Int) =
        setMeasuredDimension(getDefaultSize(suggestedMinimumWidth, widthMeasureSpec), kit.dp(HEIGHT_DP))

    override fun onDraw(canvas: Canvas) {
        val top = words.textSize
        val bottom = height - 1.6f * words.textSize
        val numbers = (0..GRID_LINES).map { formatting.number(step * it, digits) }
        val left = numbers.maxOf { words.measureText(it) } + kit.dp(8)
        val right = width - kit.dp(4).toFloat()
        for ((index, number) in numbers.withIndex()) {
            val y = bottom - (bottom - top) * index / GRID_LINES
            canvas.drawLine(left, y, right, y, grid)
            canvas.drawText(number, left - kit.dp(8) - words.measureText(number), y + words.textSize / 3, words)
        }
        drawTimes(canvas, left, right)
        val path = Path()
        for ((index, point) in points.withIndex()) {
            val x = left + (right - left) * (point.seconds / maxOf(seconds, 1e-9)).toFloat()
            val y = bottom - (bottom - top) * (point.medianMs / highest).toFloat()
            if (index == 0) path.moveTo(x, y) else path.lineTo(x, y)
        }
        canvas.drawPath(path, line)
    }

    private fun drawTimes(canvas: Canvas, left: Float, right: Float) {
        val last = formatting.number(seconds, 0) + " s"
        canvas.drawText(formatting.count(0) + " s", left, height - 0.2f * words.textSize, words)
        canvas.drawText(last, right - words.measureText(last), height - 0.2f * words.textSize, words)
        val unit = "ms"
        canvas.drawText(unit, right - words.measureText(unit), 0.9f * words.textSize, words)
    }

    private companion object {
        const val HEIGHT_DP = 160
        const val GRID_LINES = 4
        const val NUMBER_SP = 12f

        /** 1, 2, 2.5 or 5 times a power of ten: the least of which [GRID_LINES] reach [most]. */
        fun stepOf(most: Double): Double {
            val least = maxOf(most, 1e-3) / GRID_LINES
            val power = Math.pow(10.0, Math.floor(Math.log10(least)))
            return listOf(1.0, 2.0, 2.5, 5.0, 10.0).map { it * power }.first { it >= least }
        }
    }
}

package albertedge.app.ui

import albertedge.app.R
import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.view.View

/** A vector as thin bars around a middle line, up for numbers above 0. */
class VectorView(context: Context, private val kit: Kit, private val values: FloatArray) : View(context) {
    private val paint = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = kit.accent }
    private val highest = values.maxOfOrNull { Math.abs(it) } ?: 0f

    init {
        contentDescription = kit.string(R.string.vector_drawn, values.size)
    }

    override fun onMeasure(widthMeasureSpec: Int, heightMeasureSpec: Int) =
        setMeasuredDimension(getDefaultSize(suggestedMinimumWidth, widthMeasureSpec), kit.dp(HEIGHT_DP))

    override fun onDraw(canvas: Canvas) {
        val middle = height / 2f
        val step = width.toFloat() / maxOf(1, values.size)
        paint.strokeWidth = maxOf(1f, step * FILLED)
        for ((index, value) in values.withIndex()) {
            val x = step * (index + 0.5f)
            val length = if (highest > 0) value / highest * middle else 0f
            canvas.drawLine(x, middle, x, middle - length, paint)
        }
    }

    private companion object {
        const val HEIGHT_DP = 64
        const val FILLED = 0.7f
    }
}

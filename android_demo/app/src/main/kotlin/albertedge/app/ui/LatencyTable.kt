package albertedge.app.ui

import albertedge.app.R
import albertedge.app.state.Formatting
import albertedge.app.state.LatencyRow
import android.view.View
import android.widget.TableLayout
import android.widget.TableRow
import android.widget.TextView

/** A row a length: tokens, then the first run, median and 90th percentile in milliseconds. */
class LatencyTable(private val kit: Kit, private val formatting: Formatting) {
    private val names = listOf(R.string.tokens, R.string.first_run, R.string.p50, R.string.p90).map { kit.string(it) }

    fun view(rows: List<LatencyRow>): View = TableLayout(kit.context).apply {
        isStretchAllColumns = true
        isShrinkAllColumns = true
        addView(row(names, isHead = true))
        for (each in rows) {
            val numbers = listOf(each.firstMs, each.p50Ms, each.p90Ms).map { formatting.number(it, 2) }
            addView(row(listOf(formatting.count(each.tokens)) + numbers, isHead = false))
        }
    }

    private fun row(values: List<String>, isHead: Boolean): TableRow = TableRow(kit.context).apply {
        setPadding(0, kit.dp(8), 0, kit.dp(8))
        for ((index, value) in values.withIndex()) addView(cell(value, isHead, isFirst = index == 0))
        // One thing to read, with what each number is.
        if (!isHead) readAs(this, values.indices.joinToString { "${names[it]}: ${values[it]}" })
    }

    private fun cell(value: String, isHead: Boolean, isFirst: Boolean): TextView =
        (if (isHead) kit.label(value, Kit.CAPTION, kit.secondary, isBold = true) else kit.label(value)).apply {
            textAlignment = if (isFirst) View.TEXT_ALIGNMENT_VIEW_START else View.TEXT_ALIGNMENT_VIEW_END
            setPaddingRelative(if (isFirst) 0 else kit.dp(8), 0, 0, 0)
        }
}

package albertedge.app.ui

import albertedge.app.R
import albertedge.app.state.Formatting
import albertedge.app.state.Mark
import albertedge.app.state.Prediction
import android.view.View

/** Draws each kind of answer. */
class ResultViews(private val kit: Kit, private val formatting: Formatting, private val words: Words) {
    private val bars = BarList(kit, formatting)

    /** What stands below the answer's one line; null if there is nothing to add. */
    fun details(prediction: Prediction, entityTypes: List<String>): View? = when (prediction) {
        is Prediction.Labels -> if (prediction.isRegression) null else labels(prediction)
        is Prediction.Ordered -> bars.view(prediction.bars, setOf(prediction.bars.first().label))
        is Prediction.Entities -> entities(prediction, EntityPalette(entityTypes, kit.isDark))
        is Prediction.Answered -> answer(prediction)
        is Prediction.Vector -> vector(prediction)
        is Prediction.Filled -> masks(prediction)
    }

    private fun labels(found: Prediction.Labels): View = bars.view(found.bars, found.given.toSet()).apply {
        val left = found.bars.size - BarList.MOST
        if (left <= 0) return@apply
        below(kit.caption(kit.context.resources.getQuantityString(R.plurals.more_labels, left, left)), kit.dp(12))
    }

    private fun entities(found: Prediction.Entities, palette: EntityPalette): View = kit.column().apply {
        val spans = highlighted(found.text, found.marks, palette)
        below(kit.label(spans).apply { contentDescription = spoken(found) })
        if (found.marks.isEmpty()) return@apply
        below(legend(found.marks, palette), kit.dp(16))
        for ((index, mark) in found.marks.withIndex()) {
            below(entity(found.text, mark), kit.dp(if (index == 0) 16 else 8))
        }
    }

    /** The text as TalkBack reads it: the labels in brackets. */
    private fun spoken(found: Prediction.Entities): String {
        val text = StringBuilder()
        var place = 0
        for (mark in found.marks) {
            text.append(found.text, place, mark.end).append(" (").append(mark.label).append(')')
            place = mark.end
        }
        return text.append(found.text, place, found.text.length).toString()
    }

    private fun legend(marks: List<Mark>, palette: EntityPalette): View = FlowLayout(kit.context, kit.dp(8)).apply {
        val counts = marks.groupingBy { it.label }.eachCount()
        for ((type, count) in counts) {
            val chip = kit.label("$type · ${formatting.count(count)}", Kit.CAPTION, isBold = true)
            chip.background = kit.rounded(palette.background(type), LEGEND_CORNER)
            chip.setPadding(kit.dp(12), kit.dp(4), kit.dp(12), kit.dp(4))
            addView(chip)
        }
    }

    private fun entity(text: String, mark: Mark): View {
        val name = text.substring(mark.start, mark.end)
        val percent = formatting.percent(mark.score)
        val row = if (kit.hasLargeText) kit.column() else kit.row()
        val scored = kit.caption("${mark.label} · $percent")
        if (kit.hasLargeText) {
            row.below(kit.label(name))
            row.below(scored)
        } else {
            row.beside(kit.label(name), weight = 1f)
            row.beside(scored, kit.dp(8))
        }
        readAs(row, "$name: ${mark.label}, $percent")
        return row
    }

    private fun answer(found: Prediction.Answered): View = kit.column().apply {
        val scored = kit.string(R.string.confidence_of, formatting.percent(found.score))
        below(kit.caption(scored))
        val passage = kit.label(answered(found.passage, found.mark, kit.color(R.color.answer)))
        val mark = found.mark
        if (mark != null) {
            passage.contentDescription = kit.string(R.string.answer_in_passage, mark.label, found.passage)
        }
        below(passage, kit.dp(12))
    }

    private fun vector(found: Prediction.Vector): View = kit.column().apply {
        val first = found.values.take(SHOWN_NUMBERS).joinToString("  ") { formatting.number(it.toDouble(), 3) }
        below(VectorView(context, kit, found.values))
        below(kit.caption(kit.string(R.string.vector_starts, formatting.count(found.values.size), first)), kit.dp(8))
    }

    private fun masks(found: Prediction.Filled): View = kit.column().apply {
        for ((index, candidates) in found.masks.withIndex()) {
            if (found.masks.size > 1) {
                below(kit.caption(kit.string(R.string.mask_number, formatting.count(index + 1))), kit.dp(16))
            }
            below(bars.view(candidates, setOf(candidates.first().label)), kit.dp(8))
        }
    }

    private companion object {
        const val LEGEND_CORNER = 12
        const val SHOWN_NUMBERS = 6
    }
}

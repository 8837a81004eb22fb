package albertedge.app.ui

import albertedge.app.R
import albertedge.app.state.Draft
import albertedge.app.state.Formatting
import albertedge.app.state.UiState
import albertedge.artifact.Task
import android.text.TextUtils
import android.view.View
import android.widget.LinearLayout
import android.widget.RadioButton
import android.widget.SeekBar

/** One chip a task that the models at hand answer. */
class TaskChips(private val kit: Kit, private val words: Words, private val chosen: (Task) -> Unit) {
    val view = FlowLayout(kit.context, kit.dp(8))
    private var shown = emptyList<Task>()

    fun render(ui: UiState) {
        if (ui.tasks != shown) {
            shown = ui.tasks
            view.removeAllViews()
            for (task in shown) view.addView(kit.chip(words.task(task)) { chosen(task) })
        }
        for ((index, task) in shown.withIndex()) {
            val chip = view.getChildAt(index) as RadioButton
            chip.isChecked = task == ui.task
            chip.isEnabled = !ui.isMeasuring
        }
    }
}

/** Texts to try at a tap. */
class Examples(private val kit: Kit, private val chosen: (Draft) -> Unit) {
    val view: LinearLayout = kit.card()
    private var task: Task? = null

    fun render(shown: Task) {
        if (shown == task) return
        task = shown
        view.removeAllViews()
        view.below(kit.heading(kit.string(R.string.examples)))
        for (draft in drafts(shown)) view.below(row(shown, draft), kit.dp(8))
    }

    private fun row(task: Task, draft: Draft): View = kit.label(shown(task, draft)).apply {
        maxLines = if (kit.hasLargeText) 2 * LINES else LINES
        ellipsize = TextUtils.TruncateAt.END
        minHeight = kit.dp(Kit.TOUCH)
        gravity = android.view.Gravity.CENTER_VERTICAL
        setPadding(kit.dp(12), kit.dp(8), kit.dp(12), kit.dp(8))
        background = kit.tappable(kit.rounded(kit.color(R.color.background), Kit.CONTROL_CORNER))
        contentDescription = kit.string(R.string.example, shown(task, draft))
        setOnClickListener { chosen(draft) }
    }

    /** A passage is too long to show, and its question tells enough. */
    private fun shown(task: Task, draft: Draft): String =
        if (task == Task.ANSWER || draft.second.isEmpty()) draft.text else "${draft.text} / ${draft.second}"

    /** Of each task as many as the resources have; two texts are parted by a line. */
    private fun drafts(task: Task): List<Draft> {
        val id = when (task) {
            Task.CLASSIFY -> R.array.examples_classify
            Task.TAG -> R.array.examples_tag
            Task.ANSWER -> R.array.examples_answer
            Task.EMBED -> R.array.examples_embed
            Task.FILL -> R.array.examples_fill
            Task.ORDER -> R.array.examples_order
        }
        return kit.context.resources.getStringArray(id).map {
            Draft(it.substringBefore('\n').trim(), it.substringAfter('\n', "").trim())
        }
    }

    private companion object {
        const val LINES = 2
    }
}

/** How many layers may run at most, of a model that can stop before the last. */
class DepthControl(private val kit: Kit, private val formatting: Formatting, private val chosen: (Int?) -> Unit) {
    private val label = kit.label("", Kit.CAPTION, kit.secondary, isBold = true).apply { labelFor = R.id.input_depth }
    private val bar = SeekBar(kit.context).apply {
        id = R.id.input_depth
        setPadding(paddingLeft, kit.dp(16), paddingRight, kit.dp(16))
        setOnSeekBarChangeListener(Listener())
        // The controller remembers it, also for another model.
        isSaveEnabled = false
    }
    private var layers = 0

    val view: LinearLayout = kit.column().apply {
        below(label)
        below(bar)
    }

    fun render(ui: UiState) {
        val facts = ui.facts
        view.showIf(facts?.hasDepth == true)
        layers = facts?.layers ?: return
        val depth = ui.maxDepth ?: layers
        bar.max = layers - 1
        bar.progress = depth - 1
        label.text = kit.string(R.string.max_depth, formatting.count(depth), formatting.count(layers))
        describeState(bar, label.text)
    }

    private inner class Listener : SeekBar.OnSeekBarChangeListener {
        override fun onProgressChanged(bar: SeekBar, progress: Int, fromUser: Boolean) {
            if (fromUser) chosen((progress + 1).takeIf { it < layers })
        }

        override fun onStartTrackingTouch(bar: SeekBar) = Unit

        override fun onStopTrackingTouch(bar: SeekBar) = Unit
    }
}

package albertedge.app.ui

import albertedge.app.R
import albertedge.app.state.Controller
import albertedge.app.state.ModelEntry
import albertedge.app.state.ModelState
import albertedge.app.state.Processor
import albertedge.app.state.RunSettings
import albertedge.app.state.UiState
import albertedge.app.state.usedRef
import android.view.View
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.LinearLayout
import android.widget.RadioButton
import android.widget.Switch

/** The app's models, one's own file, and how they are run. */
class ModelsScreen(
    private val kit: Kit,
    private val controller: Controller,
    private val words: Words,
    private val openFile: () -> Unit,
) {
    private val list = kit.column()
    private val open = kit.secondaryButton(kit.string(R.string.open_file)) { openFile() }
    private val pickProblem = kit.problem("")
    private val running = RunningCard(kit, words) { controller.chooseSettings(it) }
    private var shown: List<Any?> = emptyList()

    val view: View = kit.column().apply {
        below(list)
        below(open, kit.dp(16), WRAP_CONTENT)
        below(kit.caption(kit.string(R.string.open_file_hint)), kit.dp(8))
        below(pickProblem, kit.dp(8))
        below(running.view, kit.dp(16))
    }

    fun render(ui: UiState) {
        val seen = ui.library + ui.model + ui.isMeasuring
        if (seen != shown) {
            shown = seen
            list.removeAllViews()
            for (entry in ui.library) list.below(card(entry, ui), kit.dp(8))
        }
        open.isEnabled = !ui.isMeasuring
        val problem = ui.pickProblem
        pickProblem.showIf(problem != null)
        if (problem != null) pickProblem.text = words.problem(problem)
        running.render(ui)
    }

    private fun card(entry: ModelEntry, ui: UiState): View = kit.card().apply {
        val isUsed = entry.ref == ui.usedRef
        setPadding(kit.dp(16), kit.dp(8), kit.dp(16), kit.dp(16))
        below(choice(entry, isUsed, !ui.isMeasuring))
        // The button's picture has an edge of its own, which would push it out of line.
        (getChildAt(0).layoutParams as LinearLayout.LayoutParams).marginStart = -kit.dp(6)
        val facts = entry.facts
        val problem = entry.problem
        when {
            facts != null -> below(kit.caption(words.facts(facts)), kit.dp(4))
            problem != null -> below(kit.problem(words.problem(problem)), kit.dp(4))
            else -> below(kit.caption(kit.string(R.string.reading)), kit.dp(4))
        }
        if (isUsed && ui.model is ModelState.Loading) {
            below(kit.caption(kit.string(R.string.loading, entry.ref.name)), kit.dp(4))
        }
    }

    private fun choice(entry: ModelEntry, isUsed: Boolean, isFree: Boolean) = RadioButton(kit.context).apply {
        text = entry.ref.name
        textSize = Kit.HEADING
        setTextColor(kit.text)
        typeface = android.graphics.Typeface.create("sans-serif-medium", android.graphics.Typeface.NORMAL)
        minHeight = kit.dp(Kit.TOUCH)
        isChecked = isUsed
        isEnabled = isFree
        buttonTintList = android.content.res.ColorStateList.valueOf(if (isUsed) kit.accent else kit.outline)
        setOnClickListener { controller.chooseModel(entry.ref) }
    }
}

/** Threads, XNNPACK, and what computes. */
private class RunningCard(private val kit: Kit, words: Words, private val chosen: (RunSettings) -> Unit) {
    private var settings = RunSettings()
    private val threads = Stepper(kit, kit.string(R.string.threads), RunSettings.MAX_THREADS) {
        chosen(settings.copy(threads = it))
    }
    private val xnnpack = Switch(kit.context).apply {
        text = kit.string(R.string.xnnpack)
        textSize = Kit.BODY
        setTextColor(kit.text)
        minHeight = kit.dp(Kit.TOUCH)
        isSaveEnabled = false
        setOnClickListener { chosen(settings.copy(xnnpack = isChecked)) }
    }
    private val processors = Processor.values().associateWith { processor ->
        kit.chip(words.processor(processor)) { chosen(settings.copy(processor = processor)) }
    }
    private val notice = kit.caption("").apply { accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_POLITE }

    val view: LinearLayout = kit.card().apply {
        below(kit.heading(kit.string(R.string.run_with)))
        below(threads.view, kit.dp(8))
        below(xnnpack, kit.dp(4))
        below(kit.caption(kit.string(R.string.xnnpack_hint)))
        below(kit.label(kit.string(R.string.computes)), kit.dp(16))
        val chips = FlowLayout(context, kit.dp(8))
        for (chip in processors.values) chips.addView(chip)
        below(chips, kit.dp(4))
        below(notice, kit.dp(8))
    }

    fun render(ui: UiState) {
        settings = ui.settings
        val isFree = !ui.isMeasuring
        threads.show(settings.threads, isFree)
        xnnpack.isChecked = settings.xnnpack
        xnnpack.isEnabled = isFree
        for ((processor, chip) in processors) {
            chip.isChecked = processor == settings.processor
            chip.isEnabled = isFree
        }
        val said = (ui.model as? ModelState.Ready)?.notice
        notice.showIf(said != null)
        if (said != null && notice.text.toString() != said) notice.text = said
    }
}

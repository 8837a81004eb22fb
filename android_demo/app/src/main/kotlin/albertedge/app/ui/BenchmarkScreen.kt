package albertedge.app.ui

import albertedge.app.R
import albertedge.app.state.BenchmarkForm
import albertedge.app.state.BenchmarkState
import albertedge.app.state.Controller
import albertedge.app.state.Formatting
import albertedge.app.state.Measured
import albertedge.app.state.UiState
import albertedge.app.state.usedRef
import albertedge.measure.Progress
import albertedge.measure.Stage
import android.view.View
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.LinearLayout
import android.widget.ProgressBar

/** What to measure, how far it is, and what came out. */
class BenchmarkScreen(
    private val kit: Kit,
    private val controller: Controller,
    private val formatting: Formatting,
    words: Words,
    share: (String) -> Unit,
) {
    private val model = kit.caption("")
    private val runs = Field(kit, R.id.form_runs, kit.string(R.string.runs), Field.Kind.NUMBERS) { edited() }
    private val lengths = Field(kit, R.id.form_lengths, kit.string(R.string.lengths), Field.Kind.NUMBERS) { edited() }
    private val minutes = Field(kit, R.id.form_minutes, kit.string(R.string.minutes), Field.Kind.NUMBERS) { edited() }
    private val start = kit.primaryButton("") { startOrCancel() }.apply { id = R.id.measure }
    private val progress = ProgressPart(kit, formatting)
    private val outcome = OutcomeCard(kit, formatting, words, share)

    val view: View = kit.column().apply {
        below(form())
        below(outcome.view, kit.dp(16))
    }

    private fun form(): LinearLayout = kit.card().apply {
        below(model)
        below(lengths.view, kit.dp(12))
        below(runs.view, kit.dp(12))
        below(minutes.view, kit.dp(12))
        below(kit.caption(kit.string(R.string.benchmark_hint)), kit.dp(12))
        below(start, kit.dp(16), WRAP_CONTENT)
        below(progress.view, kit.dp(16))
    }

    fun render(ui: UiState) {
        lengths.show(ui.form.lengths)
        runs.show(ui.form.runs)
        minutes.show(ui.form.minutes)
        val name = ui.usedRef?.name ?: kit.string(R.string.no_model)
        model.text = kit.string(R.string.benchmark_of, name, formatting.count(ui.settings.threads))
        val running = ui.benchmark as? BenchmarkState.Running
        start.text = kit.string(if (running != null) R.string.cancel else R.string.start)
        start.isEnabled = running != null || ui.facts != null
        for (field in listOf(lengths, runs, minutes)) field.input.isEnabled = running == null
        progress.render(running)
        outcome.render(ui.benchmark)
    }

    private fun edited() {
        controller.edit(BenchmarkForm(runs.text, lengths.text, minutes.text))
    }

    private fun startOrCancel() {
        if (controller.state.isMeasuring) controller.stopMeasuring() else controller.measure()
    }
}

/** What is going on, with a bar. */
private class ProgressPart(private val kit: Kit, private val formatting: Formatting) {
    private val text = kit.label("")
    private val bar = ProgressBar(kit.context, null, android.R.attr.progressBarStyleHorizontal).apply { max = STEPS }

    val view: LinearLayout = kit.column().apply {
        below(text)
        below(bar, kit.dp(4))
    }

    fun render(running: BenchmarkState.Running?) {
        view.showIf(running != null)
        if (running == null) return
        val progress = running.progress
        val doing = if (progress == null) kit.string(R.string.stage_waiting) else stage(progress)
        text.text = if (running.byHost) "${kit.string(R.string.by_host)}\n$doing" else doing
        bar.isIndeterminate = progress == null
        bar.progress = ((progress?.fraction ?: 0.0) * STEPS).toInt()
    }

    private fun stage(progress: Progress): String {
        val tokens = formatting.count(progress.tokens)
        val share = formatting.percent(progress.fraction)
        return when (progress.stage) {
            Stage.OPENING -> kit.string(R.string.stage_opening)
            Stage.LATENCY -> kit.string(R.string.stage_latency, tokens, share)
            Stage.THREADS -> kit.string(R.string.stage_threads, tokens, share)
            Stage.SUSTAINED -> kit.string(R.string.stage_sustained, tokens, share)
        }
    }

    private companion object {
        const val STEPS = 1000
    }
}

/** The last measurement's result, or why there is none. */
private class OutcomeCard(
    private val kit: Kit,
    private val formatting: Formatting,
    private val words: Words,
    private val share: (String) -> Unit,
) {
    private var shown: BenchmarkState? = null

    val view: LinearLayout = kit.card().apply { accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_POLITE }

    fun render(state: BenchmarkState) {
        if (state === shown) return
        shown = state
        view.removeAllViews()
        view.showIf(state is BenchmarkState.Done || state is BenchmarkState.Failed)
        when (state) {
            is BenchmarkState.Failed -> view.below(kit.problem(words.problem(state.problem)))
            is BenchmarkState.Done -> done(state.measured)
            else -> Unit
        }
    }

    private fun done(measured: Measured) {
        view.below(kit.heading(measured.name))
        view.below(kit.caption(facts(measured)), kit.dp(4))
        view.below(kit.caption(kit.string(R.string.in_milliseconds)), kit.dp(16))
        view.below(LatencyTable(kit, formatting).view(measured.rows), kit.dp(4))
        if (measured.sustained.size > 1) {
            view.below(kit.heading(kit.string(R.string.sustained)), kit.dp(16))
            view.below(ChartView(kit.context, kit, formatting, measured.sustained), kit.dp(8))
        }
        for (warning in measured.warnings) view.below(kit.caption("• $warning"), kit.dp(12))
        val path = measured.path
        if (path == null) {
            view.below(kit.label(kit.string(R.string.host_has_it)), kit.dp(16))
            return
        }
        view.below(kit.caption(path), kit.dp(16))
        view.below(kit.secondaryButton(kit.string(R.string.share_json)) { share(path) }, kit.dp(8), WRAP_CONTENT)
    }

    private fun facts(measured: Measured): String {
        val load = kit.string(R.string.loads_in, formatting.milliseconds(measured.loadMs))
        return listOf(measured.runtime, load, formatting.megabytes(measured.rssBytes)).joinToString(" · ")
    }
}

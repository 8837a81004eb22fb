package albertedge.app.ui

import albertedge.app.R
import albertedge.app.state.Controller
import albertedge.app.state.Draft
import albertedge.app.state.Formatting
import albertedge.app.state.ModelState
import albertedge.app.state.ReplyState
import albertedge.app.state.UiState
import albertedge.artifact.Task
import android.view.Gravity
import android.view.View
import android.view.inputmethod.InputMethodManager
import android.widget.LinearLayout
import android.widget.TextView

/** Type or paste a text, and see what the model says of it. */
class TryScreen(
    private val kit: Kit,
    private val controller: Controller,
    words: Words,
    isWide: Boolean,
    share: (String) -> Unit,
) {
    private val formatting = Formatting(kit.context.resources.configuration.locales[0])
    private val tasks = TaskChips(kit, words) { controller.chooseTask(it) }
    private val first = Field(kit, R.id.input_text, "", Field.Kind.TEXT) { edited() }
    private val second = Field(kit, R.id.input_second, "", Field.Kind.TEXT) { edited() }
    private val examples = Examples(kit) { showExample(it) }
    private val depth = DepthControl(kit, formatting) { controller.chooseDepth(it) }
    private val run = kit.primaryButton("") { runOrCancel() }.apply { id = R.id.run }
    private val clear = kit.secondaryButton(kit.string(R.string.clear)) { showExample(Draft()) }
    private val state = ModelLine(kit, words)
    private val result = ResultCard(kit, formatting, words, share)
    private var task: Task? = null

    val view: View = kit.column().apply {
        below(tasks.view)
        below(state.view, kit.dp(8))
        if (isWide) {
            below(sideBySide(), kit.dp(8))
        } else {
            below(inputCard(), kit.dp(8))
            below(answers(), kit.dp(16))
        }
    }

    /** Before there is an answer, examples are in its place. */
    private fun answers(): LinearLayout = kit.column().apply {
        below(result.view)
        // A margin of the answer's own, which goes with it.
        (result.view.layoutParams as LinearLayout.LayoutParams).bottomMargin = kit.dp(16)
        below(examples.view)
    }

    private fun sideBySide(): LinearLayout = kit.row().apply {
        gravity = Gravity.TOP
        beside(inputCard(), weight = 1f)
        beside(answers(), kit.dp(16), weight = 1f)
    }

    private fun inputCard(): LinearLayout = kit.card().apply {
        below(first.view)
        below(second.view, kit.dp(12))
        below(depth.view, kit.dp(12))
        val buttons = FlowLayout(context, kit.dp(8))
        buttons.addView(run)
        buttons.addView(clear)
        below(buttons, kit.dp(12))
    }

    fun render(ui: UiState) {
        // Until models are known, a field for any text.
        val shown = ui.task ?: Task.CLASSIFY
        val draft = ui.draft(shown)
        task = shown
        labels(shown)
        first.show(draft.text)
        second.show(draft.second)
        tasks.render(ui)
        state.render(ui)
        examples.render(shown)
        depth.render(ui)
        val isRunning = ui.reply === ReplyState.Running
        run.text = kit.string(if (isRunning) R.string.cancel else R.string.run)
        run.isEnabled = isRunning || (ui.model is ModelState.Ready && !ui.isMeasuring && draft.text.isNotBlank())
        result.render(ui)
    }

    private fun labels(shown: Task) {
        first.label.setText(if (shown == Task.ANSWER) R.string.question else R.string.text)
        second.view.showIf(shown in TWO_TEXTS)
        second.label.setText(
            when (shown) {
                Task.ANSWER -> R.string.passage
                Task.ORDER -> R.string.second_text
                else -> R.string.second_text_optional
            },
        )
    }

    private fun edited() {
        val shown = task ?: return
        controller.edit(shown, Draft(first.text, second.text))
    }

    private fun showExample(draft: Draft) {
        val shown = task ?: return
        controller.dropReply()
        controller.edit(shown, draft)
    }

    private fun runOrCancel() {
        if (controller.state.reply === ReplyState.Running) {
            controller.dropReply()
            return
        }
        // The keyboard would lie on the answer.
        val keyboard = kit.context.getSystemService(InputMethodManager::class.java)
        keyboard.hideSoftInputFromWindow(first.input.windowToken, 0)
        controller.run()
    }

    private companion object {
        val TWO_TEXTS = listOf(Task.ANSWER, Task.ORDER, Task.EMBED)
    }
}

/** What the model in use is, or why there is none. */
private class ModelLine(private val kit: Kit, private val words: Words) {
    val view: TextView = kit.caption("").apply { accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_POLITE }

    fun render(ui: UiState) {
        val text = when (val model = ui.model) {
            ModelState.None -> ui.pickProblem?.let { words.problem(it) } ?: kit.string(R.string.no_model)
            is ModelState.Loading -> kit.string(R.string.loading, model.ref.name)
            is ModelState.Failed -> "${model.ref.name}: ${words.problem(model.problem)}"
            is ModelState.Ready ->
                if (ui.isMeasuring) kit.string(R.string.busy_measuring) else "${model.ref.name} · ${model.runtime}"
        }
        if (view.text.toString() != text) view.text = text
        view.setTextColor(if (ui.model is ModelState.Failed) kit.error else kit.secondary)
    }
}

package albertedge.app.ui

import albertedge.app.R
import albertedge.app.state.Formatting
import albertedge.app.state.Reply
import albertedge.app.state.ReplyState
import albertedge.app.state.UiState
import android.graphics.Rect
import android.view.View
import android.widget.LinearLayout
import android.widget.ProgressBar

/** The answer, what it took, and the button that hands it to another app. */
class ResultCard(
    private val kit: Kit,
    private val formatting: Formatting,
    private val words: Words,
    private val share: (String) -> Unit,
) {
    private val views = ResultViews(kit, formatting, words)
    private val summary = kit.heading("", Kit.TITLE)
    private val body = kit.column()
    private var shown: ReplyState? = null

    val view: LinearLayout = kit.card().apply {
        id = R.id.result
        // The one line is read out when it changes; the rest can be explored.
        summary.accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_POLITE
        below(summary)
        below(body)
    }

    fun render(state: UiState) {
        val reply = state.reply
        if (reply === shown) return
        val isNew = shown === ReplyState.Running
        shown = reply
        body.removeAllViews()
        view.showIf(reply !== ReplyState.Idle)
        summary.showIf(reply is ReplyState.Done || reply is ReplyState.Running)
        when (reply) {
            ReplyState.Idle -> summary.text = ""
            ReplyState.Running -> running()
            is ReplyState.Failed -> body.below(kit.problem(words.problem(reply.problem)))
            is ReplyState.Done -> done(reply.reply)
        }
        if (isNew && reply !== ReplyState.Idle) view.post { comeIntoSight() }
    }

    /** Its top at least: an answer may be longer than the screen. */
    private fun comeIntoSight() {
        view.requestRectangleOnScreen(Rect(0, 0, view.width, minOf(view.height, kit.dp(SEEN_DP))))
    }

    private fun running() {
        summary.text = kit.string(R.string.running)
        val bar = ProgressBar(kit.context, null, android.R.attr.progressBarStyleHorizontal)
        bar.isIndeterminate = true
        body.below(bar)
    }

    private fun done(reply: Reply) {
        summary.text = words.summary(reply.prediction)
        views.details(reply.prediction, reply.entityTypes)?.let { body.below(it, kit.dp(0)) }
        (body.getChildAt(0)?.layoutParams as? LinearLayout.LayoutParams)?.topMargin = kit.dp(12)
        body.below(line(), kit.dp(16))
        body.below(figures(reply), kit.dp(12))
        if (reply.notice != null) body.below(kit.caption(reply.notice), kit.dp(12))
        body.below(
            kit.secondaryButton(kit.string(R.string.share)) { share(words.shared(reply)) },
            kit.dp(16),
            LinearLayout.LayoutParams.WRAP_CONTENT,
        )
    }

    private fun line() = View(kit.context).apply {
        setBackgroundColor(kit.divider)
        minimumHeight = kit.dp(1)
    }

    private fun figures(reply: Reply): View = FlowLayout(kit.context, kit.dp(24)).apply {
        addView(figure(formatting.milliseconds(reply.latencyMs), R.string.latency))
        val depth = reply.depthUsed
        if (depth != null) {
            val used = kit.string(R.string.of_layers, formatting.count(depth), formatting.count(reply.layers))
            addView(figure(used, R.string.depth_used))
        }
        val memory = reply.memoryBytes ?: return@apply
        addView(figure(formatting.megabytes(memory), R.string.memory))
    }

    private fun figure(value: String, name: Int): View = kit.column().apply {
        below(kit.label(value, Kit.HEADING, isBold = true), width = LinearLayout.LayoutParams.WRAP_CONTENT)
        below(kit.caption(kit.string(name)), width = LinearLayout.LayoutParams.WRAP_CONTENT)
        readAs(this, "${kit.string(name)}: $value")
    }

    private companion object {
        const val SEEN_DP = 320
    }
}

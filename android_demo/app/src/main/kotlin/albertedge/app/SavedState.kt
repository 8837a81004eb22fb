package albertedge.app

import albertedge.app.state.BenchmarkForm
import albertedge.app.state.Draft
import albertedge.app.state.ModelRef
import albertedge.app.state.Processor
import albertedge.app.state.RunSettings
import albertedge.app.state.Screen
import albertedge.app.state.UiState
import albertedge.app.state.usedRef
import albertedge.artifact.Task
import android.os.Bundle
import java.io.File

/** What outlives the process: what was typed and chosen. Answers and models are made anew. */
object SavedState {
    fun write(state: UiState, bundle: Bundle) {
        bundle.putString(SCREEN, state.screen.name)
        bundle.putString(TASK, state.task?.name)
        bundle.putInt(DEPTH, state.maxDepth ?: 0)
        bundle.putInt(THREADS, state.settings.threads)
        bundle.putBoolean(XNNPACK, state.settings.xnnpack)
        bundle.putString(PROCESSOR, state.settings.processor.name)
        bundle.putStringArray(FORM, arrayOf(state.form.runs, state.form.lengths, state.form.minutes))
        for ((task, draft) in state.drafts) {
            bundle.putStringArray(DRAFT + task.name, arrayOf(cut(draft.text), cut(draft.second)))
        }
        val ref = state.usedRef ?: return
        bundle.putString(MODEL, ref.name)
        bundle.putString(MODEL_PATH, (ref as? ModelRef.Opened)?.path)
    }

    fun read(bundle: Bundle): UiState = UiState(
        screen = Screen.values().firstOrNull { it.name == bundle.getString(SCREEN) } ?: Screen.TRY,
        task = Task.values().firstOrNull { it.name == bundle.getString(TASK) },
        maxDepth = bundle.getInt(DEPTH).takeIf { it > 0 },
        settings = RunSettings(
            bundle.getInt(THREADS, 2).coerceIn(1, RunSettings.MAX_THREADS),
            bundle.getBoolean(XNNPACK),
            Processor.values().firstOrNull { it.name == bundle.getString(PROCESSOR) } ?: Processor.CPU,
        ),
        form = bundle.getStringArray(FORM)?.let { BenchmarkForm(it[0], it[1], it[2]) } ?: BenchmarkForm(),
        drafts = Task.values().mapNotNull { task ->
            bundle.getStringArray(DRAFT + task.name)?.let { task to Draft(it[0], it[1]) }
        }.toMap(),
    )

    /** Null also for an opened file whose copy Android has removed from the cache meanwhile. */
    fun model(bundle: Bundle): ModelRef? {
        val name = bundle.getString(MODEL) ?: return null
        val path = bundle.getString(MODEL_PATH) ?: return ModelRef.Bundled(name)
        return if (File(path).isFile) ModelRef.Opened(name, path) else null
    }

    /** A process may save about a megabyte, and ends if it saves more. */
    private fun cut(text: String): String {
        if (text.length <= MAX_CHARACTERS) return text
        val end = if (text[MAX_CHARACTERS - 1].isHighSurrogate()) MAX_CHARACTERS - 1 else MAX_CHARACTERS
        return text.substring(0, end)
    }

    private const val MAX_CHARACTERS = 20_000
    private const val SCREEN = "screen"
    private const val TASK = "task"
    private const val DEPTH = "depth"
    private const val THREADS = "threads"
    private const val XNNPACK = "xnnpack"
    private const val PROCESSOR = "processor"
    private const val FORM = "form"
    private const val DRAFT = "draft-"
    private const val MODEL = "model"
    private const val MODEL_PATH = "model-path"
}

package albertedge.app.state

import albertedge.artifact.Task

enum class Screen { TRY, MODELS, BENCHMARK }

/** What was typed for a task. */
data class Draft(val text: String = "", val second: String = "")

/** A model of the list: its facts, or why it can't be used; neither while it is being read. */
data class ModelEntry(val ref: ModelRef, val facts: ModelFacts? = null, val problem: Problem? = null)

/** The model in use. */
sealed class ModelState {
    /** Nothing to load yet. */
    object None : ModelState()

    class Loading(val ref: ModelRef) : ModelState()

    class Ready(val ref: ModelRef, val facts: ModelFacts, val runtime: String, val notice: String?) : ModelState()

    class Failed(val ref: ModelRef, val problem: Problem) : ModelState()
}

/** An answer and what it took. */
class Reply(
    val request: Request,
    val prediction: Prediction,
    /** From text to answer: tokenizing, all windows, decoding. */
    val latencyMs: Double,
    /** Null where the graph has no exit. */
    val depthUsed: Int?,
    /** Layers of the model. */
    val layers: Int,
    /** Of the whole app, as Android shares it out (PSS); null if it can't be read. */
    val memoryBytes: Long?,
    val modelName: String,
    val runtime: String,
    /** Why the processor that was asked for wasn't used; null if it was. */
    val notice: String?,
    /** The types that the model's labels name; of a tagger. */
    val entityTypes: List<String>,
)

sealed class ReplyState {
    object Idle : ReplyState()

    object Running : ReplyState()

    class Done(val reply: Reply) : ReplyState()

    class Failed(val problem: Problem) : ReplyState()
}

/** All that the screens show. */
data class UiState(
    val screen: Screen = Screen.TRY,
    val library: List<ModelEntry> = emptyList(),
    val model: ModelState = ModelState.None,
    /** The task that is shown; null until a model is known. */
    val task: Task? = null,
    val drafts: Map<Task, Draft> = emptyMap(),
    /** Layers to apply at most; null: all. */
    val maxDepth: Int? = null,
    val settings: RunSettings = RunSettings(),
    val reply: ReplyState = ReplyState.Idle,
    val form: BenchmarkForm = BenchmarkForm(),
    val benchmark: BenchmarkState = BenchmarkState.Idle,
    /** Why the last file that was picked isn't in the list. */
    val pickProblem: Problem? = null,
) {
    /** What the list's usable models answer, in the order of [Task]. */
    val tasks: List<Task>
        get() = Task.values().filter { task -> library.any { task in it.facts?.tasks.orEmpty() } }

    val isMeasuring: Boolean get() = benchmark is BenchmarkState.Running

    fun draft(task: Task): Draft = drafts[task] ?: Draft()

    /** The facts of the model in use; null unless it is ready. */
    val facts: ModelFacts? get() = (model as? ModelState.Ready)?.facts
}

package albertedge.app.state

import albertedge.RequestException
import albertedge.artifact.Task

/** What a [Controller] works with. */
class Tools(
    val worker: Worker,
    val models: ModelSource,
    val runners: RunnerFactory,
    val measurer: Measurer,
    val probes: Probes,
)

/**
 * Turns what a user does into states, and states it again as the background thread answers.
 *
 * It outlives the activity, which turning the phone replaces. Everything here is called on the main thread; what is
 * slow goes to the worker, and what comes back for a question that nobody asks any more is dropped.
 */
class Controller(private val tools: Tools, initial: UiState = UiState()) {
    var state = initial
        private set(value) {
            field = value
            observer?.invoke(value)
        }

    /** Told of each new state; null while there is no activity. */
    var observer: ((UiState) -> Unit)? = null
        set(value) {
            field = value
            value?.invoke(state)
        }

    private val loader = Loader(tools)
    private val measuring = Measuring(tools, loader) { state = state.copy(benchmark = it) }
    private var answering: Ticket? = null

    /** List the models and load [wanted], or the first of them. */
    fun start(wanted: ModelRef? = null) {
        tools.worker.start(
            object : Outcome<List<ModelRef>> {
                override fun done(value: List<ModelRef>) {
                    val known = (value + listOfNotNull(wanted)).distinct()
                    state = state.copy(library = known.map { ModelEntry(it) })
                    val first = wanted ?: known.firstOrNull() ?: return
                    load(first)
                    for (ref in known) if (ref != first) survey(ref)
                }

                override fun failed(problem: Problem) {
                    state = state.copy(pickProblem = problem)
                }
            },
        ) { tools.models.bundled() }
    }

    fun show(screen: Screen) {
        if (screen != state.screen) state = state.copy(screen = screen)
    }

    fun edit(task: Task, draft: Draft) {
        if (draft != state.draft(task)) state = state.copy(drafts = state.drafts + (task to draft))
    }

    fun chooseDepth(depth: Int?) {
        if (depth != state.maxDepth) state = state.copy(maxDepth = depth)
    }

    /** Show [task], with another model if the one in use doesn't answer it. */
    fun chooseTask(task: Task) {
        if (state.isMeasuring || task == state.task) return
        dropReply()
        state = state.copy(task = task)
        if (task in state.facts?.tasks.orEmpty()) return
        val other = state.library.firstOrNull { task in it.facts?.tasks.orEmpty() } ?: return
        load(other.ref)
    }

    /** Use another model. */
    fun chooseModel(ref: ModelRef) {
        if (!state.isMeasuring) load(ref)
    }

    /** Run models in another way from now on. */
    fun chooseSettings(settings: RunSettings) {
        if (state.isMeasuring || settings == state.settings) return
        state = state.copy(settings = settings)
        val ref = state.usedRef ?: return
        load(ref)
    }

    /** Add the file that the user picked at [address] to the list, and use it. */
    fun adopt(address: String) {
        if (state.isMeasuring) return
        state = state.copy(pickProblem = null)
        loader.adopt(
            address,
            object : Outcome<ModelRef.Opened> {
                override fun done(value: ModelRef.Opened) {
                    val others = state.library.filter { it.ref !is ModelRef.Opened }
                    state = state.copy(library = others + ModelEntry(value))
                    load(value)
                }

                override fun failed(problem: Problem) {
                    state = state.copy(pickProblem = problem)
                }
            },
        )
    }

    /** Say why no file could be picked. */
    fun cannotPick(reason: String) {
        state = state.copy(pickProblem = Problem(ProblemKind.READING, reason))
    }

    /** Answer what is typed for the task shown. */
    fun run() {
        val task = state.task ?: return
        val ready = state.model as? ModelState.Ready ?: return
        if (state.isMeasuring) return
        dropReply()
        val draft = state.draft(task)
        state = state.copy(reply = ReplyState.Running)
        answering = loader.answer(
            ready.ref,
            state.settings,
            Request(task, draft.text, draft.second, usedDepth()),
            object : Outcome<Reply> {
                override fun done(value: Reply) {
                    state = state.copy(reply = ReplyState.Done(value))
                }

                override fun failed(problem: Problem) {
                    state = state.copy(reply = ReplyState.Failed(problem))
                }
            },
        )
    }

    /** Forget the answer, and the one that is on its way. */
    fun dropReply() {
        answering?.cancel()
        answering = null
        if (state.reply !== ReplyState.Idle) state = state.copy(reply = ReplyState.Idle)
    }

    fun edit(form: BenchmarkForm) {
        if (form != state.form) state = state.copy(form = form)
    }

    fun measure() {
        val ref = state.usedRef ?: return
        if (state.isMeasuring) return
        dropReply()
        try {
            measuring.measure(ref, state.form.options(state.settings.threads, usedDepth()), state.settings)
        } catch (error: RequestException) {
            state = state.copy(benchmark = BenchmarkState.Failed(Problem.of(error)))
        }
    }

    fun stopMeasuring() = measuring.stop()

    /** Do a host's job; what is being measured for the user gives way. */
    fun runJob(folder: String) {
        dropReply()
        show(Screen.BENCHMARK)
        measuring.runJob(folder)
    }

    /** End all work, and free the model; nothing may be called afterwards. */
    fun close() {
        observer = null
        answering?.cancel()
        measuring.stop()
        loader.close()
        tools.worker.close()
    }

    /** Null for all layers, which is all that a model without a choice knows. */
    private fun usedDepth(): Int? = state.maxDepth?.takeIf { depth ->
        val facts = state.facts
        facts != null && facts.hasDepth && depth < facts.layers
    }

    private fun load(ref: ModelRef) {
        dropReply()
        state = state.copy(model = ModelState.Loading(ref))
        loader.load(
            ref,
            state.settings,
            object : Outcome<ModelState.Ready> {
                override fun done(value: ModelState.Ready) {
                    val task = state.task?.takeIf { it in value.facts.tasks } ?: value.facts.tasks.first()
                    // A depth means another share of another model.
                    val depth = state.maxDepth?.takeIf { it < value.facts.layers }
                    state = state.copy(model = value, task = task, maxDepth = depth)
                    enter(ModelEntry(ref, facts = value.facts))
                }

                override fun failed(problem: Problem) {
                    state = state.copy(model = ModelState.Failed(ref, problem))
                    enter(ModelEntry(ref, problem = problem))
                }
            },
        )
    }

    /** Find out what a model of the list answers. */
    private fun survey(ref: ModelRef) {
        loader.survey(
            ref,
            object : Outcome<ModelFacts> {
                override fun done(value: ModelFacts) = enter(ModelEntry(ref, facts = value))

                override fun failed(problem: Problem) = enter(ModelEntry(ref, problem = problem))
            },
        )
    }

    private fun enter(entry: ModelEntry) {
        state = state.copy(library = state.library.map { if (it.ref == entry.ref) entry else it })
    }
}

/** The model that is in use, or would be if it could be loaded. */
val UiState.usedRef: ModelRef?
    get() = when (val model = model) {
        is ModelState.Ready -> model.ref
        is ModelState.Loading -> model.ref
        is ModelState.Failed -> model.ref
        ModelState.None -> null
    }

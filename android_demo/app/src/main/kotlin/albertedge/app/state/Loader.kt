package albertedge.app.state

import albertedge.artifact.Artifact

/** Loads models and answers with them, in the background, one at a time. */
class Loader(private val tools: Tools) {
    private val worker = tools.worker
    private var loading: Ticket? = null

    /** Of the background thread alone. */
    private var session: ModelSession? = null

    /** Load [ref] in place of what is loaded. */
    fun load(ref: ModelRef, settings: RunSettings, outcome: Outcome<ModelState.Ready>) {
        loading?.cancel()
        loading = worker.start(outcome) { ticket ->
            val opened = open(ref, settings, ticket)
            ModelState.Ready(ref, opened.facts, opened.runtime, opened.notice)
        }
    }

    /** Answer [request] with [ref], which was loaded, but may have made way for a measurement since. */
    fun answer(ref: ModelRef, settings: RunSettings, request: Request, outcome: Outcome<Reply>): Ticket =
        worker.start(outcome) { ticket ->
            val used = session ?: open(ref, settings, ticket)
            val before = tools.probes.nanoTime()
            val found = used.predict(request, ticket)
            val latencyMs = (tools.probes.nanoTime() - before) / NANOS_PER_MS
            Reply(
                request = request,
                prediction = found.prediction,
                latencyMs = latencyMs,
                depthUsed = found.depthUsed,
                layers = used.facts.layers,
                memoryBytes = tools.probes.memoryBytes(),
                modelName = ref.name,
                runtime = used.runtime,
                notice = used.notice,
                entityTypes = used.facts.entityTypes,
            )
        }

    /** Read what a model is, without loading it into an interpreter. */
    fun survey(ref: ModelRef, outcome: Outcome<ModelFacts>) {
        worker.start(outcome) {
            val file = tools.models.map(ref)
            ModelFacts.of(Artifact.read(file), file.limit().toLong())
        }
    }

    /** Copy what the user picked. */
    fun adopt(address: String, outcome: Outcome<ModelRef.Opened>) {
        loading?.cancel()
        loading = worker.start(outcome) { ticket -> tools.models.adopt(address, ticket) }
    }

    /** Free the model, for what is measured is to be alone; called in the background. */
    fun release() {
        session?.close()
        session = null
    }

    fun close() {
        loading?.cancel()
        worker.afterAll { release() }
    }

    private fun open(ref: ModelRef, settings: RunSettings, ticket: Ticket): ModelSession {
        // Not both in memory at once.
        release()
        val file = tools.models.map(ref)
        ticket.check()
        return ModelSession.open(file, settings, tools.runners).also { session = it }
    }

    private companion object {
        const val NANOS_PER_MS = 1e6
    }
}

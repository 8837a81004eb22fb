package albertedge.app.state

import albertedge.measure.BenchmarkObserver
import albertedge.measure.BenchmarkOptions
import albertedge.measure.Progress

/** Measures in the background and says how far it is by [publish], on the main thread. */
class Measuring(private val tools: Tools, private val loader: Loader, private val publish: (BenchmarkState) -> Unit) {
    private var current: Ticket? = null

    fun measure(ref: ModelRef, options: BenchmarkOptions, settings: RunSettings) = begin(byHost = false) {
        tools.measurer.measure(ref, options, settings, it)
    }

    fun runJob(folder: String) = begin(byHost = true) { tools.measurer.runJob(folder, it) }

    /** Call off what is being measured. */
    fun stop() {
        val ticket = current ?: return
        current = null
        ticket.cancel()
        publish(BenchmarkState.Idle)
    }

    private fun begin(byHost: Boolean, work: (BenchmarkObserver) -> Measured) {
        current?.cancel()
        publish(BenchmarkState.Running(null, byHost))
        current = tools.worker.start(
            object : Outcome<Measured> {
                override fun done(value: Measured) = end(BenchmarkState.Done(value))

                override fun failed(problem: Problem) = end(BenchmarkState.Failed(problem))
            },
        ) { ticket ->
            loader.release()
            work(Observer(ticket, byHost))
        }
    }

    private fun end(value: BenchmarkState) {
        current = null
        publish(value)
    }

    private inner class Observer(private val ticket: Ticket, private val byHost: Boolean) : BenchmarkObserver {
        override fun onProgress(progress: Progress) =
            tools.worker.onMain(ticket) { publish(BenchmarkState.Running(progress, byHost)) }

        override fun isCancelled(): Boolean = ticket.isCancelled
    }
}

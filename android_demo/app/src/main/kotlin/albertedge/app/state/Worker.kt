package albertedge.app.state

import java.util.concurrent.CancellationException
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors

/** A piece of work that can be called off; it looks at [check] between its steps. */
class Ticket {
    @Volatile
    var isCancelled = false
        private set

    fun cancel() {
        isCancelled = true
    }

    /** Throws [CancellationException] once the work was called off. */
    fun check() {
        if (isCancelled) throw CancellationException("called off")
    }
}

/** What comes of work; called on the main thread, and not at all once the work was called off. */
interface Outcome<in T> {
    fun done(value: T)
    fun failed(problem: Problem)
}

/**
 * The one background thread: works one piece after another.
 *
 * [main] runs what it is given on the main thread, later. The thread is no daemon's: it ends with [close], when what it
 * is at has noticed.
 */
class Worker(private val main: (Runnable) -> Unit, private val log: (Throwable) -> Unit = {}) {
    private val executor: ExecutorService = Executors.newSingleThreadExecutor()

    /** Start [work] behind all that was started before; whatever it throws becomes a [Problem]. */
    fun <T> start(outcome: Outcome<T>, work: (Ticket) -> T): Ticket {
        val ticket = Ticket()
        executor.execute(
            Runnable {
                try {
                    ticket.check()
                    val value = work(ticket)
                    onMain(ticket) { outcome.done(value) }
                } catch (_: CancellationException) {
                    // Nobody waits for it any more.
                } catch (error: Throwable) {
                    val problem = Problem.of(error)
                    if (problem.kind == ProblemKind.UNEXPECTED) log(error)
                    onMain(ticket) { outcome.failed(problem) }
                }
            },
        )
        return ticket
    }

    /** Run [action] in the background, behind all that was started before, whoever is waiting. */
    fun afterAll(action: () -> Unit) = executor.execute(Runnable { action() })

    /** Run [action] on the main thread unless [ticket] is called off before its turn comes. */
    fun onMain(ticket: Ticket, action: () -> Unit) = main(Runnable { if (!ticket.isCancelled) action() })

    /** Take nothing more; what was started before ends by itself. */
    fun close() = executor.shutdown()
}

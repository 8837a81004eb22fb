package albertedge.measure

import albertedge.StoppedException

/** What is measured at a time. */
enum class Stage { OPENING, LATENCY, THREADS, SUSTAINED }

/** How far a benchmark is. */
class Progress internal constructor(
    val stage: Stage,
    /** Of the requests that are run. */
    val tokens: Int,
    /** Share of this stage at this length that is done, from 0 to 1. */
    val fraction: Double,
)

/** Who watches a benchmark. Both are called on the thread that measures, outside all timed regions. */
interface BenchmarkObserver {
    /** Four times a second at most, since what it does costs the runs behind it the processor's caches. */
    fun onProgress(progress: Progress)

    /** Asked before each run; once it is true the benchmark ends with a [StoppedException]. */
    fun isCancelled(): Boolean
}

/** Nobody. */
object NoObserver : BenchmarkObserver {
    override fun onProgress(progress: Progress) = Unit

    override fun isCancelled(): Boolean = false
}

/** Times runs by the clock, and lets the observer stop them. */
internal class Watch(private val clock: Clock, private val observer: BenchmarkObserver) {
    private var reported: Pair<Stage, Int>? = null
    private var reportedNanos = 0L

    fun nanos(): Long = clock.nanoTime()

    fun timedMs(action: () -> Unit): Double {
        checkCancelled()
        val start = clock.nanoTime()
        action()
        return (clock.nanoTime() - start) / 1e6
    }

    fun checkCancelled() {
        if (observer.isCancelled()) throw StoppedException("a measurement must run to its end; received a cancellation")
    }

    /** Tells the observer of a stage's beginning and end, and of what lies between now and then. */
    fun report(stage: Stage, tokens: Int, fraction: Double) {
        val now = clock.nanoTime()
        val isNew = reported != stage to tokens
        if (!isNew && fraction < 1 && now - reportedNanos < REPORT_NANOS) return
        reported = stage to tokens
        reportedNanos = now
        observer.onProgress(Progress(stage, tokens, minOf(1.0, fraction)))
    }

    private companion object {
        const val REPORT_NANOS = 250_000_000L
    }
}

package albertedge.app

import albertedge.StoppedException
import albertedge.app.state.JobFailedException
import albertedge.app.state.LatencyRow
import albertedge.app.state.Measured
import albertedge.app.state.Measurer
import albertedge.app.state.ModelRef
import albertedge.app.state.Probes
import albertedge.app.state.RunSettings
import albertedge.measure.BenchmarkObserver
import albertedge.measure.BenchmarkOptions
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** Stands for the main thread: what is posted to it runs when the test waits for something. */
class FakeMain {
    private val posted = LinkedBlockingQueue<Runnable>()

    fun post(task: Runnable) = posted.put(task)

    /** Run what is posted until [condition] holds. */
    fun until(what: String, condition: () -> Boolean) {
        while (!condition()) {
            val task = posted.poll(20, TimeUnit.SECONDS) ?: throw AssertionError("waited in vain: $what")
            task.run()
        }
    }

    /** Run what is posted by now. */
    fun drain() {
        while (true) (posted.poll() ?: return).run()
    }
}

/** A clock of 5 ms a look, and a constant memory. */
class FakeProbes : Probes {
    private var now = 0L

    override fun nanoTime(): Long {
        now += 5_000_000
        return now
    }

    override fun memoryBytes(): Long? = 48_200_000
}

/** Measures nothing: [STEPS] looks at whether it is called off, each behind the [gate]. */
class FakeMeasurer(private val gate: Gate) : Measurer {
    @Volatile
    var finished = 0
        private set

    override fun measure(
        ref: ModelRef,
        options: BenchmarkOptions,
        settings: RunSettings,
        observer: BenchmarkObserver,
    ): Measured = measured(ref.name, options.lengths, observer)

    override fun runJob(folder: String, observer: BenchmarkObserver): Measured {
        if (".." in folder) throw JobFailedException("a job must lie in the app's own folder; received $folder")
        return measured("job.tflite", listOf(16), observer)
    }

    private fun measured(name: String, lengths: List<Int>, observer: BenchmarkObserver): Measured {
        repeat(STEPS) {
            gate.pass()
            if (observer.isCancelled()) throw StoppedException("called off")
        }
        finished++
        val rows = lengths.map { LatencyRow(it, 12.0, 8.0, 9.5) }
        val warnings = listOf("a warning")
        return Measured(name, "fake 1.0", 24.0, 48_200_000, rows, emptyList(), warnings, "/files/result.json")
    }

    private companion object {
        const val STEPS = 3
    }
}

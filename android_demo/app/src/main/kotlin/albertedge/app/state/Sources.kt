package albertedge.app.state

import albertedge.measure.BenchmarkObserver
import albertedge.measure.BenchmarkOptions
import java.nio.ByteBuffer

/*
 * What the controller needs of the phone. All is called in the background, and may throw java.io.IOException or
 * SecurityException.
 */

/** Where model files lie. */
interface ModelSource {
    /** The app's own, sorted. */
    fun bundled(): List<ModelRef.Bundled>

    /** The whole file, memory-mapped. */
    fun map(ref: ModelRef): ByteBuffer

    /** Copy what the user picked at [address] to where it can be mapped; stops when [ticket] is called off. */
    fun adopt(address: String, ticket: Ticket): ModelRef.Opened
}

/** What the phone measures. */
interface Probes {
    /** A clock that only goes on. */
    fun nanoTime(): Long

    /** Memory of the whole app; null if it can't be read. */
    fun memoryBytes(): Long?
}

/** What measures models. */
interface Measurer {
    /** Measure [ref], and write the harness's JSON to a file. */
    fun measure(ref: ModelRef, options: BenchmarkOptions, settings: RunSettings, observer: BenchmarkObserver): Measured

    /** Do the job that a host put into [folder]; throws [JobFailedException] if it came to nothing. */
    fun runJob(folder: String, observer: BenchmarkObserver): Measured
}

package albertedge.measure

import albertedge.AlbertEdgeException
import albertedge.artifact.Artifact
import albertedge.runtime.ModelRunner
import java.nio.ByteBuffer

/** How often the file is opened; medians are reported. */
internal const val OPENINGS = 5

/** Of the request that is answered before memory is read. */
internal const val RSS_TOKENS = 128

/** What a result says of its start and memory: an app has one process, where the Python harness starts fresh ones. */
internal const val ONE_PROCESS =
    "load_ms, open_ms and memory are of the app's own process, not of fresh ones: rss_above_runtime_mb is its " +
        "growth, with the interpreter's library"

/** A model that is ready, as the app opens it. */
class Opened(
    val runner: ModelRunner,
    /** What the interpreter hands operators to, `XNNPACK`, `NNAPI`, `GPU`; null: nothing. */
    val delegate: String? = null,
    /** Why what was asked for isn't used, for the result's warnings. */
    val notice: String? = null,
)

/** Opens models with so many threads; throws [AlbertEdgeException]. */
interface Opener {
    fun open(artifact: Artifact, threads: Int): Opened
}

/** What it takes to get a file ready: raw values, one an opening, in milliseconds and MB of 10^6 bytes. */
class Startup internal constructor(
    /** Interpreter and allocation, from a checked file. */
    val loadMs: List<Double>,
    /** From the mapped file to a model that is ready: hashes, structure, tokenizer, interpreter. */
    val openMs: List<Double>,
    /** Before the file was opened. */
    val bareRssMb: Double,
    /** The file opened, and one request of [rssTokens] tokens answered. */
    val rssMb: Double,
    /** The most that the process ever had; null: not told. */
    val peakRssMb: Double?,
    val rssTokens: Int,
)

/** A file that is open, and what opening it took. */
internal class OpenFile(val artifact: Artifact, val opened: Opened, val startup: Startup)

/** Opens a file again and again, each time by [opener] with so many [threads], and keeps what it took. */
internal class Openings(
    private val file: ByteBuffer,
    private val opener: Opener,
    private val threads: Int,
    private val watch: Watch,
) {
    private val loadMs = ArrayList<Double>()
    private val openMs = ArrayList<Double>()

    /**
     * The file opened for good, a request answered for [platform]'s memory, then opened some more times.
     *
     * [request] is called before anything long is done, with the file: it throws if there is none to be answered.
     */
    fun measured(platform: Platform, request: (Artifact) -> MeasuredRequest): OpenFile {
        val bare = rssOf(platform)
        lateinit var first: MeasuredRequest
        val (artifact, opened) = once { first = request(it) }
        var isDone = false
        try {
            first.run(opened.runner)
            val rss = rssOf(platform)
            val peak = platform.peakRssMb()
            repeat(OPENINGS - 1) { once().second.runner.close() }
            isDone = true
            return OpenFile(artifact, opened, Startup(loadMs, openMs, bare, rss, peak, first.tokens))
        } finally {
            if (!isDone) opened.runner.close()
        }
    }

    private fun once(check: (Artifact) -> Unit = {}): Pair<Artifact, Opened> {
        lateinit var artifact: Artifact
        lateinit var opened: Opened
        val readMs = watch.timedMs { artifact = Artifact.read(file) }
        check(artifact)
        loadMs += watch.timedMs { opened = opener.open(artifact, threads) }
        openMs += readMs + loadMs.last()
        watch.report(Stage.OPENING, 0, loadMs.size / OPENINGS.toDouble())
        return artifact to opened
    }
}

private fun rssOf(platform: Platform): Double = platform.rssMb()
    ?: throw AlbertEdgeException("the system must tell this process's memory; received nothing")

/** The middle value, or the mean of the two middle ones. */
internal fun median(values: List<Double>): Double {
    val sorted = values.sorted()
    return (sorted[(sorted.size - 1) / 2] + sorted[sorted.size / 2]) / 2
}

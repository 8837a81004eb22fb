package albertedge.measure

import albertedge.AlbertEdgeException
import albertedge.StoppedException
import albertedge.artifact.Artifact
import java.nio.ByteBuffer

/** Of several thread counts that take turns; fewer if the length itself was run fewer times. */
private const val MOST_ROUNDS = 300

/**
 * Start, memory and latency of one `.tflite` on this machine, by the method of `albert-edge bench`.
 *
 * Inside the timed region of a length is one run, batch 1: checks of the inputs, the invocation, copies of the outputs.
 * Outside are tokenizing, packing and decoding. Start and memory are the process's own; see [ONE_PROCESS].
 */
class Benchmark(
    private val opener: Opener,
    private val platform: Platform,
    private val clock: Clock = SystemClock,
    private val observer: BenchmarkObserver = NoObserver,
) {
    /**
     * Measure the artifact that is all of [file], called [name]; best mapped, and on a thread of its own.
     *
     * Throws [AlbertEdgeException]: for a file or an option that can't be used before anything is measured, and a
     * [StoppedException] soon after the observer says so. The model is closed in any case.
     */
    fun run(file: ByteBuffer, name: String, options: BenchmarkOptions = BenchmarkOptions()): BenchmarkResult {
        val watch = Watch(clock, observer)
        val machine = platform.machine()
        val open = Openings(file, opener, options.threads[0], watch).measured(platform) { artifact ->
            requests(artifact, options)
            MeasuredRequest(artifact.manifest, minOf(RSS_TOKENS, artifact.manifest.maxLength), options)
        }
        val measured = open.opened.runner.use { runner ->
            val requests = requests(open.artifact, options)
            val latencies = requests.map { request ->
                measureLatency(request.tokens, options.repeats, watch) { request.run(runner) }
            }
            val scaling = threadScaling(open.artifact, requests, latencies, options, watch)
            Measured(latencies, scaling, sustained(requests, options, watch) { it.run(runner) }, runner.runtime)
        }
        return BenchmarkResult(file, name, options, machine, open, measured, clock.epochSeconds())
    }

    private fun requests(artifact: Artifact, options: BenchmarkOptions): List<MeasuredRequest> =
        options.lengths.map { MeasuredRequest(artifact.manifest, it, options) }

    /** All thread counts in turn, so that their ratios hold on a busy machine; nothing for a single one. */
    private fun threadScaling(
        artifact: Artifact,
        requests: List<MeasuredRequest>,
        latencies: List<Latency>,
        options: BenchmarkOptions,
        watch: Watch,
    ): List<ThreadLatency> {
        if (options.threads.size < 2) return emptyList()
        val opened = ArrayList<Opened>()
        try {
            for (threads in options.threads) opened += opener.open(artifact, threads)
            return requests.zip(latencies).flatMap { (request, latency) ->
                val rounds = minOf(latency.rawMs.size, MOST_ROUNDS)
                val actions = opened.map { { request.run(it.runner) } }
                val raw = interleave(request.tokens, rounds, watch, actions)
                options.threads.zip(raw).map { (threads, values) -> ThreadLatency(threads, request.tokens, values) }
            }
        } finally {
            for (each in opened) each.runner.close()
        }
    }

    private fun sustained(
        requests: List<MeasuredRequest>,
        options: BenchmarkOptions,
        watch: Watch,
        run: (MeasuredRequest) -> Unit,
    ): Sustained? {
        val minutes = options.sustainedMinutes ?: return null
        val longest = requests.single { it.tokens == options.lengths.maxOf { tokens -> tokens } }
        return measureSustained(longest.tokens, minutes, watch, platform) { run(longest) }
    }
}

/** All that takes time, but the start. */
internal class Measured(
    val latencies: List<Latency>,
    val threadScaling: List<ThreadLatency>,
    val sustained: Sustained?,
    val runtime: String,
)

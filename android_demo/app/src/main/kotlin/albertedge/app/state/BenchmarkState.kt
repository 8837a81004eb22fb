package albertedge.app.state

import albertedge.RequestException
import albertedge.measure.BenchmarkOptions
import albertedge.measure.BenchmarkResult
import albertedge.measure.Progress

/** What a benchmark is to measure, as typed. */
data class BenchmarkForm(
    /** Empty: at least 30 of each length, and as many as a second of them takes. */
    val runs: String = "50",
    val lengths: String = "16, 64, 128",
    /** Of the longest length, behind all else; empty or 0: none. */
    val minutes: String = "0",
) {
    /** Throws [RequestException] for what is no number, or none that can be measured. */
    fun options(threads: Int, maxDepth: Int?): BenchmarkOptions {
        val sustained = if (minutes.isBlank()) 0.0 else number(minutes)
        return BenchmarkOptions(
            lengths = lengths.split(Regex("[,;\\s]+")).filter { it.isNotEmpty() }.map { whole(it) },
            threads = listOf(threads),
            runs = if (runs.isBlank()) null else whole(runs.trim()),
            maxDepth = maxDepth,
            sustainedMinutes = sustained.takeIf { it != 0.0 },
        )
    }

    private fun whole(text: String) = text.toIntOrNull()
        ?: throw RequestException("lengths and runs must be whole numbers; received '$text'")

    /** Also with a comma, as half of the world writes it. */
    private fun number(text: String) = text.trim().replace(',', '.').toDoubleOrNull()
        ?: throw RequestException("minutes must be a number; received '$text'")
}

/** The runs of one length, in milliseconds: the first of the warm-up, median and 90th percentile of the others. */
class LatencyRow(val tokens: Int, val firstMs: Double, val p50Ms: Double, val p90Ms: Double)

/** Some seconds of sustained running: when they began, and their median. */
class SustainedPoint(val seconds: Double, val medianMs: Double)

/** What the screen shows of a result. */
class Measured(
    val name: String,
    val runtime: String,
    val loadMs: Double,
    val rssBytes: Long,
    val rows: List<LatencyRow>,
    /** Empty: not asked for. */
    val sustained: List<SustainedPoint>,
    val warnings: List<String>,
    /** The file with the harness's JSON, for the user to hand on; null: a host has it. */
    val path: String?,
) {
    companion object {
        fun of(result: BenchmarkResult, path: String?) = Measured(
            name = result.name,
            runtime = result.runtime,
            loadMs = result.loadMs,
            rssBytes = (result.startup.rssMb * BYTES_PER_MB).toLong(),
            rows = result.latencies.map { LatencyRow(it.tokens, it.firstMs, it.p50Ms, it.p90Ms) },
            sustained = result.sustained?.windows.orEmpty().map { SustainedPoint(it.startS, it.p50Ms) },
            warnings = result.warnings,
            path = path,
        )

        private const val BYTES_PER_MB = 1e6
    }
}

sealed class BenchmarkState {
    object Idle : BenchmarkState()

    /** [progress] is null until the first step is done. */
    class Running(val progress: Progress?, val byHost: Boolean) : BenchmarkState()

    class Done(val measured: Measured) : BenchmarkState()

    class Failed(val problem: Problem) : BenchmarkState()
}

package albertedge.measure

import albertedge.artifact.Json
import albertedge.artifact.JsonArray
import albertedge.artifact.JsonBoolean
import albertedge.artifact.JsonNull
import albertedge.artifact.JsonNumber
import albertedge.artifact.JsonObject
import albertedge.artifact.JsonString
import albertedge.artifact.doubleText
import albertedge.artifact.sha256
import albertedge.artifact.writeJson
import java.nio.ByteBuffer
import java.text.SimpleDateFormat
import java.util.Date
import java.util.Locale
import java.util.TimeZone

/** What was measured of one file, and [toJson], the result file that `albert-edge gate` and `report` read. */
class BenchmarkResult internal constructor(
    private val file: ByteBuffer,
    val name: String,
    val options: BenchmarkOptions,
    val machine: Machine,
    private val open: OpenFile,
    private val measured: Measured,
    private val createdSeconds: Long,
) {
    val latencies: List<Latency> get() = measured.latencies
    val threadScaling: List<ThreadLatency> get() = measured.threadScaling

    /** Null: not asked for. */
    val sustained: Sustained? get() = measured.sustained
    val startup: Startup get() = open.startup

    /** Medians of [startup]'s. */
    val loadMs: Double get() = median(startup.loadMs)
    val openMs: Double get() = median(startup.openMs)
    val rssAboveRuntimeMb: Double get() = startup.rssMb - startup.bareRssMb

    /** Package and version of the interpreter. */
    val runtime: String get() = measured.runtime

    /** A line for each reason not to trust a figure. */
    val warnings: List<String> =
        listOf(ONE_PROCESS) +
            listOfNotNull(open.opened.notice) +
            latencies.flatMap { unstable(it, machine.governor) } +
            crowded(options.threads, machine.cpuCores) +
            throttled(sustained)

    /** The keys of `albert_edge.harness.results` in their order; what an app doesn't measure is null. */
    fun toJson(): String = writeJson(json(values())) + "\n"

    private fun values(): Map<String, Any?> = facts() + mapOf(
        "load_ms" to loadMs,
        "open_ms" to openMs,
        "rss_mb" to startup.rssMb,
        "peak_rss_mb" to startup.peakRssMb,
        "rss_above_runtime_mb" to rssAboveRuntimeMb,
        "peak_above_runtime_mb" to startup.peakRssMb?.let { it - startup.bareRssMb },
        "rss_tokens" to startup.rssTokens,
        "weights" to null,
        "lengths" to latencies.map { lengthValues(it) },
        "thread_scaling" to threadScaling.map { threadValues(it) },
        "mix" to null,
        "sustained" to sustained?.let { sustainedValues(it) },
        "accuracy" to null,
        "agreement" to null,
        "cost" to null,
        "reference_workload" to null,
        "warnings" to warnings,
        "environment" to environment(),
        "raw" to rawValues(startup),
    )

    /** The file, and how it was run. */
    private fun facts(): Map<String, Any?> {
        val manifest = open.artifact.manifest
        return mapOf(
            "schema_version" to SCHEMA_VERSION,
            "kind" to "bench",
            "created" to utcText(createdSeconds),
            "file" to name,
            "file_bytes" to file.limit(),
            "sha256" to sha256(file),
            "model_bytes" to open.artifact.model.limit(),
            "task" to manifest.heads[0].task.key,
            "tasks" to manifest.heads.map { it.task.key },
            "scheme" to manifest.scheme,
            "layout" to if (manifest.isLooped) "looped" else "unrolled",
            "preset" to if (options.isMlperf) "mlperf" else null,
            "runtime" to runtime,
            "threads" to options.threads[0],
            "max_depth" to options.maxDepth,
            "exit_threshold" to thresholdOf(manifest, options),
            "device" to null,
        )
    }

    private fun environment() = mapOf(
        "cpu_model" to machine.cpuModel,
        "cpu_cores" to machine.cpuCores,
        "architecture" to machine.architecture,
        "board" to machine.board,
        "governor" to machine.governor,
        "kernel" to machine.kernel,
        "os" to machine.os,
        "runtime" to runtime,
        "delegate" to open.opened.delegate,
        "threads" to options.threads[0],
        "model_sha256" to open.artifact.manifest.modelSha256,
        "python" to null,
        "project_version" to machine.projectVersion,
    )

    private companion object {
        const val SCHEMA_VERSION = 2
    }
}

private fun rawValues(startup: Startup) = mapOf(
    "load_ms" to startup.loadMs,
    "open_ms" to startup.openMs,
    "rss_mb" to listOf(startup.rssMb),
    "peak_rss_mb" to listOfNotNull(startup.peakRssMb),
    "bare_rss_mb" to listOf(startup.bareRssMb),
)

private fun lengthValues(latency: Latency) = mapOf(
    "tokens" to latency.tokens,
    "p50_ms" to latency.p50Ms,
    "p90_ms" to latency.p90Ms,
    "p99_ms" to latency.p99Ms,
    "min_ms" to latency.minMs,
    "runs" to latency.rawMs.size,
    "first_ms" to latency.firstMs,
    "raw_ms" to latency.rawMs,
    "warmup_ms" to latency.warmupMs,
)

private fun threadValues(latency: ThreadLatency) = mapOf(
    "threads" to latency.threads,
    "tokens" to latency.tokens,
    "p50_ms" to latency.p50Ms,
    "p90_ms" to latency.p90Ms,
    "p99_ms" to latency.p99Ms,
    "min_ms" to latency.minMs,
    "runs" to latency.rawMs.size,
    "raw_ms" to latency.rawMs,
)

private fun sustainedValues(sustained: Sustained) = mapOf(
    "seconds" to sustained.seconds,
    "tokens" to sustained.tokens,
    "windows" to sustained.windows.map {
        mapOf(
            "start_s" to it.startS,
            "queries" to it.queries,
            "p50_ms" to it.p50Ms,
            "queries_per_s" to it.queriesPerS,
            "temperature_c" to it.temperatureC,
            "clock_mhz" to it.clockMhz,
        )
    },
)

/** ISO 8601, as `2026-11-24T18:00:00Z`. */
private fun utcText(epochSeconds: Long): String {
    val format = SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss'Z'", Locale.ROOT)
    format.timeZone = TimeZone.getTimeZone("UTC")
    return format.format(Date(1000 * epochSeconds))
}

/** Numbers must be finite: JSON has no others. */
internal fun json(value: Any?): Json = when (value) {
    null -> JsonNull
    is Boolean -> JsonBoolean(value)
    is Int, is Long -> JsonNumber(value.toString())
    is Double -> {
        check(!value.isNaN() && !value.isInfinite()) { "a result's numbers must be finite; received $value" }
        JsonNumber(doubleText(value))
    }
    is String -> JsonString(value)
    is List<*> -> JsonArray(value.map { json(it) })
    is Map<*, *> -> JsonObject(value.entries.associateTo(LinkedHashMap()) { it.key as String to json(it.value) })
    else -> error("a result must hold JSON; received a ${value.javaClass.name}")
}

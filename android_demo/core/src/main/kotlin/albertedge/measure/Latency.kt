package albertedge.measure

import java.math.BigDecimal
import java.math.RoundingMode

/** Without a given number of runs: the 90 % quantile then has three values above it. */
internal const val MINIMUM_RUNS = 30

internal const val WARMUP = 3

/** p90 / p50 above which a warning is given. */
private const val UNSTABLE_RATIO = 1.13

/** How often a length is run: [runs] times, or at least [minimum] and as long as [seconds]. */
internal class Repeats(val runs: Int?, val minimum: Int, val seconds: Double)

/** What the clock said at one length, in milliseconds, in the order of the runs. */
class Latency internal constructor(
    val tokens: Int,
    /** Runs before the measurement; the first fits the graph to the length. */
    val warmupMs: List<Double>,
    val rawMs: List<Double>,
) {
    val firstMs: Double get() = warmupMs[0]
    val p50Ms: Double get() = quantile(rawMs, 0.5)
    val p90Ms: Double get() = quantile(rawMs, 0.9)
    val p99Ms: Double get() = quantile(rawMs, 0.99)
    val minMs: Double get() = rawMs.minOf { it }
}

/** What several numbers of threads took that took turns at one length, in milliseconds. */
class ThreadLatency internal constructor(val threads: Int, val tokens: Int, val rawMs: List<Double>) {
    val p50Ms: Double get() = quantile(rawMs, 0.5)
    val p90Ms: Double get() = quantile(rawMs, 0.9)
    val p99Ms: Double get() = quantile(rawMs, 0.99)
    val minMs: Double get() = rawMs.minOf { it }
}

/**
 * The nearest-rank quantile: the least of the [values] that at least [fraction] of them don't exceed.
 *
 * Always one that was measured, never between two; of fewer than 100 values the 99 % quantile is their maximum.
 */
fun quantile(values: List<Double>, fraction: Double): Double {
    require(values.isNotEmpty() && fraction > 0 && fraction <= 1) {
        "a quantile needs values and a fraction in (0, 1]; received ${values.size} and $fraction"
    }
    // Rounded first: 0.55 of 100 is 55.00000000000001 in floating point, and rank 55.
    val rank = BigDecimal(fraction * values.size).setScale(9, RoundingMode.HALF_EVEN).toDouble()
    return values.sorted()[Math.ceil(rank).toInt() - 1]
}

/** Run [action], a request of so many [tokens], again and again. */
internal fun measureLatency(tokens: Int, repeats: Repeats, watch: Watch, action: () -> Unit): Latency {
    val warmup = List(WARMUP) { watch.timedMs(action) }
    val raw = ArrayList<Double>()
    val wanted = repeats.runs ?: repeats.minimum
    val wantedMs = if (repeats.runs == null) 1000 * repeats.seconds else 0.0
    var spentMs = 0.0
    while (raw.size < wanted || spentMs < wantedMs) {
        val ms = watch.timedMs(action)
        raw.add(ms)
        spentMs += ms
        val share = raw.size.toDouble() / wanted
        watch.report(Stage.LATENCY, tokens, if (wantedMs > 0) minOf(share, spentMs / wantedMs) else share)
    }
    return Latency(tokens, warmup, raw)
}

/** Run [actions] in turn, A B A B, so that what slows the machine for a while slows all; a list of times for each. */
internal fun interleave(tokens: Int, rounds: Int, watch: Watch, actions: List<() -> Unit>): List<List<Double>> {
    val raw = actions.map { ArrayList<Double>() }
    for (round in 0 until WARMUP + rounds) {
        for ((index, action) in actions.withIndex()) {
            val ms = watch.timedMs(action)
            if (round >= WARMUP) raw[index].add(ms)
        }
        watch.report(Stage.THREADS, tokens, (round + 1.0) / (WARMUP + rounds))
    }
    return raw
}

/** One line for each reason not to trust [latency], with what to do. */
internal fun unstable(latency: Latency, governor: String?): List<String> {
    val lines = ArrayList<String>()
    val middle = latency.p50Ms
    val high = latency.p90Ms
    if (middle > 0 && high > UNSTABLE_RATIO * middle) {
        val isSettled = governor == null || governor == "performance"
        val settled = if (isSettled) "" else ", set the CPU governor (now $governor) to performance"
        lines += "${latency.tokens} tokens: the result may be unstable, p90 is " +
            "${fixed(100 * (high / middle - 1), 0)}% above p50; stop other programs$settled, " +
            "or measure longer with --seconds"
    }
    if (latency.rawMs.size < MINIMUM_RUNS) {
        lines += "${latency.tokens} tokens: ${latency.rawMs.size} runs are too few for p90 and p99; " +
            "measure at least $MINIMUM_RUNS with --runs"
    }
    return lines
}

/** A line if one of the numbers of [threads] is above the [cores] of the machine; else none. */
internal fun crowded(threads: List<Int>, cores: Int?): List<String> {
    val most = threads.maxOf { it }
    if (cores == null || most <= cores) return emptyList()
    return listOf("threads: $most share $cores core${if (cores > 1) "s" else ""}, where they wait for each other")
}

/** [value] with so many [digits] behind the point, as Python's format does it. */
internal fun fixed(value: Double, digits: Int): String =
    BigDecimal(value).setScale(digits, RoundingMode.HALF_EVEN).toPlainString()

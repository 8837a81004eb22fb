package albertedge.measure

private const val WINDOW_S = 10.0

/** A measurement shorter than a minute has shorter windows. */
private const val FEWEST_WINDOWS = 6

/** Below this share of the first window's throughput the last one's gets a warning. */
private const val THROTTLED_RATIO = 0.9

/** Throughput over minutes, since a phone slows down when it is warm. */
class Sustained internal constructor(
    /** The whole time. */
    val seconds: Double,
    val tokens: Int,
    val windows: List<Window>,
) {
    /** Some seconds of runs, and how warm and how fast the processor was at their end. */
    class Window internal constructor(
        /** Seconds from the beginning to the window's. */
        val startS: Double,
        val queries: Int,
        val p50Ms: Double,
        val queriesPerS: Double,
        val temperatureC: Double?,
        val clockMhz: Double?,
    )
}

/** Run [action], a request of so many [tokens], for [minutes]. */
internal fun measureSustained(
    tokens: Int,
    minutes: Double,
    watch: Watch,
    platform: Platform,
    action: () -> Unit,
): Sustained {
    action()
    val windowS = minOf(WINDOW_S, 60 * minutes / FEWEST_WINDOWS)
    val windows = ArrayList<Sustained.Window>()
    val start = watch.nanos()
    var now = start
    while (seconds(start, now) < 60 * minutes) {
        windows += window(start, now, windowS, watch, platform, action)
        watch.report(Stage.SUSTAINED, tokens, seconds(start, watch.nanos()) / (60 * minutes))
        // What reading the temperature and reporting took belongs to no window.
        now = watch.nanos()
    }
    return Sustained(seconds(start, now), tokens, windows)
}

/** Runs from [windowStart] on until [windowS] are over, at least once. */
private fun window(
    start: Long,
    windowStart: Long,
    windowS: Double,
    watch: Watch,
    platform: Platform,
    action: () -> Unit,
): Sustained.Window {
    val values = ArrayList<Double>()
    var now = windowStart
    while (values.isEmpty() || seconds(windowStart, now) < windowS) {
        watch.checkCancelled()
        action()
        val end = watch.nanos()
        values.add(1000 * seconds(now, end))
        now = end
    }
    val queriesPerS = values.size / seconds(windowStart, now)
    val startS = seconds(start, windowStart)
    val middle = quantile(values, 0.5)
    return Sustained.Window(startS, values.size, middle, queriesPerS, platform.temperatureC(), platform.clockMhz())
}

private fun seconds(startNanos: Long, endNanos: Long): Double = (endNanos - startNanos) / 1e9

/** A line if the last window is slower than the first by more than [THROTTLED_RATIO] allows; else none. */
internal fun throttled(sustained: Sustained?): List<String> {
    val windows = sustained?.windows ?: return emptyList()
    val first = windows.first().queriesPerS
    val last = windows.last().queriesPerS
    if (last >= THROTTLED_RATIO * first) return emptyList()
    return listOf(
        "sustained: throughput fell from ${fixed(first, 1)} to ${fixed(last, 1)} queries a second in " +
            "${fixed(sustained.seconds, 0)} s; the device throttles, or other programs run",
    )
}

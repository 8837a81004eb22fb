package albertedge.measure

import albertedge.RequestException
import albertedge.shown

/** What is measured, and how long; throws [RequestException] for what can't be. */
class BenchmarkOptions(
    /** Tokens of a request, special pieces included; each is measured by itself. */
    val lengths: List<Int> = listOf(16, 64, 128),
    /** Of the interpreter; of several the first is the one that all else is measured with. */
    val threads: List<Int> = listOf(1),
    /** Timed runs at each length; null: at least 30, and as many as [seconds] of them take. */
    val runs: Int? = null,
    val seconds: Double = 1.0,
    /** MLPerf Mobile's single stream at each length: at least 1,024 runs and 60 seconds. */
    val isMlperf: Boolean = false,
    /** Layers to apply, looped layout only; null: all. */
    val maxDepth: Int? = null,
    /** Of a file with an exit the confidence to stop at; null: never, for random ids don't tell when texts stop it. */
    val exitThreshold: Double? = null,
    /** Minutes to run the longest length for; null: not at all. */
    val sustainedMinutes: Double? = null,
) {
    init {
        for ((name, values) in mapOf("lengths" to lengths, "threads" to threads)) {
            demand(values.isNotEmpty(), "$name must hold at least one ${name.trimEnd('s')}", "none")
            demand(values.toSet().size == values.size, "$name must differ from each other", values.joinToString())
            val wrong = values.firstOrNull { it < 1 }
            demand(wrong == null, "$name must be at least 1", wrong)
        }
        demand((runs ?: 1) > 0, "runs must be above 0 and finite", runs)
        demand((maxDepth ?: 1) > 0, "max_depth must be at least 1", maxDepth)
        demandAmount("seconds", seconds)
        demandAmount("sustained_minutes", sustainedMinutes)
        demandAmount("exit_threshold", exitThreshold)
        demand(!isMlperf || runs == null, "runs may not be given with a preset, which says how many", runs)
    }

    internal val repeats: Repeats
        get() = if (isMlperf) Repeats(null, MLPERF_QUERIES, MLPERF_SECONDS) else Repeats(runs, MINIMUM_RUNS, seconds)

    private companion object {
        const val MLPERF_QUERIES = 1024
        const val MLPERF_SECONDS = 60.0

        fun demandAmount(name: String, value: Double?) =
            demand(value == null || (value > 0 && !value.isInfinite()), "$name must be above 0 and finite", value)

        fun demand(condition: Boolean, rule: String, received: Any?) {
            if (!condition) throw RequestException("$rule; received $received")
        }
    }
}

/** What the host asks an app for: the file at [path], measured with [options]. */
class BenchmarkCommand(val path: String, val options: BenchmarkOptions) {
    companion object {
        private const val NAMES =
            "--lengths, --threads, --runs, --seconds, --preset, --max-depth, --exit-threshold, --sustained"

        /**
         * `bench FILE --lengths=16,64 ... --json`, as `albert-edge bench --device` writes it.
         *
         * Throws [RequestException] for another command, and for an option that an app has not.
         */
        fun parse(arguments: List<String>): BenchmarkCommand {
            val (options, words) = arguments.partition { it.startsWith("--") }
            if (words.size != 2 || words[0] != "bench") {
                val received = shown(words.joinToString(" "))
                throw RequestException("the app must be asked for `bench FILE`; received $received")
            }
            val values = LinkedHashMap<String, String>()
            for (option in options) if (option != "--json") values[option.substringBefore('=')] = option
            return BenchmarkCommand(words[1], optionsOf(values))
        }

        private fun optionsOf(given: MutableMap<String, String>): BenchmarkOptions {
            val options = BenchmarkOptions(
                lengths = given.taken("--lengths") { wholes(it) } ?: listOf(16, 64, 128),
                threads = given.taken("--threads") { wholes(it) } ?: listOf(1),
                runs = given.taken("--runs") { it.toIntOrNull() },
                seconds = given.taken("--seconds") { decimal(it) } ?: 1.0,
                isMlperf = given.taken("--preset") { if (it == "mlperf") true else null } ?: false,
                maxDepth = given.taken("--max-depth") { it.toIntOrNull() },
                exitThreshold = given.taken("--exit-threshold") { decimal(it) },
                sustainedMinutes = given.taken("--sustained") { decimal(it) },
            )
            val unknown = given.values.firstOrNull() ?: return options
            throw RequestException("the app's options must be among $NAMES; received ${shown(unknown)}")
        }

        /** The value of the option [name], which is then done with; null: not given. */
        private fun <T> MutableMap<String, String>.taken(name: String, read: (String) -> T?): T? {
            val option = remove(name) ?: return null
            return read(option.substringAfter('=', ""))
                ?: throw RequestException("$name must have a value of its kind; received ${shown(option)}")
        }

        private fun wholes(text: String): List<Int>? {
            val numbers = text.split(",").map { it.trim().toIntOrNull() }
            return if (null in numbers) null else numbers.filterNotNull()
        }

        /** What Python writes for a number; Kotlin's own reading takes `1f` and `0x1p3` too. */
        private fun decimal(text: String): Double? =
            text.takeIf { Regex("-?[0-9]+(\\.[0-9]+)?(e[-+]?[0-9]+)?").matches(it) }?.toDouble()
    }
}

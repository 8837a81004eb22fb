package albertedge.measure

import albertedge.RequestException
import albertedge.artifact.Manifest
import albertedge.runtime.ModelRunner
import albertedge.runtime.RunOptions
import albertedge.runtime.runPacked
import albertedge.text.Packed

/** A threshold that no confidence reaches. */
internal const val NEVER = 2.0

/**
 * A request of [tokens] tokens for the model of [manifest]: random ids, the same ones as the Python harness's.
 *
 * A file of a fixed length gets them padded, one that fills masks one position, the middle. Throws [RequestException]
 * if the file doesn't take that many tokens, or an option that is given.
 */
internal class MeasuredRequest(private val manifest: Manifest, val tokens: Int, options: BenchmarkOptions) {
    private val packed: Packed
    private val runOptions: RunOptions

    init {
        val shortest = if (manifest.isLooped) manifest.minLength else 1
        if (tokens !in shortest..manifest.maxLength) {
            throw RequestException(
                "a length to measure must be from $shortest to the file's ${manifest.maxLength}; received $tokens",
            )
        }
        if (options.maxDepth != null && !manifest.isLooped) {
            throw RequestException(
                "max_depth needs a file in the looped layout; received ${options.maxDepth} for an unrolled one",
            )
        }
        if (options.exitThreshold != null && manifest.exit == null) {
            throw RequestException(
                "exit_threshold needs a file with an exit; received ${options.exitThreshold} for one without",
            )
        }
        val size = if (manifest.isLooped) tokens else manifest.maxLength
        val ids = randomIds(tokens, size, manifest.config.vocabSize - 1).copyOf(tokens)
        packed = Packed(ids, IntArray(tokens), if (manifest.takesMasks) intArrayOf(tokens / 2) else null)
        runOptions = RunOptions(options.maxDepth, thresholdOf(manifest, options))
    }

    /** Once through [runner]: checks of the inputs, the invocation, copies of the outputs. */
    fun run(runner: ModelRunner) {
        runPacked(runner, manifest, packed, runOptions)
    }
}

/** What a measured run stops at; null for a file without an exit. */
internal fun thresholdOf(manifest: Manifest, options: BenchmarkOptions): Double? =
    if (manifest.exit == null) null else options.exitThreshold ?: NEVER

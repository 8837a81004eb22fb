package albertedge.measure

import albertedge.AlbertEdgeException
import albertedge.RequestException
import albertedge.StoppedException
import albertedge.artifact.JsonArray
import albertedge.artifact.JsonObject
import albertedge.artifact.JsonString
import albertedge.artifact.checkedObject
import albertedge.artifact.parseJson
import albertedge.artifact.strings
import albertedge.artifact.writeJson
import albertedge.mapped
import albertedge.shown
import albertedge.writeWhole
import java.io.File
import java.io.IOException
import java.io.PrintWriter
import java.io.StringWriter

/** How a job ended. */
class JobEnd internal constructor(
    /** As the command line's: 0, 1 for a defect, 2 for bad use or input, 130 if it was cancelled. */
    val code: Int,
    /** One line for a user; null after a success. */
    val message: String?,
    /** Null without one. */
    val result: BenchmarkResult?,
    internal val stderr: String = "albert-edge: error: $message\n",
)

/**
 * One run that a host asked for over adb: `job.json` in [folder] says what, the answer is written beside it.
 *
 * `stdout` gets the result's JSON, `stderr` warnings or what went wrong, and last of all `ended.json` the code: 0, 1
 * for a defect, 2 for bad use or input, 130 if it was cancelled. Each of them appears whole or not at all. Only files
 * within [folder] are read, and [folder] must lie within [root]: any app can start an activity, and name another app's
 * files.
 */
class Job(private val folder: File, private val root: File) {
    /** Runs it and writes its end, whatever happens; only a folder that isn't the job's to write to stays as it is. */
    fun run(benchmark: Benchmark): JobEnd {
        try {
            checkFolder()
        } catch (error: AlbertEdgeException) {
            return JobEnd(USAGE, error.message, null)
        }
        val end = ended { measured(benchmark) }
        return try {
            write(end)
            end
        } catch (error: IOException) {
            // A full disk: there may still be room for the few bytes that end the host's waiting.
            val message = "the answer must be written to ${folder.path}; received ${error.message}"
            runCatching { writeWhole(File(folder, ENDED), endedText(DEFECT)) }
            JobEnd(DEFECT, message, end.result)
        }
    }

    private fun checkFolder() {
        val isWithin = folder.isDirectory && contains(root, folder)
        if (!isWithin) {
            throw RequestException("a job's folder must be within ${root.path}; received ${shown(folder.path)}")
        }
        if (File(folder, ENDED).exists()) {
            throw RequestException("a job must be new; received one that ended, ${shown(folder.path)}")
        }
    }

    private fun measured(benchmark: Benchmark): BenchmarkResult {
        val job = checkedObject(parseJson(jobBytes(), JOB), listOf("arguments", "files"), JOB)
        val arguments = (job["arguments"] as? JsonArray)?.let { strings(it, "arguments") }
            ?: throw RequestException("arguments in $JOB must be a list; received another value")
        val files = filesOf(job)
        val command = BenchmarkCommand.parse(arguments)
        val path = files.firstOrNull { it == command.path }
            ?: throw RequestException("the file to measure must be among the job's; received ${shown(command.path)}")
        val file = File(path)
        return benchmark.run(mapped(file), file.name, command.options)
    }

    private fun jobBytes(): ByteArray {
        val file = File(folder, JOB)
        if (file.length() > MOST_JOB_BYTES) {
            throw RequestException("$JOB must have at most $MOST_JOB_BYTES bytes; received ${file.length()}")
        }
        return file.readBytes()
    }

    private fun filesOf(job: JsonObject): List<String> {
        val files = job["files"] as? JsonObject
            ?: throw RequestException("files in $JOB must be an object; received another value")
        return files.keys.map { name ->
            val path = (files[name] as? JsonString)?.value
            if (path == null || !contains(folder, File(path))) {
                throw RequestException("a job's files must be within its folder; received ${shown(path)}")
            }
            path
        }
    }

    private fun write(end: JobEnd) {
        if (end.result != null) writeWhole(File(folder, "stdout"), end.result.toJson())
        writeWhole(File(folder, "stderr"), end.stderr)
        writeWhole(File(folder, ENDED), endedText(end.code))
    }

    private companion object {
        const val JOB = "job.json"
        const val ENDED = "ended.json"
        const val DEFECT = 1
        const val USAGE = 2
        const val CANCELLED = 130
        const val MOST_JOB_BYTES = 1_000_000L

        fun endedText(code: Int): String = writeJson(json(mapOf("code" to code))) + "\n"

        /** Whether [file] lies below [parent], links and `..` followed. */
        fun contains(parent: File, file: File): Boolean =
            file.canonicalFile.path.startsWith(parent.canonicalFile.path + File.separator)

        @Suppress("TooGenericExceptionCaught") // A missing library or memory that ran out is an Error; the host waits.
        fun ended(action: () -> BenchmarkResult): JobEnd = try {
            val result = action()
            JobEnd(0, null, result, result.warnings.joinToString("") { "albert-edge: warning: $it\n" })
        } catch (error: StoppedException) {
            JobEnd(CANCELLED, error.message, null)
        } catch (error: AlbertEdgeException) {
            JobEnd(USAGE, error.message, null)
        } catch (error: IOException) {
            JobEnd(USAGE, "a file must be readable; received ${shown(error.message)}", null)
        } catch (error: Throwable) {
            val trace = StringWriter().also { error.printStackTrace(PrintWriter(it, true)) }.toString()
            JobEnd(DEFECT, "a defect: ${shown(error.toString())}", null, trace)
        }
    }
}

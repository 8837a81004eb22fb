package albertedge.desktop

import albertedge.AlbertEdgeException
import albertedge.artifact.Artifact
import albertedge.mapped
import albertedge.runtime.ModelRunner
import albertedge.tasks.Predictor
import com.google.gson.GsonBuilder
import com.google.gson.JsonObject
import com.google.gson.JsonParseException
import com.google.gson.JsonParser
import java.io.File
import java.io.IOException
import kotlin.system.exitProcess

private const val USAGE = "usage: albertedge.desktop FILE.tflite REQUESTS.json ANSWERS.json [THREADS]"

/**
 * The command line: answers the list of requests in one file into another, a list as long.
 *
 * Exit code 2 and one line on standard error if a file, or a request, can't be used.
 */
fun main(arguments: Array<String>) {
    if (arguments.size !in 3..4) failed(USAGE)
    val threads = arguments.getOrElse(3) { "1" }.toIntOrNull() ?: failed(USAGE)
    answerFile(arguments) { DesktopModelRunner(it, threads) }
}

/** As [main] does, on what [runner] makes of the artifact. */
fun answerFile(arguments: Array<String>, runner: (Artifact) -> ModelRunner) {
    try {
        val artifact = Artifact.read(mapped(File(arguments[0])))
        val requests = JsonParser.parseString(File(arguments[1]).readText()).asJsonArray
        Predictor(artifact, runner(artifact)).use { predictor ->
            val answers = Answers(artifact, predictor)
            val task = predictor.tasks[0].key
            val all = requests.map { answers.answer(task, it as JsonObject) }
            File(arguments[2]).writeText(GsonBuilder().serializeNulls().create().toJson(all) + "\n")
        }
    } catch (error: AlbertEdgeException) {
        failed(error.message.orEmpty())
    } catch (error: IOException) {
        failed("a file must be there to be read, or written; received ${error.message}")
    } catch (error: JsonParseException) {
        failed("${arguments[1]} must hold a list in JSON; received ${error.message}")
    }
}

private fun failed(message: String): Nothing {
    System.err.println(message)
    exitProcess(2)
}

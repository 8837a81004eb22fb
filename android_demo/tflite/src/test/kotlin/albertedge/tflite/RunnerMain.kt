package albertedge.tflite

import albertedge.AlbertEdgeException
import albertedge.artifact.Artifact
import albertedge.desktop.answerFile
import albertedge.mapped
import albertedge.tasks.Predictor
import albertedge.tasks.TextRequest
import org.tensorflow.lite.Delegate
import java.io.File
import java.nio.ByteBuffer

/**
 * What the Python tests run, with Android's library on the path.
 *
 *     answer FILE REQUESTS ANSWERS XNNPACK ACCELERATOR    as the desktop's command line; the notice on standard output
 *     lifecycle FILE                                      what a closed runner and bytes on the heap do, a line each
 *     no-accelerator FILE                                 the notice and the label where making a delegate fails
 */
fun main(arguments: Array<String>) {
    val command = arguments[0]
    val rest = arguments.drop(1)
    when (command) {
        "answer" -> answerFile(rest.take(3).toTypedArray()) { artifact ->
            val options = TfliteOptions(2, rest[3].toBoolean(), Accelerator.valueOf(rest[4]))
            TfliteModelRunner(artifact, options).also { println("${it.runtime}\n${it.notice}") }
        }
        "lifecycle" -> lifecycle(rest[0])
        "no-accelerator" -> {
            val options = TfliteOptions(accelerator = Accelerator.GPU, delegates = NoDelegates)
            println(label(rest[0], options))
        }
        else -> error("unknown: $command")
    }
}

private object NoDelegates : Delegates {
    override fun make(accelerator: Accelerator): Delegate = throw IllegalStateException("no\ndriver")
}

private fun label(path: String, options: TfliteOptions): String {
    val artifact = Artifact.read(mapped(File(path)))
    val runner = TfliteModelRunner(artifact, options)
    return Predictor(artifact, runner).use { "${it.classify(TextRequest(TEXT)).labels[0]}\n${runner.notice}" }
}

private fun lifecycle(path: String) {
    val mapped = mapped(File(path))
    val bytes = ByteArray(mapped.remaining()).also { mapped.get(it) }
    val artifact = Artifact.read(ByteBuffer.wrap(bytes))
    val runner = TfliteModelRunner(artifact)
    val predictor = Predictor(artifact, runner)
    println(predictor.classify(TextRequest(TEXT)).labels[0])
    runner.close()
    runner.close()
    println(refusal { predictor.classify(TextRequest(TEXT)) })
    println(refusal { runner.run(emptyMap()) })
    TfliteModelRunner(artifact).use { open -> println(refusal { open.run(emptyMap()) }) }
}

private inline fun refusal(action: () -> Unit): String = try {
    action()
    "nothing"
} catch (error: AlbertEdgeException) {
    "${error.javaClass.simpleName}: ${error.message}"
}

private const val TEXT = "The striker scored twice in the second half"

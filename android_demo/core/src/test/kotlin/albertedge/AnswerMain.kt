package albertedge

import albertedge.artifact.JsonArray
import albertedge.artifact.JsonObject
import albertedge.artifact.JsonString
import albertedge.artifact.parseJson
import albertedge.measure.printRequest
import albertedge.measure.runJob
import albertedge.text.Tokenizer
import albertedge.text.codePoints
import albertedge.text.wordsOf
import java.io.File

/**
 * What the Python tests and the benchmark run.
 *
 *     tokenize KIND VOCABULARY OPTIONS TEXTS ANSWERS    a line a text: ids, starts, ends and the edges of words, by "|"
 *     time KIND VOCABULARY OPTIONS TEXTS                for each line that comes in, the seconds of a round over all texts
 *     request HIGHEST TOKENS TOKENS ...                 a line each: the ids that a request of so many tokens has
 *     job FOLDER ROOT                                   the job in FOLDER, with models that answer without weights
 *
 * OPTIONS is a JSON object, TEXTS a file with a JSON list of strings.
 */
fun main(arguments: Array<String>) {
    when (arguments[0]) {
        "request" -> for (tokens in arguments.drop(2)) printRequest(arguments[1].toInt(), tokens.toInt())
        "job" -> println(runJob(File(arguments[1]), File(arguments[2])))
        else -> tokenizing(arguments)
    }
}

private fun tokenizing(arguments: Array<String>) {
    val (command, kind, vocabulary, options, texts) = arguments
    val values = parseJson(options.toByteArray(), "options") as JsonObject
    val tokenizer = Fixtures.tokenizer(kind, File(vocabulary).readBytes(), values)
    val all = (parseJson(File(texts).readBytes(), texts) as JsonArray).items.map { (it as JsonString).value }
    when (command) {
        "tokenize" -> File(arguments[5]).writeText(all.joinToString("\n") { answer(tokenizer, it) })
        "time" -> while (readLine() != null) println(secondsFor(tokenizer, all))
        else -> error("the command must be tokenize, time, request or job; received $command")
    }
}

private fun answer(tokenizer: Tokenizer, text: String): String {
    val encoding = tokenizer.encode(text)
    val edges = wordsOf(codePoints(text)).flatMap { listOf(it.start, it.end) }
    return listOf(encoding.ids.toList(), encoding.starts.toList(), encoding.ends.toList(), edges)
        .joinToString("|") { it.joinToString(" ") }
}

private fun secondsFor(tokenizer: Tokenizer, texts: List<String>): Double {
    val start = System.nanoTime()
    var pieces = 0
    for (text in texts) pieces += tokenizer.encode(text).size
    val seconds = (System.nanoTime() - start) / 1e9
    check(pieces > 0) { "texts must have pieces" }
    return seconds
}

package albertedge

import albertedge.artifact.JsonArray
import albertedge.artifact.JsonNumber
import albertedge.artifact.JsonObject
import albertedge.artifact.JsonString
import albertedge.text.SentencePieceTokenizer
import albertedge.text.Utf16Offsets
import albertedge.text.codePoints
import albertedge.text.wordsOf
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test

class TokenizerTest {
    private val fixture = Fixtures.load("tokens")
    private val texts = fixture.list("texts").map { (it as JsonString).value }

    @Test
    fun `ids and offsets are Python's on every golden text`() {
        var compared = 0
        for (run in fixture.list("runs").map { it as JsonObject }) {
            val kind = run.text("kind")
            val vocabulary = if (kind == "wordpiece") Fixtures.golden("wordpiece/vocab.txt") else Fixtures.spm30k
            val tokenizer = Fixtures.tokenizer(kind, vocabulary, run.at("options"))
            for ((text, row) in texts.zip(run.list("rows"))) {
                val (ids, edges) = (row as JsonArray).items.map { ints(it) }
                val found = tokenizer.encode(text)
                assertEquals(ids, found.ids.toList()) { "${run.at("options")} $text" }
                assertEquals(edges, (0 until found.size).flatMap { listOf(found.starts[it], found.ends[it]) }) { text }
                compared++
            }
        }
        assertEquals(8 * texts.size, compared)
    }

    @Test
    fun `ids are those of the golden file`() {
        val tokenizer = SentencePieceTokenizer(Fixtures.spm30k)
        val golden = albertedge.artifact.parseJson(Fixtures.golden("tokenizer.json"), "golden") as JsonObject
        val rows = golden.list("rows").map { it as JsonObject }
        assertEquals(847, rows.size)
        for (row in rows) {
            val ids = row.list("ids").map { (it as JsonNumber).long!!.toInt() }
            assertEquals(ids, tokenizer.encode(row.text("text")).ids.toList()) { row.text("text") }
        }
    }

    @Test
    fun `words are Python's on every golden text`() {
        for ((text, edges) in texts.zip(fixture.list("words"))) {
            assertEquals(ints(edges), wordsOf(codePoints(text)).flatMap { listOf(it.start, it.end) }) { text }
        }
    }

    @Test
    fun `a mask is a piece only where it is asked for`() {
        val tokenizer = SentencePieceTokenizer(Fixtures.spm30k)
        val found = tokenizer.encodeMasked("the [MASK] of [MASK]")
        assertEquals(2, found.ids.count { it == tokenizer.maskId })
        assertEquals(4, found.starts[found.ids.indexOf(tokenizer.maskId!!)])
        assertEquals(0, tokenizer.encode("the [MASK]").ids.count { it == tokenizer.maskId })
    }

    @Test
    fun `lone surrogates are refused`() {
        val tokenizer = SentencePieceTokenizer(Fixtures.spm30k)
        for (text in listOf("\uD800", "a\uDC00b", "\uD800a", "\uDC00\uD800")) {
            assertThrows(RequestException::class.java) { tokenizer.encode(text) }
        }
    }

    @Test
    fun `offsets in UTF-16 units count two for an emoji`() {
        val text = "a👍b"
        val offsets = Utf16Offsets(text)
        assertEquals(listOf(0, 1, 3, 4), (0..3).map { offsets[it] })
        assertEquals("👍", text.substring(offsets[1], offsets[2]))
        assertThrows(RequestException::class.java) { offsets[4] }
    }

    @Test
    fun `long words take no time that grows with their square`() {
        val tokenizer = SentencePieceTokenizer(Fixtures.spm30k)
        for (word in listOf("a", "中", "\uE000", "9,", "a+", "www.!", "x@", "''")) {
            val text = word.repeat(100_000)
            tokenizer.encode(text)
            wordsOf(codePoints(text))
        }
    }
}

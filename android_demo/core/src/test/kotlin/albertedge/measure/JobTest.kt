package albertedge.measure

import albertedge.Fixtures
import albertedge.artifact.Artifact
import albertedge.artifact.JsonObject
import albertedge.artifact.parseJson
import albertedge.artifact.writeJson
import albertedge.int
import albertedge.text
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.nio.file.Files

class JobTest {
    @TempDir
    lateinit var root: File
    private val folder get() = File(root, "run")
    private val model get() = File(folder, "path-news.tflite")

    @BeforeEach
    fun push() {
        folder.mkdirs()
        model.writeBytes(Fixtures.artifact("looped_float32"))
    }

    private fun job(vararg options: String, path: File = model) {
        val arguments = listOf("bench", path.path) + options + "--json"
        write(writeJson(json(mapOf("arguments" to arguments, "files" to mapOf("path" to path.path)))))
    }

    private fun write(text: String) = File(folder, "job.json").writeText(text)

    private fun run(opener: Opener = FakeOpener(ScriptedClock()), observer: BenchmarkObserver = NoObserver) =
        Job(folder, root).run(Benchmark(opener, FakePlatform(), observer = observer))

    private fun written(name: String) = File(folder, name).readText()

    private fun code() = (parseJson(written("ended.json").toByteArray(), "ended") as JsonObject).int("code")

    private fun refusal(code: Int = 2): String {
        val end = run()
        assertEquals(code, end.code)
        assertEquals(code, code())
        assertNull(end.result)
        assertFalse(File(folder, "stdout").exists())
        assertTrue(folder.list()!!.none { it.endsWith(".part") })
        assertEquals("albert-edge: error: ${end.message}\n", written("stderr"))
        File(folder, "ended.json").delete()
        return end.message!!
    }

    @Test
    fun `a result goes to stdout, warnings to stderr, the code comes last`() {
        job("--lengths=16", "--runs=3")
        val end = run()
        assertEquals(0, end.code)
        assertEquals(0, code())
        assertEquals(end.result!!.toJson(), written("stdout"))
        val values = parseJson(written("stdout").toByteArray(), "stdout") as JsonObject
        assertEquals("path-news.tflite", values.text("file"))
        val warnings = written("stderr").lines()
        assertTrue("albert-edge: warning: $ONE_PROCESS" in warnings && warnings.any { "3 runs are too few" in it })
        assertEquals(setOf("job.json", "path-news.tflite", "stdout", "stderr", "ended.json"), folder.list()!!.toSet())
    }

    @Test
    fun `a job runs once`() {
        job("--lengths=16", "--runs=1")
        run()
        val before = written("stdout")
        assertEquals(2, run().code)
        assertEquals(before, written("stdout"))
        assertEquals(0, code())
    }

    @Test
    fun `a folder elsewhere is left alone`() {
        job("--lengths=16", "--runs=1")
        for (other in listOf(File(root, "other"), root, File(folder, ".."), File(folder, "../run/../.."))) {
            val job = Job(folder, other.takeIf { it.name == "other" } ?: File(folder, "within"))
            val end = job.run(Benchmark(FakeOpener(), FakePlatform()))
            assertEquals(2, end.code)
        }
        assertEquals(2, Job(File(root, "absent"), root).run(Benchmark(FakeOpener(), FakePlatform())).code)
        assertEquals(2, Job(root, root).run(Benchmark(FakeOpener(), FakePlatform())).code)
        assertEquals(2, Job(File(folder, "../.."), root).run(Benchmark(FakeOpener(), FakePlatform())).code)
        assertEquals(setOf("job.json", "path-news.tflite"), folder.list()!!.toSet())
        assertEquals(listOf("run"), root.list()!!.toList())
    }

    @Test
    fun `files outside of the folder are not read`() {
        val outside = File(root, "secret.tflite").also { it.writeBytes(Fixtures.artifact("looped_float32")) }
        job(path = outside)
        assertTrue("must be within its folder" in refusal())
        job(path = File(folder, "../secret.tflite"))
        assertTrue("must be within its folder" in refusal())
        val link = File(folder, "link.tflite")
        Files.createSymbolicLink(link.toPath(), outside.toPath())
        job(path = link)
        assertTrue("must be within its folder" in refusal())
        write("{\"arguments\": [\"bench\", \"${outside.path}\"], \"files\": {\"path\": \"${model.path}\"}}")
        assertTrue("must be among the job's" in refusal())
        write("{\"arguments\": [\"bench\", \"${model.path}\"], \"files\": {}}")
        assertTrue("must be among the job's" in refusal())
    }

    @Test
    fun `a damaged job ends as bad input`() {
        assertTrue("readable" in refusal())
        for (text in listOf(
            "", "nonsense", "[]", "{}", "{\"arguments\": []}", "{\"arguments\": {}, \"files\": {}}",
            "{\"arguments\": [1], \"files\": {}}", "{\"arguments\": [], \"files\": []}",
            "{\"arguments\": [], \"files\": {}}", "{\"arguments\": [\"bench\"], \"files\": {\"path\": 3}}",
            "{\"arguments\": [], \"files\": {\"path\": null}}",
            "{\"arguments\": [\"bench\", \"x\"], \"files\": {}, \"more\": 1}", "\u0000", "[".repeat(5000),
        )) {
            write(text)
            refusal()
        }
        write(" ".repeat(2_000_000))
        assertTrue("at most 1000000 bytes" in refusal())
    }

    @Test
    fun `a damaged file and an option that isn't there end as bad input`() {
        model.writeBytes(ByteArray(1000))
        job()
        refusal()
        model.delete()
        refusal()
        model.writeBytes(ByteArray(0))
        refusal()
        model.writeBytes(Fixtures.artifact("looped_float32"))
        job("--data=x")
        assertTrue("received '--data=x'" in refusal())
        job("--lengths=1000")
        assertTrue("a length to measure must be from" in refusal())
    }

    @Test
    fun `a defect and a missing library end with their traces`() {
        for (error in listOf(IllegalStateException("oops"), UnsatisfiedLinkError("no jni"), OutOfMemoryError("all"))) {
            job("--lengths=16")
            val end = run(
                object : Opener {
                    override fun open(artifact: Artifact, threads: Int): Opened = throw error
                },
            )
            assertEquals(listOf(1, 1), listOf(end.code, code()))
            assertTrue(error.javaClass.name in written("stderr") && "\tat " in written("stderr"))
            assertFalse(File(folder, "stdout").exists())
            File(folder, "ended.json").delete()
        }
    }

    @Test
    fun `a cancelled job ends as after Ctrl-C`() {
        job("--lengths=16")
        val observer = object : BenchmarkObserver {
            override fun onProgress(progress: Progress) = Unit

            override fun isCancelled() = true
        }
        assertEquals(130, run(observer = observer).code)
        assertEquals(130, code())
    }

    @Test
    fun `an answer that can't be written still ends the job`() {
        job("--lengths=16", "--runs=1")
        // A folder stands where the file would go.
        File(folder, "stdout/full").mkdirs()
        val end = run()
        assertEquals(listOf(1, 1), listOf(end.code, code()))
        assertTrue("must be written" in end.message!!)
    }
}

package albertedge.measure

import albertedge.AlbertEdgeException
import albertedge.ArtifactException
import albertedge.Fixtures
import albertedge.RequestException
import albertedge.StoppedException
import albertedge.artifact.JsonNull
import albertedge.artifact.JsonObject
import albertedge.artifact.parseJson
import albertedge.at
import albertedge.buffer
import albertedge.int
import albertedge.list
import albertedge.number
import albertedge.runtime.IntTensor
import albertedge.text
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class BenchmarkTest {
    private val clock = ScriptedClock()
    private val platform = FakePlatform()

    private fun measured(
        options: BenchmarkOptions,
        opener: FakeOpener = FakeOpener(clock),
        platform: Platform = this.platform,
        model: String = "looped_float32",
        observer: BenchmarkObserver = NoObserver,
    ) = Benchmark(opener, platform, clock, observer).run(buffer(Fixtures.artifact(model)), "$model.tflite", options)

    @Test
    fun `quantiles are measured values`() {
        val values = (1..100).map { it.toDouble() }.shuffled()
        val found = listOf(0.5, 0.55, 0.9, 0.99, 1.0).map { quantile(values, it) }
        assertEquals(listOf(50.0, 55.0, 90.0, 99.0, 100.0), found)
        assertEquals(3.0, quantile(listOf(3.0, 1.0, 2.0), 0.99))
        assertEquals(1.0, quantile(listOf(2.0, 1.0), 0.5))
        assertThrows(IllegalArgumentException::class.java) { quantile(emptyList(), 0.5) }
    }

    @Test
    fun `ids are numpy's`() {
        assertEquals(listOf(473, 511, 755), randomIds(1, 3, 999).toList())
        assertEquals(listOf(5, 5, 5, 3, 7), randomIds(128, 5, 7).toList())
        assertEquals(listOf(0, 0, 0), randomIds(7, 3, 0).toList())
        val largest = Int.MAX_VALUE
        assertEquals(listOf(1751933749, 581654748, 414967189, 2005533798), randomIds(largest, 4, largest).toList())
    }

    @Test
    fun `warm-up is kept apart, and runs are counted or timed`() {
        // One request for the memory, then three runs of warm-up at each length.
        val opener = FakeOpener(clock) { run -> if (run in 1..3) 50.0 - run else 2.0 }
        val result = measured(BenchmarkOptions(lengths = listOf(16), runs = 40), opener)
        val latency = result.latencies.single()
        assertEquals(listOf(49.0, 48.0, 47.0), latency.warmupMs)
        assertEquals(List(40) { 2.0 }, latency.rawMs)
        assertEquals(listOf(49.0, 2.0, 2.0), listOf(latency.firstMs, latency.p50Ms, latency.minMs))
        assertEquals(30, measured(BenchmarkOptions(lengths = listOf(16), seconds = 0.001)).latencies[0].rawMs.size)
        assertEquals(250, measured(BenchmarkOptions(lengths = listOf(16), seconds = 0.5)).latencies[0].rawMs.size)
        val mlperf = measured(BenchmarkOptions(lengths = listOf(16), isMlperf = true)).latencies[0].rawMs.size
        assertEquals(30_000, mlperf)
    }

    @Test
    fun `requests are the harness's, at each length`() {
        val opener = FakeOpener(clock)
        measured(BenchmarkOptions(lengths = listOf(16, 7), runs = 1, maxDepth = 2), opener)
        val asked = opener.runners[0].asked
        // 64 of memory, since the file takes no more, then three runs of warm-up and one at each length.
        val sizes = asked.map { it.getValue("input_ids").shape[1] }
        assertEquals(listOf(64) + List(4) { 16 } + List(4) { 7 }, sizes)
        val ids = (asked[1].getValue("input_ids") as IntTensor).values
        assertEquals(randomIds(16, 16, 999).toList(), ids.toList())
        assertEquals(listOf(2), (asked[1].getValue("max_depth") as IntTensor).values.toList())
    }

    @Test
    fun `an unrolled file gets its length, one that fills masks a position, one with an exit no exit`() {
        val opener = FakeOpener(clock)
        val result = measured(BenchmarkOptions(lengths = listOf(9), runs = 1), opener, model = "unrolled_fill")
        val asked = opener.runners[0].asked.last()
        val length = asked.getValue("input_ids").shape[1]
        val mask = (asked.getValue("attention_mask") as IntTensor).values.toList()
        assertEquals(List(9) { 1 } + List(length - 9) { 0 }, mask)
        assertEquals(randomIds(9, length, 999).toList().take(9), ids(asked).take(9))
        assertEquals(listOf(4), (asked.getValue("masked_positions") as IntTensor).values.toList())
        assertTrue("\"exit_threshold\": null" in result.toJson())
        val exit = measured(BenchmarkOptions(lengths = listOf(9), runs = 1), model = "looped_exit")
        assertTrue("\"exit_threshold\": 2.0" in exit.toJson())
    }

    private fun ids(asked: Map<String, albertedge.runtime.Tensor>) =
        (asked.getValue("input_ids") as IntTensor).values.toList()

    @Test
    fun `what a file does not take is refused before anything is opened`() {
        for ((model, options) in listOf(
            "looped_float32" to BenchmarkOptions(lengths = listOf(16, 65)),
            "unrolled_float32" to BenchmarkOptions(lengths = listOf(16), maxDepth = 1),
            "looped_float32" to BenchmarkOptions(lengths = listOf(16), exitThreshold = 0.5),
        )) {
            val opener = FakeOpener(clock)
            assertThrows(RequestException::class.java) { measured(options, opener, model = model) }
            assertEquals(0, opener.runners.size)
        }
        assertThrows(ArtifactException::class.java) {
            Benchmark(FakeOpener(), platform).run(buffer(ByteArray(9)), "x", BenchmarkOptions())
        }
        val mute = FakePlatform(tellsMemory = false)
        assertThrows(AlbertEdgeException::class.java) { measured(BenchmarkOptions(listOf(16)), platform = mute) }
    }

    @Test
    fun `start and memory`() {
        val opener = FakeOpener(clock, openMs = { listOf(90.0, 5.0, 7.0, 6.0, 8.0)[it] })
        val result = measured(BenchmarkOptions(lengths = listOf(16), runs = 30), opener)
        assertEquals(listOf(90.0, 5.0, 7.0, 6.0, 8.0), result.startup.loadMs)
        assertEquals(7.0, result.loadMs)
        assertEquals(7.0, result.openMs)
        assertEquals(listOf(100.0, 110.0), listOf(result.startup.bareRssMb, result.startup.rssMb))
        assertEquals(10.0, result.rssAboveRuntimeMb)
        assertEquals(64, result.startup.rssTokens)
        assertTrue(opener.runners.size == OPENINGS && opener.runners.all { it.isClosed })
        assertEquals(2.5, median(listOf(4.0, 1.0, 3.0, 2.0)))
    }

    @Test
    fun `several numbers of threads take turns`() {
        val opener = FakeOpener(clock)
        val result = measured(BenchmarkOptions(lengths = listOf(16, 7), threads = listOf(2, 8), runs = 400), opener)
        assertEquals(List(OPENINGS) { 2 } + listOf(2, 8), opener.threads)
        val rows = result.threadScaling.map { listOf(it.threads, it.tokens, it.rawMs.size) }
        assertEquals(listOf(listOf(2, 16, 300), listOf(8, 16, 300), listOf(2, 7, 300), listOf(8, 7, 300)), rows)
        assertTrue(opener.runners.all { it.isClosed })
        assertTrue("threads: 8 share 4 cores, where they wait for each other" in result.warnings)
    }

    @Test
    fun `windows of a sustained run, and its throttling`() {
        // 30 s in windows of 5 s; from the fourth on each run takes twice as long.
        var sustained = 0
        val opener = FakeOpener(clock) { run -> if (run > 4 + 30 && ++sustained > 151) 200.0 else 100.0 }
        val options = BenchmarkOptions(lengths = listOf(7, 16), runs = 15, sustainedMinutes = 0.5)
        val result = measured(options, opener)
        val windows = result.sustained!!.windows
        assertEquals(16, result.sustained!!.tokens)
        assertEquals(6, windows.size)
        assertEquals(listOf(0.0, 5.0, 10.0), windows.take(3).map { it.startS })
        assertEquals(listOf(50, 25), listOf(windows[0].queries, windows[5].queries))
        assertEquals(listOf(10.0, 5.0), listOf(windows[0].queriesPerS, windows[5].queriesPerS))
        assertEquals(listOf(100.0, 200.0), listOf(windows[0].p50Ms, windows[5].p50Ms))
        assertEquals(
            "sustained: throughput fell from 10.0 to 5.0 queries a second in 30 s; " +
                "the device throttles, or other programs run",
            result.warnings.last(),
        )
    }

    @Test
    fun `unstable results are warned of`() {
        // The last eight of forty runs are half as slow again.
        val opener = FakeOpener(clock, notice = "no GPU here") { run -> if (run > 35) 3.0 else 2.0 }
        val result = measured(BenchmarkOptions(listOf(16), runs = 40), opener, FakePlatform("schedutil"))
        val unstable = "16 tokens: the result may be unstable, p90 is 50% above p50; stop other programs, set the " +
            "CPU governor (now schedutil) to performance, or measure longer with --seconds"
        assertEquals(listOf(ONE_PROCESS, "no GPU here", unstable), result.warnings)
        val few = measured(BenchmarkOptions(listOf(16), runs = 3)).warnings.last()
        assertEquals("16 tokens: 3 runs are too few for p90 and p99; measure at least 30 with --runs", few)
        val steady = measured(BenchmarkOptions(listOf(16), runs = 30)).warnings
        assertEquals(listOf(ONE_PROCESS), steady)
    }

    @Test
    fun `a cancelled measurement ends soon and closes its model`() {
        // In the openings, the warm-up, the runs, the turns of two threads, the minutes.
        for (last in listOf(0, 1, 3, 12, 100, 1000, 3000)) {
            var asked = 0
            val observer = object : BenchmarkObserver {
                override fun onProgress(progress: Progress) = Unit

                override fun isCancelled() = asked++ > last
            }
            val opener = FakeOpener(clock)
            val options = BenchmarkOptions(listOf(16), threads = listOf(1, 2), sustainedMinutes = 1.0)
            assertThrows(StoppedException::class.java) { measured(options, opener, observer = observer) }
            assertEquals(last + 2, asked)
            assertTrue(opener.runners.all { it.isClosed })
        }
    }

    @Test
    fun `progress is told at most four times a second`() {
        val seen = ArrayList<Progress>()
        val observer = object : BenchmarkObserver {
            override fun onProgress(progress: Progress) {
                seen += progress
            }

            override fun isCancelled() = false
        }
        measured(BenchmarkOptions(listOf(16), seconds = 2.0, sustainedMinutes = 1.0), observer = observer)
        val latency = seen.filter { it.stage == Stage.LATENCY }
        assertEquals(16, latency[0].tokens)
        assertTrue(latency.size in 8..10 && latency.last().fraction == 1.0) { "${latency.size}" }
        assertEquals(listOf(Stage.OPENING, Stage.LATENCY, Stage.SUSTAINED), seen.map { it.stage }.distinct())
    }

    @Test
    fun `the result's JSON`() {
        val text = measured(BenchmarkOptions(listOf(16), runs = 30), model = "looped_classify_tag").toJson()
        val values = parseJson(text.toByteArray(), "result") as JsonObject
        assertEquals(listOf("schema_version", "kind", "created", "file"), values.keys.take(4))
        assertEquals("2026-11-24T18:00:00Z", values.text("created"))
        assertEquals(2, values.list("tasks").size)
        assertEquals(30, (values.list("lengths")[0] as JsonObject).int("runs"))
        assertEquals(2.0, (values.list("lengths")[0] as JsonObject).number("p50_ms"))
        assertEquals("XNNPACK", values.at("environment").text("delegate"))
        assertTrue(values["sustained"] === JsonNull)
        assertThrows(IllegalStateException::class.java) { json(Double.NaN) }
        assertThrows(IllegalStateException::class.java) { json(listOf(1.5f)) }
    }
}

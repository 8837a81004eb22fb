package albertedge.measure

import albertedge.artifact.Artifact
import albertedge.runtime.FakeRunner

/** A clock that stands still but for what is done by it. */
class ScriptedClock : Clock {
    private var nanos = 1_000_000_000L

    override fun nanoTime(): Long = nanos

    override fun epochSeconds(): Long = 1_795_543_200

    fun pass(ms: Double) {
        nanos += (ms * 1e6).toLong()
    }
}

/** Opens models without weights, which take [runMs] for the run of that number, and [openMs] to be opened. */
class FakeOpener(
    private val clock: ScriptedClock? = null,
    private val openMs: (Int) -> Double = { 5.0 },
    private val notice: String? = null,
    private val runMs: (Int) -> Double = { 2.0 },
) : Opener {
    val runners = ArrayList<FakeRunner>()
    val threads = ArrayList<Int>()

    override fun open(artifact: Artifact, threads: Int): Opened {
        clock?.pass(openMs(runners.size))
        this.threads += threads
        val runner = FakeRunner(artifact.manifest, onRun = { clock?.pass(runMs(it)) })
        runners += runner
        return Opened(runner, "XNNPACK", notice)
    }
}

/** A phone whose memory grows by 10 MB each time that it is read. */
class FakePlatform(
    private val governor: String? = null,
    private val cores: Int? = 4,
    private val tellsMemory: Boolean = true,
) : Platform {
    private var rss = 90.0

    override fun machine() = Machine("Chip", cores, "aarch64", "Phone", governor, "Linux 5", "Android 14", "1.2.3")

    override fun rssMb(): Double? {
        rss += 10
        return if (tellsMemory) rss else null
    }

    override fun peakRssMb(): Double? = if (tellsMemory) 150.5 else null

    override fun temperatureC(): Double? = 31.5

    override fun clockMhz(): Double? = null
}

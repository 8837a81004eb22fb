package albertedge.measure

import albertedge.artifact.Artifact
import albertedge.runtime.FakeRunner
import java.io.File

/** The ids of a measured request, on one line. */
internal fun printRequest(highest: Int, tokens: Int) = println(randomIds(tokens, tokens, highest).joinToString(" "))

/** Runs the job in [folder] by this machine's clock, with models that sleep for a millisecond; how it ended. */
internal fun runJob(folder: File, root: File): Int {
    val opener = object : Opener {
        override fun open(artifact: Artifact, threads: Int) =
            Opened(FakeRunner(artifact.manifest, onRun = { Thread.sleep(1) }), delegate = "none")
    }
    return Job(folder, root).run(Benchmark(opener, JvmPlatform())).code
}

/** This Linux machine. */
private class JvmPlatform : Platform {
    private val linux = Linux()

    override fun machine() = Machine(
        cpuModel = linux.cpuModel(),
        cpuCores = Runtime.getRuntime().availableProcessors(),
        architecture = System.getProperty("os.arch"),
        governor = linux.governor(),
        kernel = "Linux ${System.getProperty("os.version")}",
    )

    override fun rssMb(): Double? = linux.rssMb()

    override fun peakRssMb(): Double? = linux.peakRssMb()

    override fun temperatureC(): Double? = linux.temperatureC()

    override fun clockMhz(): Double? = linux.clockMhz()
}

package albertedge.app.device

import albertedge.app.state.Probes
import albertedge.measure.Linux
import albertedge.measure.Machine
import albertedge.measure.Platform
import android.os.Build
import android.os.Debug
import android.os.SystemClock

/** What Android tells of this phone and this app. */
class Phone(private val version: String?, private val linux: Linux = Linux()) :
    Platform,
    Probes {
    override fun machine() = Machine(
        cpuModel = chip() ?: linux.cpuModel(),
        cpuCores = Runtime.getRuntime().availableProcessors(),
        architecture = architectureOf(Build.SUPPORTED_ABIS.firstOrNull()),
        board = Build.MODEL,
        governor = linux.governor(),
        kernel = "Linux ${System.getProperty("os.version")}",
        os = "Android ${Build.VERSION.RELEASE}",
        projectVersion = version,
    )

    override fun rssMb(): Double? = linux.rssMb()

    override fun peakRssMb(): Double? = linux.peakRssMb()

    override fun temperatureC(): Double? = linux.temperatureC()

    override fun clockMhz(): Double? = linux.clockMhz()

    override fun nanoTime(): Long = SystemClock.elapsedRealtimeNanos()

    /** The proportional set size: pages that several apps share count in part. */
    override fun memoryBytes(): Long? = Debug.getPss().takeIf { it > 0 }?.let { it * BYTES_PER_KIB }

    private fun chip(): String? =
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) Build.SOC_MODEL.takeIf { it != Build.UNKNOWN } else null

    internal companion object {
        private const val BYTES_PER_KIB = 1024L
        private val ARCHITECTURES = mapOf("arm64-v8a" to "aarch64", "armeabi-v7a" to "armv7l")

        /** As `uname -m`, and so the host's own look at a phone over adb, names what Android's [abi] stands for. */
        fun architectureOf(abi: String?): String? = ARCHITECTURES[abi] ?: abi
    }
}

package albertedge.measure

import java.io.File
import java.io.IOException

/**
 * What Linux, and so Android, tells of itself in /proc and /sys; [root] is where they lie (another folder in tests).
 *
 * Android shows an app less of it from release to release: what can't be read is null.
 */
class Linux(private val root: File = File("/")) {
    /** See [Platform.rssMb]; `VmRSS` of /proc/self/status. */
    fun rssMb(): Double? = statusMb("VmRSS")

    /** See [Platform.peakRssMb]; `VmHWM` of /proc/self/status. */
    fun peakRssMb(): Double? = statusMb("VmHWM")

    /** See [Platform.temperatureC]; the kernel writes thousandths. */
    fun temperatureC(): Double? = numbers("sys/class/thermal", THERMAL_ZONE, "temp").map { it / 1000 }.maxOrNull()

    /** See [Platform.clockMhz]; cpufreq writes kHz. */
    fun clockMhz(): Double? {
        val clocks = numbers("sys/devices/system/cpu", CORE, "cpufreq/scaling_cur_freq")
        return if (clocks.isEmpty()) null else clocks.sum() / clocks.size / 1000
    }

    /** See [Machine.governor]. */
    fun governor(): String? = text("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")

    /** Name of the processor: `model name`, or what names an Arm core, implementer and part, as numbers. */
    fun cpuModel(): String? {
        val fields = HashMap<String, String>()
        for (line in text("proc/cpuinfo").orEmpty().lines()) {
            val name = line.substringBefore(':').trim()
            if (name !in fields) fields[name] = line.substringAfter(':', "").trim()
        }
        val implementer = fields["CPU implementer"]
        val part = fields["CPU part"]
        if (implementer != null && part != null) return "implementer $implementer, part $part"
        return fields["model name"]?.takeIf { it.isNotEmpty() }
    }

    /** The file says "kB" and means KiB. */
    private fun statusMb(field: String): Double? {
        val line = text("proc/self/status").orEmpty().lines().firstOrNull { it.startsWith("$field:") } ?: return null
        val kib = line.substringAfter(':').trim().substringBefore(' ').toLongOrNull() ?: return null
        return kib * BYTES_PER_KIB / BYTES_PER_MB
    }

    /** Of each folder in [parent] whose name fits the number in its [file]; 0 stands for none. */
    private fun numbers(parent: String, name: Regex, file: String): List<Double> =
        (File(root, parent).list() ?: emptyArray()).filter { name.matches(it) }
            .mapNotNull { text("$parent/$it/$file")?.toDoubleOrNull() }
            .filter { it != 0.0 }

    /** Null also for a zone that is switched off, which can be listed and not read. */
    private fun text(path: String): String? = try {
        File(root, path).readText().trimEnd('\u0000', '\n').takeIf { it.isNotEmpty() }
    } catch (_: IOException) {
        null
    }

    private companion object {
        val THERMAL_ZONE = Regex("thermal_zone.*")
        val CORE = Regex("cpu[0-9].*")
        const val BYTES_PER_KIB = 1024
        const val BYTES_PER_MB = 1e6
    }
}

package albertedge.measure

import albertedge.RequestException
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File

class OptionsTest {
    @Test
    fun `what a host sends is read`() {
        val words = "bench /f/path-news.tflite --lengths=16,64 --threads=1, 2 --runs=50 --seconds=2.0 --max-depth=3"
        val more = listOf("--exit-threshold=0.9", "--sustained=1e-05", "--json")
        val command = BenchmarkCommand.parse(words.replace(", ", ",").split(" ") + more)
        assertEquals("/f/path-news.tflite", command.path)
        val options = command.options
        assertEquals(listOf(listOf(16, 64), listOf(1, 2)), listOf(options.lengths, options.threads))
        assertEquals(listOf<Any?>(50, 2.0, 3), listOf(options.runs, options.seconds, options.maxDepth))
        assertEquals(listOf(0.9, 1e-5), listOf(options.exitThreshold, options.sustainedMinutes))
    }

    @Test
    fun `nothing given is Python's default`() {
        val options = BenchmarkCommand.parse(listOf("bench", "x.tflite", "--json")).options
        assertEquals(listOf(listOf(16, 64, 128), listOf(1)), listOf(options.lengths, options.threads))
        assertEquals(listOf(null, 1.0), listOf(options.runs, options.seconds))
        assertEquals(listOf(null, null), listOf(options.maxDepth, options.exitThreshold))
        assertTrue(BenchmarkCommand.parse(listOf("bench", "x", "--preset=mlperf")).options.isMlperf)
    }

    @Test
    fun `what an app can't do is refused in one line`() {
        val options = listOf(
            "--data=/f/data-dev.tsv", "--reference=/f/x", "--limit=3", "--text-column=a", "--runtime=tflite-runtime",
            "--cost", "--lengths=", "--lengths=16,", "--lengths=16,16", "--lengths=0", "--lengths=1.5", "--threads=0",
            "--threads=two", "--runs=0", "--runs=-1", "--runs=99999999999", "--runs", "--seconds=0", "--seconds=inf",
            "--seconds=nan", "--seconds=1f", "--seconds=0x1p3", "--preset=other", "--max-depth=0",
            "--exit-threshold=-1.0", "--sustained=0.0", "--unknown", "--", "--lengths=16\n--data",
        )
        for (option in options) refusal(listOf("bench", "x.tflite", option))
        refusal(listOf("bench", "x.tflite", "--preset=mlperf", "--runs=5"))
        for (words in listOf("", "bench", "evaluate x", "bench x y")) refusal(words.split(" "))
    }

    private fun refusal(words: List<String>) {
        val error = assertThrows(RequestException::class.java, { BenchmarkCommand.parse(words) }, words.toString())
        assertTrue('\n' !in error.message!! && "; received " in error.message!!) { error.message!! }
    }

    @Test
    fun `Linux tells of itself in files`(@TempDir root: File) {
        val nothing = Linux(root)
        assertEquals(listOf(null, null), listOf(nothing.rssMb(), nothing.peakRssMb()))
        assertEquals(listOf(null, null), listOf(nothing.temperatureC(), nothing.clockMhz()))
        assertEquals(listOf(null, null), listOf(nothing.governor(), nothing.cpuModel()))
        write(root, "proc/self/status", "Name:\tapp\nVmHWM:\t  250000 kB\nVmRSS:\t  125000 kB\n")
        write(root, "proc/cpuinfo", "processor : 0\nCPU implementer : 0x41\nCPU part : 0xd0b\nmodel name : ARMv8\n")
        write(root, "sys/class/thermal/thermal_zone0/temp", "41500\n")
        write(root, "sys/class/thermal/thermal_zone1/temp", "52250\n")
        write(root, "sys/class/thermal/thermal_zone2/temp", "off\n")
        write(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1800000\n")
        write(root, "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "2400000\n")
        write(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "schedutil\n")
        val linux = Linux(root)
        assertEquals(listOf(128.0, 256.0), listOf(linux.rssMb(), linux.peakRssMb()))
        assertEquals(listOf(52.25, 2100.0), listOf(linux.temperatureC(), linux.clockMhz()))
        assertEquals(listOf("schedutil", "implementer 0x41, part 0xd0b"), listOf(linux.governor(), linux.cpuModel()))
        write(root, "proc/cpuinfo", "model name\t: Some CPU: 2 GHz\n")
        assertEquals("Some CPU: 2 GHz", linux.cpuModel())
    }

    private fun write(root: File, path: String, text: String) {
        val file = File(root, path)
        file.parentFile.mkdirs()
        file.writeText(text)
    }
}

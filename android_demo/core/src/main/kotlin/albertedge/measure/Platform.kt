package albertedge.measure

/** The machine that measures: what stays as it is, and what is read now and then. What it can't tell is null. */
interface Platform {
    /** Read once, before anything is measured. */
    fun machine(): Machine

    /** Resident memory of this process now, in MB of 10^6 bytes. */
    fun rssMb(): Double?

    /** The most that this process ever had, in MB of 10^6 bytes. */
    fun peakRssMb(): Double?

    /** The warmest thermal zone, in degrees Celsius. */
    fun temperatureC(): Double?

    /** The mean of the cores' clocks now, in MHz. */
    fun clockMhz(): Double?
}

/** The facts without which a figure in milliseconds can't be compared with another; null: the machine doesn't tell. */
class Machine(
    val cpuModel: String? = null,
    val cpuCores: Int? = null,
    /** As `uname -m` has it: `aarch64`. */
    val architecture: String? = null,
    /** The device's model: `Pixel 8`. */
    val board: String? = null,
    /** Of the first core's clock: `schedutil`. */
    val governor: String? = null,
    /** Name and release: `Linux 5.15.137`. */
    val kernel: String? = null,
    /** Name and version: `Android 14`. */
    val os: String? = null,
    /** Version of the program that measures. */
    val projectVersion: String? = null,
)

/** Where times come from; another one in tests. */
interface Clock {
    /** Nanoseconds since some moment, never falling. */
    fun nanoTime(): Long

    /** Seconds since 1970, UTC. */
    fun epochSeconds(): Long
}

/** This process's clocks. */
object SystemClock : Clock {
    override fun nanoTime(): Long = System.nanoTime()

    override fun epochSeconds(): Long = System.currentTimeMillis() / 1000
}

package albertedge.app.state

import java.text.NumberFormat
import java.util.Locale

/** Numbers as the screens show them, in the manner of [locale]. */
class Formatting(private val locale: Locale) {
    /** A fraction as a percentage: `93 %`, and `< 1 %` of what isn't nothing. */
    fun percent(fraction: Double): String {
        val format = NumberFormat.getPercentInstance(locale)
        val isSmall = fraction > 0 && fraction < SMALLEST_PERCENT
        return if (isSmall) "< " + format.format(SMALLEST) else format.format(fraction)
    }

    /** `8.31 ms`, `83.1 ms`, `831 ms`: three digits at least. */
    fun milliseconds(ms: Double): String {
        val digits = when {
            ms < 10 -> 2
            ms < 100 -> 1
            else -> 0
        }
        return number(ms, digits) + " ms"
    }

    /** `42.5 MB`; a million bytes each, as the harness counts. */
    fun megabytes(bytes: Long): String = number(bytes / BYTES_PER_MB, 1) + " MB"

    fun number(value: Double, digits: Int): String = NumberFormat.getNumberInstance(locale).apply {
        minimumFractionDigits = digits
        maximumFractionDigits = digits
    }.format(value)

    fun count(value: Int): String = NumberFormat.getIntegerInstance(locale).format(value.toLong())

    private companion object {
        const val BYTES_PER_MB = 1e6
        const val SMALLEST = 0.01

        /** Below it a percentage rounds to 0. */
        const val SMALLEST_PERCENT = 0.005
    }
}

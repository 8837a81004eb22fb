package albertedge.app.state

/**
 * Background colours of entities, behind the theme's text: one a type, the same whichever texts come.
 *
 * Hues lie evenly around the circle, so that no two types share one, however many a model names. Lightness is set so
 * that the text keeps a contrast above 4.5 (WCAG AA) on each: near-black on the light ones, near-white on the dark.
 */
object EntityColors {
    /** sRGB as 0xFFRRGGBB of the type at [index] of [count]. */
    fun background(index: Int, count: Int, isDark: Boolean): Int {
        val hue = (FIRST_HUE + 360.0 * index / maxOf(1, count)) % 360.0
        // Neighbours on the circle differ in lightness too, for there the hues of many types lie close.
        val isOdd = index % 2 == 1
        return if (isDark) rgb(hue, 0.55, if (isOdd) 0.18 else 0.24) else rgb(hue, 0.75, if (isOdd) 0.87 else 0.80)
    }

    private const val FIRST_HUE = 205.0

    /** From hue in degrees, saturation and lightness as fractions (CSS Color 3, section 4.2.4). */
    private fun rgb(hue: Double, saturation: Double, lightness: Double): Int {
        val chroma = saturation * minOf(lightness, 1 - lightness)
        var color = 0xFF
        for (offset in OFFSETS) {
            val k = (offset + hue / 30) % 12
            val value = lightness - chroma * maxOf(-1.0, minOf(k - 3, 9 - k, 1.0))
            color = color shl 8 or Math.round(value * 255).toInt()
        }
        return color
    }

    /** Of red, green and blue. */
    private val OFFSETS = intArrayOf(0, 8, 4)
}

/** The contrast of two colours, 1 to 21 (WCAG 2.1, "contrast ratio"). */
fun contrast(first: Int, second: Int): Double {
    val lights = doubleArrayOf(luminance(first), luminance(second))
    return (maxOf(lights[0], lights[1]) + 0.05) / (minOf(lights[0], lights[1]) + 0.05)
}

private fun luminance(color: Int): Double {
    val weights = doubleArrayOf(0.2126, 0.7152, 0.0722)
    return weights.indices.sumOf { index ->
        val value = (color shr (16 - 8 * index) and 0xFF) / 255.0
        weights[index] * if (value <= 0.03928) value / 12.92 else Math.pow((value + 0.055) / 1.055, 2.4)
    }
}

package albertedge.app

/** WCAG 2.1's contrast of two sRGB colours, 1 to 21: written apart from the app's own, so that each checks the other. */
fun contrastOf(first: Int, second: Int): Double {
    val (dark, light) = listOf(luminance(first), luminance(second)).sorted()
    return (light + 0.05) / (dark + 0.05)
}

private fun luminance(argb: Int): Double {
    val red = linear(argb shr 16 and 0xFF)
    val green = linear(argb shr 8 and 0xFF)
    val blue = linear(argb and 0xFF)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

private fun linear(byte: Int): Double {
    val value = byte / 255.0
    return if (value <= 0.03928) value / 12.92 else Math.pow((value + 0.055) / 1.055, 2.4)
}

package albertedge.app

import android.content.Context
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config

/** Contrasts of both themes' colours (WCAG 2.1, level AA): 4.5 of text, 3 of what tells a control's edge. */
@RunWith(RobolectricTestRunner::class)
class ThemeTest {
    private val context: Context get() = RuntimeEnvironment.getApplication()

    @Test
    @Config(qualifiers = "notnight")
    fun day() = check(isDark = false)

    @Test
    @Config(qualifiers = "night")
    fun night() = check(isDark = true)

    private fun check(isDark: Boolean) {
        assertEquals(isDark, context.resources.getBoolean(R.bool.is_dark))
        for ((front, backs) in TEXTS) for (back in backs) least(front, back, 4.5)
        least(R.color.outline, R.color.card, 3.0)
        least(R.color.accent, R.color.card, 3.0)
    }

    private fun least(front: Int, back: Int, least: Double) {
        val contrast = contrastOf(context.getColor(front), context.getColor(back))
        val names = listOf(front, back).map { context.resources.getResourceEntryName(it) }
        assertTrue("%s on %s: %.2f".format(names[0], names[1], contrast), contrast >= least)
    }

    private companion object {
        val TEXTS = mapOf(
            R.color.text to listOf(R.color.card, R.color.background, R.color.selected, R.color.answer),
            R.color.text_secondary to listOf(R.color.card, R.color.background),
            R.color.accent to listOf(R.color.card, R.color.background, R.color.selected),
            R.color.on_accent to listOf(R.color.accent),
            R.color.error to listOf(R.color.card, R.color.background),
        )
    }
}

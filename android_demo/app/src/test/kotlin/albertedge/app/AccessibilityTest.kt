package albertedge.app

import android.view.View
import android.widget.EditText
import android.widget.TextView
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config

/** Each rule on every screen, in every state of the [tour]. */
@RunWith(RobolectricTestRunner::class)
class AccessibilityTest {
    private val faults = ArrayList<String>()
    private var looks = 0

    @Test
    fun `what can be tapped has words and is big enough`() = everywhere { state, phone ->
        val least = 48 * phone.activity.resources.displayMetrics.density
        val labelled = phone.shown().map { it.labelFor }.toSet()
        for (view in phone.shown().filter { it.isClickable && it.isEnabled }) {
            val hasWords = Device.wordsOf(view).isNotBlank() || (view is EditText && view.id in labelled)
            if (!hasWords) faults += "$state: $view has no words"
            if (view.width < least || view.height < least) faults += "$state: ${Device.wordsOf(view)} $view is small"
        }
    }

    @Test
    @Config(qualifiers = "w360dp-h640dp-port-notnight-mdpi")
    fun `by day text stands out from what is behind it`() = everywhere { state, phone -> contrasts(state, phone) }

    @Test
    @Config(qualifiers = "w360dp-h640dp-port-night-mdpi")
    fun `by night text stands out from what is behind it`() = everywhere { state, phone -> contrasts(state, phone) }

    @Test
    @Config(qualifiers = "w360dp-h640dp-port-mdpi")
    fun `nothing is cut off`() = everywhere { state, phone -> whole(state, phone) }

    @Test
    @Config(qualifiers = "w320dp-h533dp-port-mdpi", fontScale = 2.0f)
    fun `nothing is cut off in fonts of twice the size on a small phone`() = everywhere { state, phone ->
        assertEquals(2.0f, phone.activity.resources.configuration.fontScale)
        whole(state, phone)
    }

    @Test
    @Config(qualifiers = "w640dp-h360dp-land-mdpi", fontScale = 2.0f)
    fun `nothing is cut off in large fonts across`() = everywhere { state, phone -> whole(state, phone) }

    @Test
    @Config(qualifiers = "ar-ldrtl-w360dp-h640dp-port-mdpi")
    fun `nothing is cut off from right to left`() = everywhere { state, phone ->
        assertEquals(View.LAYOUT_DIRECTION_RTL, phone.activity.window.decorView.layoutDirection)
        whole(state, phone)
    }

    private fun everywhere(look: (String, Device) -> Unit) {
        tour { state, phone ->
            phone.layOut()
            look(state, phone)
            looks++
        }
        assertEquals(11, looks)
        assertTrue(faults.joinToString("\n"), faults.isEmpty())
    }

    private fun contrasts(state: String, phone: Device) {
        // What can't be used now is free of the rule (WCAG 2.1, 1.4.3).
        for (view in phone.shown().filterIsInstance<TextView>().filter { it.isEnabled && it.text.isNotEmpty() }) {
            val contrast = contrastOf(view.currentTextColor, backgroundOf(view))
            if (contrast < 4.5) faults += "%s: %s has a contrast of %.2f".format(state, view.text, contrast)
        }
    }

    private fun whole(state: String, phone: Device) {
        val width = phone.activity.window.decorView.width
        for (view in phone.shown()) {
            val place = IntArray(2).also { view.getLocationInWindow(it) }
            val isWithin = place[0] >= 0 && place[0] + view.width <= width && fits(view)
            if (!isWithin) faults += "$state: ${Device.wordsOf(view)} $view lies beyond its parent"
            if (view is TextView && isCut(view)) faults += "$state: ${view.text} is cut off"
        }
        val height = RuntimeEnvironment.getApplication().resources.displayMetrics.heightPixels
        assertTrue(phone.activity.window.decorView.height <= height)
    }

    /** Within its parent, or in one that scrolls. */
    private fun fits(view: View): Boolean {
        val parent = view.parent as? View ?: return true
        val isBelow = parent is android.widget.ScrollView || view.bottom <= parent.height
        return view.left >= 0 && view.top >= 0 && view.right <= parent.width && isBelow
    }

    /** What is typed scrolls in its field, and of an example the first lines are shown on purpose. */
    private fun isCut(view: TextView): Boolean {
        val layout = view.layout ?: return view.text.isNotEmpty()
        if (view is EditText || view.ellipsize != null) return false
        val isNarrow = (0 until layout.lineCount).any { layout.getLineMax(it) > layout.width + 1 }
        val room = view.height - view.compoundPaddingTop - view.compoundPaddingBottom
        return isNarrow || layout.height > room || (0 until layout.lineCount).any { layout.getEllipsisCount(it) > 0 }
    }
}

package albertedge.app

import android.app.Activity
import android.graphics.Color
import android.widget.TextView
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner

/** That views are really laid out and drawn here; the other tests of pictures and sizes rest on it. */
@RunWith(RobolectricTestRunner::class)
class DrawingTest {
    @Test
    fun `text is drawn, and other text otherwise`() {
        val one = draw("Ein Text mit Umlauten: äöü")
        one.save("drawing")
        assertTrue(one.argb().count { dark(it) } > 200)
        assertTrue(draw("Ein Text").argb().count { dark(it) } < one.argb().count { dark(it) })
        assertEquals(0, draw("").argb().count { dark(it) })
    }

    @Test
    fun `the same text is drawn alike`() {
        assertTrue(draw("same").argb().contentEquals(draw("same").argb()))
        assertFalse(draw("same").argb().contentEquals(draw("sane").argb()))
    }

    private fun draw(text: String) = Robolectric.buildActivity(Activity::class.java).use { controller ->
        val activity = controller.get()
        val view = TextView(activity)
        view.text = text
        view.textSize = 24f
        view.setTextColor(Color.BLACK)
        view.setBackgroundColor(Color.WHITE)
        activity.setContentView(view)
        controller.setup()
        view.picture()
    }

    private fun dark(argb: Int) = Color.red(argb) < 64 && Color.green(argb) < 64 && Color.blue(argb) < 64
}

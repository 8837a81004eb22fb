package albertedge.app

import albertedge.app.state.ModelState
import albertedge.app.state.Screen
import albertedge.app.state.UiState
import albertedge.artifact.Task
import android.content.Intent
import android.content.res.Configuration
import android.os.Bundle
import android.os.Looper
import android.view.View
import android.view.ViewGroup
import android.widget.EditText
import android.widget.TextView
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import java.io.Closeable

/** The app on a phone, as a user sees and touches it. */
class Device(intent: Intent? = null, saved: Bundle? = null) : Closeable {
    private val owner: ActivityController<MainActivity> =
        Robolectric.buildActivity(MainActivity::class.java, intent).apply {
            if (saved ==
                null
            ) {
                setup()
            } else {
                setup(saved)
            }
        }
    val activity: MainActivity get() = owner.get()
    val state: UiState get() = activity.controller.state

    /** Wait until the models are known, and the first is loaded or refused. */
    fun ready(): Device = apply {
        until("the models") {
            state.library.isNotEmpty() &&
                state.library.all { it.facts != null || it.problem != null } &&
                state.model !is ModelState.Loading
        }
    }

    /** Let the app work until [condition] holds, and lay out and draw what it shows then. */
    fun until(what: String, condition: () -> Boolean) {
        val end = System.nanoTime() + PATIENCE_NS
        while (true) {
            idle()
            if (condition()) break
            if (System.nanoTime() > end) throw AssertionError("waited in vain: $what; shown: ${texts()}")
            Thread.sleep(1)
        }
        idle()
    }

    /** Lay the window out on the whole screen: here no frame comes by itself that would. */
    fun layOut() {
        val metrics = activity.resources.displayMetrics
        val decor = activity.window.decorView
        decor.forceLayout()
        decor.measure(exactly(metrics.widthPixels), exactly(metrics.heightPixels))
        decor.layout(0, 0, metrics.widthPixels, metrics.heightPixels)
    }

    private fun exactly(size: Int) = View.MeasureSpec.makeMeasureSpec(size, View.MeasureSpec.EXACTLY)

    fun idle() = shadowOf(Looper.getMainLooper()).idle()

    fun choose(task: Task): Device = apply {
        activity.controller.chooseTask(task)
        until("the model of $task") { state.task == task && state.model is ModelState.Ready }
    }

    fun show(screen: Screen): Device = apply {
        activity.controller.show(screen)
        idle()
    }

    fun type(id: Int, text: String) {
        activity.findViewById<EditText>(id).setText(text)
        idle()
    }

    /** Tap what shows [text], or is described by it. */
    fun tap(text: String) {
        val view = shown().firstOrNull { it.isClickable && (wordsOf(it) == text) }
            ?: throw AssertionError("nothing to tap says $text; shown: ${texts()}")
        if (!view.isEnabled) throw AssertionError("$text can't be tapped")
        view.performClick()
        idle()
    }

    /** Every view that is visible, also below the screen's edge. */
    fun shown(): List<View> = descendants(activity.window.decorView).filter { it.isShown }

    /** What the visible views say, in order. */
    fun texts(): List<String> = shown().filterIsInstance<TextView>().map {
        it.text.toString()
    }.filter { it.isNotEmpty() }

    fun says(text: String): Boolean = texts().any { text in it }

    /** Turn the phone, or change its language, fonts or colours: `land`, `+night`. */
    fun configure(qualifiers: String) {
        val before = activity
        val old = Configuration(before.resources.configuration)
        RuntimeEnvironment.setQualifiers(qualifiers)
        // The activity's resources follow at once, so that what changed must be told.
        val new = before.resources.configuration
        owner.configurationChange(Configuration(new), before.resources.displayMetrics, old.diff(new))
        check(activity !== before) { "$qualifiers didn't make a new activity" }
        owner.visible()
        idle()
    }

    /** Leave the app, let Android end it, and come back: what is kept is in a bundle. */
    fun restarted(): Device {
        val bundle = Bundle()
        owner.pause().stop().saveInstanceState(bundle)
        owner.destroy()
        return Device(saved = bundle)
    }

    fun send(intent: Intent) {
        owner.newIntent(intent)
        idle()
    }

    override fun close() = owner.close()

    companion object {
        private const val PATIENCE_NS = 20_000_000_000L

        val application: TestDemoApplication get() = RuntimeEnvironment.getApplication() as TestDemoApplication

        /** Text, or else description. */
        fun wordsOf(view: View): String = (view as? TextView)?.text?.toString()?.takeIf { it.isNotEmpty() }
            ?: view.contentDescription?.toString().orEmpty()

        fun descendants(view: View): List<View> {
            val parts = (view as? ViewGroup)?.let { group -> (0 until group.childCount).map { group.getChildAt(it) } }
            return listOf(view) + parts.orEmpty().flatMap { descendants(it) }
        }
    }
}

package albertedge.app

import albertedge.app.state.BenchmarkState
import albertedge.app.state.Draft
import albertedge.app.state.OpenedRunner
import albertedge.app.state.Probes
import albertedge.app.state.ReplyState
import albertedge.app.state.RunSettings
import albertedge.app.state.RunnerFactory
import albertedge.app.state.Screen
import albertedge.artifact.Artifact
import albertedge.artifact.Task
import albertedge.desktop.DesktopModelRunner
import org.junit.Assert.assertTrue
import org.junit.Assume.assumeTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.io.File

/**
 * Pictures of the app with its own models, which TensorFlow Lite for desktops runs: target/screenshots/NAME.png.
 *
 * Of a task whose model hasn't been made (`make android-model`) they are skipped. Times in them are of the machine that
 * drew them.
 */
@RunWith(RobolectricTestRunner::class)
class ScreenshotsTest {
    @Test
    @Config(qualifiers = "$PHONE-port-notnight-hdpi")
    fun labels() = pictured("classify") { it.asked(Task.CLASSIFY) }

    @Test
    @Config(qualifiers = "$PHONE-port-night-hdpi")
    fun entities() = pictured("entities-night") { it.asked(Task.TAG) }

    @Test
    @Config(qualifiers = "$PHONE-port-notnight-hdpi")
    fun answer() = pictured("answer") { it.asked(Task.ANSWER) }

    @Test
    @Config(qualifiers = "de-rDE-w891dp-h411dp-land-notnight-hdpi")
    fun across() = pictured("entities-landscape-de") { it.asked(Task.TAG) }

    @Test
    @Config(qualifiers = "$PHONE-port-notnight-hdpi", fontScale = 2.0f)
    fun largeFonts() = pictured("classify-large-fonts") { it.asked(Task.CLASSIFY) }

    @Test
    @Config(qualifiers = "$PHONE-port-notnight-hdpi")
    fun models() = pictured("models") { it.show(Screen.MODELS) }

    @Test
    @Config(qualifiers = "$PHONE-port-night-hdpi")
    fun benchmark() = pictured("benchmark-night") { phone ->
        phone.choose(phone.state.tasks.first()).show(Screen.BENCHMARK)
        phone.type(R.id.form_lengths, "16, 64")
        phone.type(R.id.form_runs, "20")
        phone.tap("Start")
        phone.until("the result") { phone.state.benchmark is BenchmarkState.Done }
    }

    private fun Device.asked(task: Task) {
        assumeTrue("no model answers $task: make android-model", task in state.tasks)
        choose(task)
        val examples = when (task) {
            Task.TAG -> R.array.examples_tag
            Task.ANSWER -> R.array.examples_answer
            else -> R.array.examples_classify
        }
        val example = activity.resources.getStringArray(examples)[0]
        val draft = Draft(example.substringBefore('\n').trim(), example.substringAfter('\n', "").trim())
        activity.controller.edit(task, draft)
        activity.controller.run()
        until("an answer") { state.reply is ReplyState.Done }
    }

    private fun pictured(name: String, act: (Device) -> Unit) {
        Device.application.models = modelFiles()
        Device.application.runners = DesktopRunners
        Device.application.probes = Clock
        Device().use { phone ->
            act(phone.ready())
            phone.layOut()
            val picture = phone.activity.picture()
            assertTrue("a picture of one colour", picture.argb().distinct().size > LEAST_COLORS)
            picture.save(name)
        }
    }

    private fun modelFiles(): Map<String, ByteArray> {
        val made = File(System.getProperty("models")).listFiles { file -> file.name.endsWith(".tflite") }.orEmpty()
        val shared = File(System.getProperty("repository"), "examples/topics/topics.tflite")
        return (made.toList() + shared).distinctBy { it.name }.sortedBy { it.name }.associate {
            it.name to
                it.readBytes()
        }
    }

    private object DesktopRunners : RunnerFactory {
        override fun open(artifact: Artifact, settings: RunSettings): OpenedRunner =
            object : OpenedRunner(DesktopModelRunner(artifact, settings.threads)) {
                override val notice: String? = null
                override val delegate: String? = null
            }
    }

    /** Memory of a Java machine with a test in it would say nothing of a phone's. */
    private object Clock : Probes {
        override fun nanoTime(): Long = System.nanoTime()

        override fun memoryBytes(): Long? = null
    }

    private companion object {
        const val PHONE = "w411dp-h891dp"
        const val LEAST_COLORS = 50
    }
}

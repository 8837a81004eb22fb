package albertedge.app

import albertedge.app.state.ModelRef
import albertedge.app.state.ModelState
import albertedge.app.state.Processor
import albertedge.app.state.Screen
import android.app.Activity
import android.content.Intent
import android.net.Uri
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import java.io.ByteArrayInputStream
import java.io.IOException
import java.io.InputStream

@RunWith(RobolectricTestRunner::class)
class ModelsScreenTest {
    @Test
    fun `a user's own file is copied, checked and used`() = Device().use { phone ->
        phone.ready().show(Screen.MODELS)
        pick(phone, ByteArrayInputStream(TestModels.twoHeads))
        phone.until("the model") { (phone.state.model as? ModelState.Ready)?.ref is ModelRef.Opened }
        assertEquals(4, phone.state.library.size)
        val opened = phone.state.library.last().ref as ModelRef.Opened
        assertTrue(java.io.File(opened.path).readBytes().contentEquals(TestModels.twoHeads))
        // The next takes its place.
        pick(phone, ByteArrayInputStream(TestModels.topics))
        phone.until("the next") { (phone.state.model as? ModelState.Ready)?.facts?.tasks?.size == 1 }
        assertEquals(4, phone.state.library.size)
        assertTrue("the old copy is kept", !java.io.File(opened.path).exists())
    }

    @Test
    fun `a corrupt file is told, and the app goes on`() = refused(TestModels.corrupt, "This file can’t be used.")

    @Test
    fun `a file of a newer version is told, and the app goes on`() = refused(TestModels.tooNew, "version")

    @Test
    fun `a file that is no model is told, and the app goes on`() = refused(ByteArray(0), "This file can’t be used.")

    private fun refused(file: ByteArray, words: String) = Device().use { phone ->
        phone.ready().show(Screen.MODELS)
        pick(phone, ByteArrayInputStream(file))
        phone.until("a refusal") { phone.state.model is ModelState.Failed }
        assertTrue("${phone.texts()}", phone.says(words))
        phone.tap("topics.tflite")
        phone.until("another model") { phone.state.model is ModelState.Ready }
    }

    @Test
    fun `a document that breaks off is told, and nothing is left of it`() = Device().use { phone ->
        phone.ready().show(Screen.MODELS)
        val broken = object : InputStream() {
            override fun read(): Int = throw IOException("the network is gone")
        }
        pick(phone, broken)
        phone.until("a problem") { phone.state.pickProblem != null }
        assertTrue("${phone.texts()}", phone.says("the network is gone"))
        assertTrue(phone.state.model is ModelState.Ready)
        val folder = java.io.File(RuntimeEnvironment.getApplication().cacheDir, "models")
        assertEquals(emptyList<String>(), folder.list().orEmpty().toList())
    }

    @Test
    fun `a model among the app's own that is corrupt is told`() {
        Device.application.models = mapOf("a.tflite" to TestModels.corrupt, "b.tflite" to TestModels.topics)
        Device().use { phone ->
            phone.ready()
            assertTrue("${phone.texts()}", phone.says("a.tflite: This file can’t be used."))
        }
    }

    @Test
    fun `an app without models says so`() {
        Device.application.models = emptyMap()
        Device().use { phone ->
            phone.until("the word") { phone.says("No model") }
            phone.show(Screen.BENCHMARK)
            assertTrue("${phone.texts()}", phone.says("No model"))
        }
    }

    @Test
    fun `threads and processor are chosen, and what comes of it is said`() {
        val runners = FakeRunners(notice = "GPU needs a file of the unrolled layout: the CPU computes")
        Device.application.runners = runners
        Device().use { phone ->
            phone.ready().show(Screen.MODELS)
            phone.tap("+")
            phone.tap("GPU")
            phone.until("the model") { phone.state.model is ModelState.Ready }
            assertEquals(3, runners.settings.last().threads)
            assertEquals(Processor.GPU, runners.settings.last().processor)
            assertTrue("${phone.texts()}", phone.says("the CPU computes"))
        }
    }

    private fun pick(phone: Device, stream: InputStream) {
        phone.tap("Open a file …")
        val asked = shadowOf(phone.activity).nextStartedActivity
        assertEquals(Intent.ACTION_OPEN_DOCUMENT, asked.action)
        val address = Uri.parse("content://documents/my.tflite")
        shadowOf(phone.activity.contentResolver).registerInputStream(address, stream)
        shadowOf(phone.activity).receiveResult(asked, Activity.RESULT_OK, Intent().setData(address))
        phone.idle()
    }
}

package albertedge.app

import albertedge.app.device.PhoneMeasurer
import albertedge.app.state.BenchmarkState
import albertedge.app.state.ProblemKind
import albertedge.app.state.Screen
import albertedge.artifact.Task
import android.content.Intent
import android.net.Uri
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import java.io.File
import java.io.FileNotFoundException

@RunWith(RobolectricTestRunner::class)
class BenchmarkScreenTest {
    private val runners = FakeRunners().also { Device.application.runners = it }
    private val storage get() = RuntimeEnvironment.getApplication().getExternalFilesDir(null)!!

    @Test
    fun `what was measured is shown, written and shared`() = asked().use { phone ->
        phone.tap("Start")
        phone.until("the result") { phone.state.benchmark is BenchmarkState.Done }
        assertTrue("${phone.texts()}", phone.texts().containsAll(listOf("8", "16", "p50", "p90")))
        val file = File(storage, PhoneMeasurer.FOLDER).listFiles()!!.single()
        val json = JSONObject(file.readText())
        assertEquals("topics.tflite", json.getString("file"))
        assertEquals(2, json.getJSONArray("lengths").length())
        phone.tap("Share the JSON")
        @Suppress("DEPRECATION")
        val sent = shadowOf(phone.activity).nextStartedActivity.getParcelableExtra<Intent>(Intent.EXTRA_INTENT)!!

        @Suppress("DEPRECATION")
        val address = sent.getParcelableExtra<Uri>(Intent.EXTRA_STREAM)!!
        assertEquals("application/json", sent.type)
        assertTrue(sent.flags and Intent.FLAG_GRANT_READ_URI_PERMISSION != 0)
        val shared = phone.activity.contentResolver.openInputStream(address)!!.use { it.readBytes() }
        assertEquals(file.readText(), shared.toString(Charsets.UTF_8))
    }

    @Test
    fun `nothing but results is handed out`() = asked().use { phone ->
        File(storage, "secret").writeText("secret")
        File(storage, PhoneMeasurer.FOLDER).mkdirs()
        for (path in listOf("secret", "..%2Fsecret", "../secret", "", "benchmarks/x")) {
            assertThrows(path, FileNotFoundException::class.java) {
                phone.activity.contentResolver.openInputStream(Uri.parse("content://albertedge.app.results/$path"))
            }
        }
    }

    @Test
    fun `what can't be measured is told`() = asked().use { phone ->
        phone.type(R.id.form_lengths, "16, many")
        phone.tap("Start")
        assertTrue(phone.state.benchmark is BenchmarkState.Failed)
        assertTrue("${phone.texts()}", phone.says("received 'many'"))
        phone.type(R.id.form_lengths, "4000")
        phone.tap("Start")
        phone.until("a refusal") { phone.state.benchmark is BenchmarkState.Failed }
        assertTrue("${phone.texts()}", phone.says("4000"))
    }

    @Test
    fun `a benchmark is called off`() = asked().use { phone ->
        runners.gate.shut()
        phone.tap("Start")
        phone.tap("Cancel")
        runners.gate.open()
        assertSame(BenchmarkState.Idle, phone.state.benchmark)
        phone.tap("Start")
        phone.until("the result") { phone.state.benchmark is BenchmarkState.Done }
        assertEquals(1, File(storage, PhoneMeasurer.FOLDER).list()!!.size)
    }

    @Test
    fun `a host's job is done and its answer written`() {
        val folder = job("1")
        Device(Intent().putExtra(MainActivity.EXTRA_RUN, folder.path)).use { phone ->
            phone.until("the end") { File(folder, "ended.json").exists() }
            phone.until("the screen") { phone.state.benchmark is BenchmarkState.Done }
            assertEquals(0, JSONObject(File(folder, "ended.json").readText()).getInt("code"))
            val result = JSONObject(File(folder, "stdout").readText())
            assertEquals("model.tflite", result.getString("file"))
            assertEquals(Screen.BENCHMARK, phone.state.screen)
            assertTrue("${phone.texts()}", phone.says("The computer has the result."))
        }
    }

    @Test
    fun `a job for the app that runs is done too`() = asked().use { phone ->
        val folder = job("2")
        phone.send(Intent().putExtra(MainActivity.EXTRA_RUN, folder.path))
        phone.until("the end") { File(folder, "ended.json").exists() }
        assertEquals(0, JSONObject(File(folder, "ended.json").readText()).getInt("code"))
    }

    @Test
    fun `turning the phone doesn't begin the job again`() {
        val folder = job("3")
        Device(Intent().putExtra(MainActivity.EXTRA_RUN, folder.path)).use { phone ->
            phone.until("the end") { phone.state.benchmark is BenchmarkState.Done }
            phone.configure("+land")
            phone.idle()
            assertTrue(phone.state.benchmark is BenchmarkState.Done)
        }
    }

    @Test
    fun `a folder that isn't the app's is refused, and nothing is written to it`() {
        val outside = File(storage.parentFile, "outside").also { it.mkdirs() }
        job("4", outside)
        val before = outside.list()!!.toSet()
        for (path in listOf(outside.path, "${storage.path}/../outside", "/nowhere", "", storage.path)) {
            Device(Intent().putExtra(MainActivity.EXTRA_RUN, path)).use { phone ->
                phone.until("a refusal of $path") { phone.state.benchmark is BenchmarkState.Failed }
                assertEquals(ProblemKind.JOB, (phone.state.benchmark as BenchmarkState.Failed).problem.kind)
                assertTrue("${phone.texts()}", phone.says("The job that the computer asked for failed."))
            }
        }
        assertEquals(before, outside.list()!!.toSet())
        assertFalse(File(storage, "ended.json").exists())
    }

    @Test
    fun `a job for another file than its own is refused`() {
        val folder = job("5")
        val other = File(storage, "other.tflite").also { it.writeBytes(TestModels.topics) }
        val job = JSONObject(File(folder, "job.json").readText())
        job.put("files", JSONObject().put("model", other.path))
        job.getJSONArray("arguments").put(1, other.path)
        File(folder, "job.json").writeText(job.toString())
        Device(Intent().putExtra(MainActivity.EXTRA_RUN, folder.path)).use { phone ->
            phone.until("a refusal") { phone.state.benchmark is BenchmarkState.Failed }
            assertEquals(2, JSONObject(File(folder, "ended.json").readText()).getInt("code"))
            assertFalse(File(folder, "stdout").exists())
        }
    }

    private fun asked(): Device {
        val phone = Device().ready().choose(Task.CLASSIFY).show(Screen.BENCHMARK)
        phone.type(R.id.form_lengths, "8, 16")
        phone.type(R.id.form_runs, "3")
        return phone
    }

    /** A job as `albert-edge bench --device` writes it. */
    private fun job(name: String, folder: File = File(storage, "albert-edge/$name")): File {
        folder.mkdirs()
        val model = File(folder, "model.tflite").also { it.writeBytes(TestModels.topics) }
        val arguments = listOf("bench", model.path, "--lengths=8,16", "--runs=3", "--threads=1", "--json")
        val job = JSONObject()
        job.put("arguments", org.json.JSONArray(arguments))
        job.put("files", JSONObject().put("model", model.path))
        File(folder, "job.json").writeText(job.toString())
        return folder
    }
}

package albertedge.app

import albertedge.app.device.ResultProvider
import albertedge.app.state.Controller
import albertedge.app.state.UiState
import albertedge.app.ui.Actions
import albertedge.app.ui.RootView
import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.ClipData
import android.content.Intent
import android.os.Bundle
import java.io.File

/**
 * The one activity: it shows the controller's states, and speaks with other apps.
 *
 * The controller goes from one activity to the next when the phone is turned, with the model and what is running; when
 * Android ends the process, what was typed and chosen is saved. A host starts the job in FOLDER (docs/devices.md, "Over
 * adb") by `adb shell am start -n albertedge.app/.MainActivity --es run FOLDER`.
 */
class MainActivity :
    Activity(),
    Actions {
    lateinit var controller: Controller
        private set

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        // The one way to keep objects without androidx; Android has deprecated, not replaced it.
        @Suppress("DEPRECATION")
        val kept = lastNonConfigurationInstance as? Controller
        controller = kept ?: newController(savedInstanceState)
        val root = RootView(this, controller, this)
        setContentView(root)
        controller.observer = { root.render(it) }
    }

    private fun newController(saved: Bundle?): Controller {
        val tools = (application as DemoApplication).tools()
        val controller = Controller(tools, saved?.let { SavedState.read(it) } ?: UiState())
        // First, so that a job measures an app that has loaded nothing; only once, whatever the activity lives through.
        if (saved == null) jobOf(intent)?.let { controller.runJob(it) }
        controller.start(saved?.let { SavedState.model(it) })
        return controller
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        jobOf(intent)?.let { controller.runJob(it) }
    }

    /** Any app may send anything: what can't be unpacked has no folder in it. A job of the past isn't done again. */
    private fun jobOf(intent: Intent): String? = try {
        val isOld = intent.flags and Intent.FLAG_ACTIVITY_LAUNCHED_FROM_HISTORY != 0
        if (isOld) null else intent.getStringExtra(EXTRA_RUN)
    } catch (_: RuntimeException) {
        null
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        SavedState.write(controller.state, outState)
    }

    @Deprecated("See onCreate.")
    override fun onRetainNonConfigurationInstance(): Any = controller

    override fun onDestroy() {
        controller.observer = null
        if (!isChangingConfigurations) controller.close()
        super.onDestroy()
    }

    override fun openFile() {
        val intent = Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("*/*")
        try {
            @Suppress("DEPRECATION")
            startActivityForResult(intent, REQUEST_FILE)
        } catch (_: ActivityNotFoundException) {
            controller.cannotPick(getString(R.string.no_picker))
        }
    }

    @Deprecated("androidx has another way; the framework has not.")
    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        val address = data?.data ?: return
        if (requestCode == REQUEST_FILE && resultCode == RESULT_OK) controller.adopt(address.toString())
    }

    override fun shareText(text: String) {
        val intent = Intent(Intent.ACTION_SEND).setType("text/plain").putExtra(Intent.EXTRA_TEXT, text)
        startActivity(Intent.createChooser(intent, null))
    }

    override fun shareFile(path: String) {
        val address = ResultProvider.addressOf(File(path))
        val intent = Intent(Intent.ACTION_SEND).setType(ResultProvider.TYPE).putExtra(Intent.EXTRA_STREAM, address)
        intent.clipData = ClipData.newRawUri(null, address)
        intent.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        startActivity(Intent.createChooser(intent, null))
    }

    companion object {
        /** The folder of a host's job. */
        const val EXTRA_RUN = "run"
        private const val REQUEST_FILE = 1
    }
}

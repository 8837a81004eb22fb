package albertedge.app

import albertedge.app.device.ModelFiles
import albertedge.app.device.Phone
import albertedge.app.device.PhoneMeasurer
import albertedge.app.device.TfliteRunners
import albertedge.app.state.RunnerFactory
import albertedge.app.state.Tools
import albertedge.app.state.Worker
import android.app.Application
import android.os.Handler
import android.os.Looper
import android.util.Log

/** Puts together what the activity works with; tests put in another [runners]. */
open class DemoApplication : Application() {
    /** What runs models. */
    protected open val runners: RunnerFactory = TfliteRunners

    /** New ones for each controller, which closes them. */
    open fun tools(): Tools {
        val main = Handler(Looper.getMainLooper())
        val models = ModelFiles(this)
        val phone = Phone(packageManager.getPackageInfo(packageName, 0).versionName)
        val worker = Worker(main = { main.post(it) }, log = { Log.e(TAG, "unexpected", it) })
        return Tools(worker, models, runners, PhoneMeasurer(this, models, runners, phone), phone)
    }

    private companion object {
        const val TAG = "albert-edge"
    }
}

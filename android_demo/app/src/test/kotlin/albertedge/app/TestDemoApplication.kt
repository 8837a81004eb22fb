package albertedge.app

import albertedge.app.device.ModelFiles
import albertedge.app.device.Phone
import albertedge.app.device.PhoneMeasurer
import albertedge.app.state.ModelRef
import albertedge.app.state.ModelSource
import albertedge.app.state.Probes
import albertedge.app.state.RunnerFactory
import albertedge.app.state.Ticket
import albertedge.app.state.Tools
import albertedge.app.state.Worker
import android.os.Handler
import android.os.Looper
import java.nio.ByteBuffer

/**
 * What Robolectric starts in place of [DemoApplication], by its name. A test says what the next activity works with.
 *
 * Opened files are the app's own: they are copied, mapped and checked as on a phone.
 */
class TestDemoApplication : DemoApplication() {
    public override var runners: RunnerFactory = FakeRunners()
    var models: Map<String, ByteArray> = TestModels.all()
    var probes: Probes = FakeProbes()

    override fun tools(): Tools {
        val main = Handler(Looper.getMainLooper())
        val source = TestModelFiles(FakeModels(models), ModelFiles(this))
        val worker = Worker(main = { main.post(it) }, log = { throw AssertionError("unexpected", it) })
        return Tools(worker, source, runners, PhoneMeasurer(this, source, runners, Phone("1.0")), probes)
    }

    private class TestModelFiles(private val bundled: ModelSource, private val opened: ModelSource) : ModelSource {
        override fun bundled(): List<ModelRef.Bundled> = bundled.bundled()

        override fun map(ref: ModelRef): ByteBuffer = if (ref is ModelRef.Bundled) bundled.map(ref) else opened.map(ref)

        override fun adopt(address: String, ticket: Ticket): ModelRef.Opened = opened.adopt(address, ticket)
    }
}

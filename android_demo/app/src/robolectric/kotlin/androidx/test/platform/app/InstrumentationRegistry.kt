package androidx.test.platform.app

import android.app.Instrumentation
import android.os.Bundle

/**
 * The part of AndroidX Test that Robolectric calls, where Google's Maven repository is out of reach: this package and
 * its neighbours stand in for `androidx.test:monitor`, and only Maven's build compiles them.
 */
object InstrumentationRegistry {
    private var instrumentation: Instrumentation? = null
    private var arguments = Bundle()

    /** Robolectric registers null when a test has ended. */
    @JvmStatic
    fun registerInstance(instrumentation: Instrumentation?, arguments: Bundle) {
        this.instrumentation = instrumentation
        this.arguments = Bundle(arguments)
    }

    @JvmStatic
    fun getInstrumentation(): Instrumentation = checkNotNull(instrumentation) { "no instrumentation is registered" }

    @JvmStatic
    fun getArguments(): Bundle = Bundle(arguments)
}

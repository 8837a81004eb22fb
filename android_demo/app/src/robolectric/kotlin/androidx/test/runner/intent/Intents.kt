package androidx.test.runner.intent

import android.app.Instrumentation.ActivityResult
import android.content.Intent

/** Robolectric registers one and asks it nothing: ShadowActivity keeps the intents that were sent. */
interface IntentMonitor

/** Answers an intent in an activity's place. */
interface IntentStubber {
    fun getActivityResultForIntent(intent: Intent): ActivityResult?
}

object IntentMonitorRegistry {
    private var monitor: IntentMonitor? = null

    @JvmStatic
    fun registerInstance(monitor: IntentMonitor?) {
        this.monitor = monitor
    }

    @JvmStatic
    fun getInstance(): IntentMonitor = checkNotNull(monitor) { "no intent monitor is registered" }
}

object IntentStubberRegistry {
    private var stubber: IntentStubber? = null

    @JvmStatic
    fun load(stubber: IntentStubber) {
        this.stubber = stubber
    }

    @JvmStatic
    fun isLoaded(): Boolean = stubber != null

    @JvmStatic
    fun getInstance(): IntentStubber = checkNotNull(stubber) { "no intent stubber is loaded" }

    @JvmStatic
    fun reset() {
        stubber = null
    }
}

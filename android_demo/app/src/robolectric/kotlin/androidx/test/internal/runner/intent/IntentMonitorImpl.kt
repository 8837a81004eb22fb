package androidx.test.internal.runner.intent

import android.content.Intent
import androidx.test.runner.intent.IntentMonitor

class IntentMonitorImpl : IntentMonitor {
    /** Nobody listens, so the intent is not passed on. */
    @Suppress("UNUSED_PARAMETER")
    fun signalIntent(intent: Intent) = Unit
}

package albertedge.app

import android.app.Activity

/** The one activity. */
class MainActivity : Activity()

package albertedge.app.ui

import albertedge.app.R
import albertedge.app.state.Screen
import android.content.res.ColorStateList
import android.util.TypedValue
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.LinearLayout
import android.widget.RadioButton

/** One entry a screen, with picture and name; the one that is shown stands out. */
class NavigationBar(private val kit: Kit, isRail: Boolean, private val chosen: (Screen) -> Unit) {
    private val entries = Screen.values().associateWith { entry(it) }

    val view: LinearLayout = kit.column().apply {
        setBackgroundColor(kit.color(R.color.card))
        val bar = LinearLayout(context)
        bar.orientation = if (isRail) LinearLayout.VERTICAL else LinearLayout.HORIZONTAL
        bar.setPadding(kit.dp(8), kit.dp(4), kit.dp(8), kit.dp(4))
        for (entry in entries.values) {
            val params = if (isRail) {
                LinearLayout.LayoutParams(MATCH_PARENT, WRAP_CONTENT)
            } else {
                LinearLayout.LayoutParams(0, WRAP_CONTENT, 1f)
            }
            bar.addView(entry, params)
        }
        if (isRail) gravity = Gravity.CENTER_VERTICAL
        addView(bar, LinearLayout.LayoutParams(if (isRail) WRAP_CONTENT else MATCH_PARENT, WRAP_CONTENT))
    }

    fun render(screen: Screen) {
        for ((each, entry) in entries) entry.isChecked = each == screen
    }

    private fun entry(screen: Screen): RadioButton {
        val (picture, name) = when (screen) {
            Screen.TRY -> R.drawable.ic_try to R.string.nav_try
            Screen.MODELS -> R.drawable.ic_models to R.string.nav_models
            Screen.BENCHMARK -> R.drawable.ic_benchmark to R.string.nav_benchmark
        }
        val colors = ColorStateList(
            arrayOf(intArrayOf(android.R.attr.state_checked), intArrayOf()),
            intArrayOf(kit.accent, kit.secondary),
        )
        return kit.chip(kit.string(name)) { chosen(screen) }.apply {
            textSize = NAME_SP
            // The largest fonts would break a name in two: a third of a narrow phone is all that it has.
            setTextSize(TypedValue.COMPLEX_UNIT_PX, minOf(textSize, kit.dp(LARGEST_NAME_DP).toFloat()))
            gravity = Gravity.CENTER
            textAlignment = View.TEXT_ALIGNMENT_CENTER
            setTextColor(colors)
            background = kit.tappable(kit.rounded(android.graphics.Color.TRANSPARENT, Kit.CONTROL_CORNER))
            setPadding(kit.dp(8), kit.dp(8), kit.dp(8), kit.dp(8))
            setCompoundDrawablesRelativeWithIntrinsicBounds(0, picture, 0, 0)
            compoundDrawablePadding = kit.dp(4)
            compoundDrawableTintList = colors
        }
    }

    private companion object {
        const val NAME_SP = 14f
        const val LARGEST_NAME_DP = 17
    }
}

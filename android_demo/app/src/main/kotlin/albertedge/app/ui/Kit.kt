package albertedge.app.ui

import albertedge.app.R
import android.content.Context
import android.content.res.ColorStateList
import android.graphics.Typeface
import android.graphics.drawable.Drawable
import android.graphics.drawable.GradientDrawable
import android.graphics.drawable.InsetDrawable
import android.graphics.drawable.RippleDrawable
import android.os.Build
import android.util.TypedValue
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.Button
import android.widget.LinearLayout
import android.widget.RadioButton
import android.widget.TextView

/**
 * The look of the app: distances in steps of 8 dp, text in sp, cards with round corners, one accent colour.
 *
 * Nothing has a fixed height, so that large fonts only make things longer.
 */
class Kit(val context: Context) {
    val accent: Int = color(R.color.accent)
    val text: Int = color(R.color.text)
    val secondary: Int = color(R.color.text_secondary)
    val selected: Int = color(R.color.selected)
    val outline: Int = color(R.color.outline)
    val divider: Int = color(R.color.divider)
    val error: Int = color(R.color.error)

    /** Whether two things side by side leave too little room for each, since the user has set large text. */
    val hasLargeText: Boolean = context.resources.configuration.fontScale >= LARGE_TEXT

    val isDark: Boolean = context.resources.getBoolean(R.bool.is_dark)

    fun color(id: Int): Int = context.getColor(id)

    fun string(id: Int, vararg values: Any): String = context.getString(id, *values)

    /** Density-independent pixels in pixels. */
    fun dp(value: Int): Int {
        val metrics = context.resources.displayMetrics
        return TypedValue.applyDimension(TypedValue.COMPLEX_UNIT_DIP, value.toFloat(), metrics).toInt()
    }

    /** Running text of [sp] units. */
    fun label(value: CharSequence, sp: Float = BODY, color: Int = text, isBold: Boolean = false): TextView {
        val view = TextView(context)
        view.text = value
        view.setTextSize(TypedValue.COMPLEX_UNIT_SP, sp)
        view.setTextColor(color)
        view.setLineSpacing(0f, LINE_SPACING)
        // A text in another script than the app's lies on the app's side all the same.
        view.textAlignment = View.TEXT_ALIGNMENT_VIEW_START
        if (isBold) view.typeface = Typeface.create("sans-serif-medium", Typeface.NORMAL)
        return view
    }

    /** The title of a card or a screen, which TalkBack can jump to. */
    fun heading(value: CharSequence, sp: Float = HEADING): TextView {
        val view = label(value, sp, isBold = true)
        markAsHeading(view)
        return view
    }

    fun caption(value: CharSequence) = label(value, CAPTION, secondary)

    /** Says that something went wrong; read out as it appears. */
    fun problem(value: CharSequence) = label(value, color = error).apply {
        accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_POLITE
    }

    fun card(): LinearLayout = column().apply {
        background = rounded(color(R.color.card), CORNER)
        setPadding(dp(16), dp(16), dp(16), dp(16))
    }

    fun column() = LinearLayout(context).apply { orientation = LinearLayout.VERTICAL }

    fun row() = LinearLayout(context).apply {
        orientation = LinearLayout.HORIZONTAL
        gravity = Gravity.CENTER_VERTICAL
    }

    /** The one thing to do. */
    fun primaryButton(value: CharSequence, action: () -> Unit) = button(value, action).apply {
        setTextColor(states(color(R.color.on_accent), secondary))
        background = rippled(rounded(accent, CONTROL_CORNER), rounded(divider, CONTROL_CORNER))
    }

    /** Another thing to do. */
    fun secondaryButton(value: CharSequence, action: () -> Unit) = button(value, action).apply {
        setTextColor(states(accent, secondary))
        background = rippled(edged(outline), edged(divider))
    }

    private fun button(value: CharSequence, action: () -> Unit) = Button(context, null, 0).apply {
        text = value
        setTextSize(TypedValue.COMPLEX_UNIT_SP, BODY)
        typeface = Typeface.create("sans-serif-medium", Typeface.NORMAL)
        gravity = Gravity.CENTER
        minHeight = dp(TOUCH)
        setPadding(dp(20), dp(8), dp(20), dp(8))
        isFocusable = true
        setOnClickListener { action() }
    }

    /** One of several, of which one is chosen. */
    fun chip(value: CharSequence, action: () -> Unit) = RadioButton(context).apply {
        text = value
        buttonDrawable = null
        setTextSize(TypedValue.COMPLEX_UNIT_SP, BODY)
        minHeight = dp(TOUCH)
        setTextColor(
            ColorStateList(
                arrayOf(intArrayOf(android.R.attr.state_checked), intArrayOf()),
                intArrayOf(accent, secondary),
            ),
        )
        background = chipBackground()
        // Behind the background, which brings a padding of its own.
        setPadding(dp(16), dp(8), dp(16), dp(8))
        setOnClickListener { action() }
    }

    private fun chipBackground(): Drawable {
        val states = android.graphics.drawable.StateListDrawable()
        states.addState(intArrayOf(android.R.attr.state_checked), rounded(selected, CHIP_CORNER))
        states.addState(intArrayOf(), edged(outline, CHIP_CORNER))
        // 48 dp to touch, 40 dp to see.
        return InsetDrawable(ripple(states, rounded(text, CHIP_CORNER)), 0, dp(4), 0, dp(4))
    }

    /** A plain area that can be tapped. */
    fun tappable(shape: Drawable): Drawable = ripple(shape, rounded(text, CONTROL_CORNER))

    fun rounded(color: Int, cornerDp: Int) = GradientDrawable().apply {
        cornerRadius = dp(cornerDp).toFloat()
        setColor(color)
    }

    fun edged(color: Int, cornerDp: Int = CONTROL_CORNER) = GradientDrawable().apply {
        cornerRadius = dp(cornerDp).toFloat()
        setColor(android.graphics.Color.TRANSPARENT)
        setStroke(dp(1), color)
    }

    private fun rippled(enabled: Drawable, disabled: Drawable): Drawable {
        val states = android.graphics.drawable.StateListDrawable()
        states.addState(intArrayOf(-android.R.attr.state_enabled), disabled)
        states.addState(intArrayOf(), enabled)
        return ripple(states, rounded(text, CONTROL_CORNER))
    }

    private fun ripple(shape: Drawable, mask: Drawable) =
        RippleDrawable(ColorStateList.valueOf(outline and 0x00FFFFFF or RIPPLE_ALPHA), shape, mask)

    private fun states(enabled: Int, disabled: Int) = ColorStateList(
        arrayOf(intArrayOf(-android.R.attr.state_enabled), intArrayOf()),
        intArrayOf(disabled, enabled),
    )

    companion object {
        const val CAPTION = 14f
        const val BODY = 16f
        const val HEADING = 18f
        const val TITLE = 22f
        const val CORNER = 16
        const val CONTROL_CORNER = 12
        const val CHIP_CORNER = 20

        /** Least height of what is tapped, in dp. */
        const val TOUCH = 48
        private const val LARGE_TEXT = 1.3f
        private const val LINE_SPACING = 1.15f
        private const val RIPPLE_ALPHA = 0x40000000
    }
}

/** Lets TalkBack's users jump to [view]; Android 8 has no such mark. */
fun markAsHeading(view: View) {
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) view.isAccessibilityHeading = true
}

/** Lets TalkBack say [state] of a control instead of a percentage, from Android 11 on. */
fun describeState(view: View, state: CharSequence) {
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) view.stateDescription = state
}

/** Append [child] below what is there, [gap] pixels apart, as wide as the column. */
fun LinearLayout.below(child: View, gap: Int = 0, width: Int = MATCH_PARENT) {
    addView(child, LinearLayout.LayoutParams(width, WRAP_CONTENT).apply { if (childCount > 0) topMargin = gap })
}

/** Append [child] behind what is there in a row; [weight] above 0: it takes that share of what is left. */
fun LinearLayout.beside(child: View, gap: Int = 0, weight: Float = 0f) {
    val width = if (weight > 0) 0 else WRAP_CONTENT
    val params = LinearLayout.LayoutParams(width, WRAP_CONTENT, weight)
    if (childCount > 0) params.marginStart = gap
    addView(child, params)
}

/** Show or hide without leaving a gap. */
fun View.showIf(condition: Boolean) {
    visibility = if (condition) View.VISIBLE else View.GONE
}

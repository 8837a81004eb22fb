package albertedge.app.ui

import albertedge.app.R
import android.text.Editable
import android.text.InputType
import android.text.TextWatcher
import android.util.TypedValue
import android.view.Gravity
import android.view.View
import android.view.inputmethod.EditorInfo
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.TextView

/** A field with its name above it; [changed] is told of what the user types, not of what [show] puts there. */
class Field(private val kit: Kit, id: Int, name: CharSequence, kind: Kind, private val changed: () -> Unit) {
    /** What it is for: a text of any length, or numbers. */
    enum class Kind { TEXT, NUMBERS }

    private var isShowing = false

    val label: TextView = kit.label(name, Kit.CAPTION, kit.secondary, isBold = true).apply { labelFor = id }

    val input: EditText = EditText(kit.context).apply {
        this.id = id
        gravity = Gravity.TOP or Gravity.START
        setTextSize(TypedValue.COMPLEX_UNIT_SP, Kit.BODY)
        setTextColor(kit.text)
        background = kit.edged(kit.outline)
        setPadding(kit.dp(12), kit.dp(12), kit.dp(12), kit.dp(12))
        minimumHeight = kit.dp(Kit.TOUCH)
        textAlignment = View.TEXT_ALIGNMENT_VIEW_START
        // The controller remembers the text; a long one would be too much for what Android saves.
        isSaveEnabled = false
        // In landscape the keyboard would otherwise hide everything else.
        imeOptions = EditorInfo.IME_FLAG_NO_EXTRACT_UI or EditorInfo.IME_FLAG_NO_FULLSCREEN
        if (kind == Kind.TEXT) forText(this) else forNumbers(this)
        addTextChangedListener(Watcher())
    }

    val view: LinearLayout = kit.column().apply {
        below(label)
        below(input, kit.dp(4))
    }

    val text: String get() = input.text.toString()

    /** Show [value], the cursor at its end. */
    fun show(value: String) {
        if (text == value) return
        isShowing = true
        input.setText(value)
        input.setSelection(value.length)
        isShowing = false
    }

    private fun forText(input: EditText) {
        input.inputType = InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_FLAG_MULTI_LINE or
            InputType.TYPE_TEXT_FLAG_CAP_SENTENCES
        input.minLines = LINES
    }

    /** Several numbers have commas between them, which no keyboard for numbers has. */
    private fun forNumbers(input: EditText) {
        input.inputType = InputType.TYPE_CLASS_TEXT or InputType.TYPE_TEXT_FLAG_NO_SUGGESTIONS
        input.setSingleLine()
        // In their order also where reading starts on the right.
        input.textDirection = View.TEXT_DIRECTION_LTR
    }

    private inner class Watcher : TextWatcher {
        override fun beforeTextChanged(text: CharSequence?, start: Int, count: Int, after: Int) = Unit

        override fun onTextChanged(text: CharSequence?, start: Int, before: Int, count: Int) = Unit

        override fun afterTextChanged(text: Editable) {
            if (!isShowing) changed()
        }
    }

    private companion object {
        const val LINES = 2
    }
}

/** A number that goes up and down by one, from 1 to [most]. */
class Stepper(private val kit: Kit, name: CharSequence, private val most: Int, private val changed: (Int) -> Unit) {
    private var value = 1
    private val number = kit.label("1", isBold = true).apply {
        textAlignment = View.TEXT_ALIGNMENT_CENTER
        minWidth = kit.dp(Kit.TOUCH)
        accessibilityLiveRegion = View.ACCESSIBILITY_LIVE_REGION_POLITE
    }
    private val fewer = button("\u2212", R.string.fewer, name, -1)
    private val more = button("+", R.string.more, name, 1)

    val view: LinearLayout = kit.row().apply {
        beside(kit.label(name), weight = 1f)
        beside(fewer, kit.dp(8))
        beside(number)
        beside(more)
    }

    fun show(value: Int, isEnabled: Boolean) {
        this.value = value
        number.text = value.toString()
        fewer.isEnabled = isEnabled && value > 1
        more.isEnabled = isEnabled && value < most
    }

    private fun button(sign: String, description: Int, name: CharSequence, step: Int) =
        kit.secondaryButton(sign) { changed((value + step).coerceIn(1, most)) }.apply {
            minWidth = kit.dp(Kit.TOUCH)
            setPadding(0, 0, 0, 0)
            contentDescription = kit.string(description, name)
        }
}

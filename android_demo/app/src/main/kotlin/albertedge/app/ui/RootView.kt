package albertedge.app.ui

import albertedge.app.R
import albertedge.app.state.Controller
import albertedge.app.state.Formatting
import albertedge.app.state.Screen
import albertedge.app.state.UiState
import android.content.Context
import android.content.res.Configuration
import android.graphics.Rect
import android.os.Build
import android.view.View
import android.view.WindowInsets
import android.widget.FrameLayout
import android.widget.LinearLayout
import android.widget.ScrollView

/** What the activity does for its views. */
interface Actions {
    /** Let the user pick a model file. */
    fun openFile()

    fun shareText(text: String)

    /** Share the file at [path], a benchmark's result. */
    fun shareFile(path: String)
}

/** The three screens, and the bar that leads to them: below, or beside them on a phone that lies on its side. */
class RootView(context: Context, controller: Controller, actions: Actions) : LinearLayout(context) {
    private val kit = Kit(context)
    private val formatting = Formatting(resources.configuration.locales[0])
    private val words = Words(resources, formatting)
    private val isWide = resources.configuration.orientation == Configuration.ORIENTATION_LANDSCAPE
    private val tryScreen = TryScreen(kit, controller, words, isWide) { actions.shareText(it) }
    private val modelsScreen = ModelsScreen(kit, controller, words) { actions.openFile() }
    private val benchmarkScreen = BenchmarkScreen(kit, controller, formatting, words) { actions.shareFile(it) }
    private val navigation = NavigationBar(kit, isWide) { controller.show(it) }
    private val pages = mapOf(
        Screen.TRY to page(R.id.screen_try, R.string.title_try, tryScreen.view),
        Screen.MODELS to page(R.id.screen_models, R.string.title_models, modelsScreen.view),
        Screen.BENCHMARK to page(R.id.screen_benchmark, R.string.title_benchmark, benchmarkScreen.view),
    )

    init {
        orientation = if (isWide) HORIZONTAL else VERTICAL
        setBackgroundColor(kit.color(R.color.background))
        val content = FrameLayout(context)
        for (page in pages.values) content.addView(page)
        if (isWide) {
            addView(navigation.view, LayoutParams(LayoutParams.WRAP_CONTENT, LayoutParams.MATCH_PARENT))
            addView(content, LayoutParams(0, LayoutParams.MATCH_PARENT, 1f))
        } else {
            addView(content, LayoutParams(LayoutParams.MATCH_PARENT, 0, 1f))
            addView(navigation.view, LayoutParams(LayoutParams.MATCH_PARENT, LayoutParams.WRAP_CONTENT))
        }
    }

    fun render(state: UiState) {
        for ((screen, page) in pages) page.showIf(screen == state.screen)
        navigation.render(state.screen)
        tryScreen.render(state)
        modelsScreen.render(state)
        benchmarkScreen.render(state)
    }

    /** From Android 15 on the window lies behind the system's bars; before, Android keeps clear of them and says 0. */
    override fun onApplyWindowInsets(insets: WindowInsets): WindowInsets {
        val edges = edges(insets)
        val keyboard = keyboard(insets)
        if (isWide) {
            setPadding(edges.left, edges.top, edges.right, maxOf(edges.bottom, keyboard))
        } else {
            setPadding(edges.left, edges.top, edges.right, keyboard)
            // The bar's colour goes on behind the system's own.
            navigation.view.setPadding(0, 0, 0, edges.bottom)
            navigation.view.showIf(keyboard == 0)
        }
        return insets
    }

    private fun edges(insets: WindowInsets): Rect {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) {
            val bars = insets.getInsets(WindowInsets.Type.systemBars() or WindowInsets.Type.displayCutout())
            return Rect(bars.left, bars.top, bars.right, bars.bottom)
        }
        @Suppress("DEPRECATION")
        return with(insets) {
            Rect(systemWindowInsetLeft, systemWindowInsetTop, systemWindowInsetRight, systemWindowInsetBottom)
        }
    }

    /** Height of the keyboard where it lies over the window, in pixels. */
    private fun keyboard(insets: WindowInsets): Int =
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) insets.getInsets(WindowInsets.Type.ime()).bottom else 0

    private fun page(id: Int, title: Int, screen: View): ScrollView {
        val column = kit.column()
        column.setPadding(kit.dp(16), kit.dp(16), kit.dp(16), kit.dp(24))
        column.below(kit.caption(kit.string(R.string.app_name)).apply { setTextColor(kit.accent) })
        column.below(kit.heading(kit.string(title), TITLE_SP))
        column.below(screen, kit.dp(16))
        return ScrollView(context).apply {
            this.id = id
            isFillViewport = true
            addView(Centred(context, kit.dp(MOST_WIDTH_DP)).apply { addView(column) })
        }
    }

    /** Lines that go right across a tablet are hard to read. */
    private class Centred(context: Context, private val most: Int) : FrameLayout(context) {
        override fun onMeasure(widthMeasureSpec: Int, heightMeasureSpec: Int) {
            val side = maxOf(0, (MeasureSpec.getSize(widthMeasureSpec) - most) / 2)
            setPadding(side, 0, side, 0)
            super.onMeasure(widthMeasureSpec, heightMeasureSpec)
        }
    }

    private companion object {
        const val TITLE_SP = 28f
        const val MOST_WIDTH_DP = 840
    }
}

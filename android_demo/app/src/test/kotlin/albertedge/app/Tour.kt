package albertedge.app

import albertedge.app.state.BenchmarkState
import albertedge.app.state.ModelState
import albertedge.app.state.ReplyState
import albertedge.app.state.Screen
import albertedge.artifact.Task

/** Shows every screen in every state that differs by what can be seen, and hands the phone to [look] in each. */
fun tour(look: (String, Device) -> Unit) {
    val runners =
        FakeRunners(notice = "GPU needs a file of the unrolled layout; received a looped one: the CPU computes")
    val text = "\uD83D\uDC4D Anna flew \uD83D\uDEEB to Rome, and came back without her suitcases."
    val passage = "The rocket landed in Texas on Monday."
    runners.script = Script(2, Entities(text, listOf("Anna" to "PER", "Rome" to "LOC")), "Where?", passage, "Texas")
    Device.application.runners = runners
    Device().use { phone ->
        phone.ready()
        look("start", phone)
        ask(phone, Task.CLASSIFY, text, "")
        look("labels", phone)
        ask(phone, Task.TAG, text, "")
        look("entities", phone)
        ask(phone, Task.ANSWER, "Where?", passage)
        look("answer", phone)
        runners.gate.shut()
        phone.tap("Run")
        look("running", phone)
        phone.tap("Cancel")
        runners.gate.open()
        phone.type(R.id.input_second, "")
        phone.tap("Run")
        phone.until("a failure") { phone.state.reply is ReplyState.Failed }
        look("failed", phone)
        phone.show(Screen.MODELS)
        look("models", phone)
        measure(phone, look)
    }
    Device.application.models = mapOf("a.tflite" to TestModels.corrupt, "b.tflite" to TestModels.tooNew)
    Device().use { phone ->
        phone.ready()
        look("no model", phone)
        phone.show(Screen.MODELS)
        look("refused models", phone)
    }
}

private fun ask(phone: Device, task: Task, text: String, second: String) {
    phone.choose(task)
    phone.type(R.id.input_text, text)
    if (second.isNotEmpty()) phone.type(R.id.input_second, second)
    phone.tap("Run")
    phone.until("an answer") { phone.state.reply is ReplyState.Done }
}

private fun measure(phone: Device, look: (String, Device) -> Unit) {
    phone.choose(Task.CLASSIFY).show(Screen.BENCHMARK)
    phone.until("the model") { phone.state.model is ModelState.Ready }
    look("benchmark", phone)
    phone.type(R.id.form_lengths, "8, 16")
    phone.type(R.id.form_runs, "3")
    phone.tap("Start")
    phone.until("the result") { phone.state.benchmark is BenchmarkState.Done }
    look("benchmark's result", phone)
}

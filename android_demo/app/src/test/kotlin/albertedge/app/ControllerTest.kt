package albertedge.app

import albertedge.app.state.BenchmarkState
import albertedge.app.state.Controller
import albertedge.app.state.Draft
import albertedge.app.state.ModelRef
import albertedge.app.state.ModelState
import albertedge.app.state.Prediction
import albertedge.app.state.ProblemKind
import albertedge.app.state.Processor
import albertedge.app.state.Reply
import albertedge.app.state.ReplyState
import albertedge.app.state.RunSettings
import albertedge.app.state.Tools
import albertedge.app.state.Worker
import albertedge.artifact.Task
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test

class ControllerTest {
    private val main = FakeMain()
    private val runners = FakeRunners()
    private val gate get() = runners.gate
    private val measurer = FakeMeasurer(gate)
    private var controller: Controller? = null

    @After
    fun close() {
        gate.open()
        controller?.close()
    }

    @Test
    fun `the first model is loaded, and what the others answer is known`() {
        val controller = started()
        assertEquals(listOf(Task.CLASSIFY, Task.TAG, Task.ANSWER), controller.state.tasks)
        assertEquals(Task.ANSWER, controller.state.task)
        assertEquals("fake 1.0", (controller.state.model as ModelState.Ready).runtime)
        assertEquals(1, runners.settings.size)
    }

    @Test
    fun `a text is answered`() {
        val controller = ready(Task.CLASSIFY)
        controller.edit(Task.CLASSIFY, Draft("Stocks fell sharply"))
        val reply = answered(controller)
        val labels = reply.prediction as Prediction.Labels
        assertEquals(listOf("LABEL_2"), labels.given)
        assertEquals("LABEL_2", labels.bars[0].label)
        assertEquals(1.0, labels.bars.sumOf { it.score }, 1e-9)
        assertEquals(5.0, reply.latencyMs, 0.0)
        assertEquals("topics.tflite", reply.modelName)
    }

    @Test
    fun `an empty text is a problem of the request`() {
        val controller = ready(Task.CLASSIFY)
        controller.run()
        main.until("a failure") { controller.state.reply is ReplyState.Failed }
        val problem = (controller.state.reply as ReplyState.Failed).problem
        assertEquals(ProblemKind.REQUEST, problem.kind)
        assertTrue(problem.detail, "received" in problem.detail)
    }

    @Test
    fun `an answer that is called off never comes`() {
        val controller = ready(Task.CLASSIFY)
        // Several windows: the work stops between two.
        controller.edit(Task.CLASSIFY, Draft("word ".repeat(400)))
        val before = gate.runs
        gate.shut()
        controller.run()
        assertSame(ReplyState.Running, controller.state.reply)
        while (gate.runs == before) Thread.sleep(1)
        controller.dropReply()
        assertSame(ReplyState.Idle, controller.state.reply)
        gate.open()
        controller.edit(Task.CLASSIFY, Draft("short"))
        val reply = answered(controller)
        assertEquals("short", reply.request.text)
        assertEquals(before + 2, gate.runs)
    }

    @Test
    fun `only the last of several questions is answered`() {
        val controller = ready(Task.CLASSIFY)
        gate.shut()
        for (text in listOf("one", "two", "three")) {
            controller.edit(Task.CLASSIFY, Draft(text))
            controller.run()
        }
        gate.open()
        main.until("an answer") { controller.state.reply is ReplyState.Done }
        assertEquals("three", (controller.state.reply as ReplyState.Done).reply.request.text)
        main.drain()
        assertEquals("three", (controller.state.reply as ReplyState.Done).reply.request.text)
    }

    @Test
    fun `another task forgets the answer and takes a model that has it`() {
        val controller = ready(Task.CLASSIFY)
        controller.edit(Task.CLASSIFY, Draft("a text"))
        answered(controller)
        controller.chooseTask(Task.TAG)
        assertSame(ReplyState.Idle, controller.state.reply)
        main.until("the tagger") { controller.state.model is ModelState.Ready }
        assertEquals("entities.tflite", (controller.state.model as ModelState.Ready).ref.name)
        assertEquals("a text", controller.state.draft(Task.CLASSIFY).text)
        assertEquals(gate.closings, runners.settings.size - 1)
    }

    @Test
    fun `a corrupt and a too new model are told, and the others work`() {
        val files = mapOf(
            "corrupt.tflite" to TestModels.corrupt,
            "new.tflite" to TestModels.tooNew,
            "topics.tflite" to TestModels.topics,
        )
        val controller = started(FakeModels(files))
        val problems = controller.state.library.associate { it.ref.name to it.problem }
        assertEquals(ProblemKind.FILE, problems.getValue("corrupt.tflite")?.kind)
        assertEquals(ProblemKind.FILE, problems.getValue("new.tflite")?.kind)
        assertTrue("${problems["new.tflite"]}", "version" in problems.getValue("new.tflite")!!.detail)
        assertNull(problems.getValue("topics.tflite"))
        assertTrue(controller.state.model is ModelState.Failed)
        controller.run()
        assertSame(ReplyState.Idle, controller.state.reply)
        controller.chooseModel(ModelRef.Bundled("topics.tflite"))
        main.until("the sound model") { controller.state.model is ModelState.Ready }
    }

    @Test
    fun `a file that can't be opened leaves the models as they are`() {
        val controller = ready(Task.CLASSIFY)
        controller.adopt("nowhere")
        main.until("a problem") { controller.state.pickProblem != null }
        assertEquals(ProblemKind.READING, controller.state.pickProblem?.kind)
        assertEquals(3, controller.state.library.size)
        assertTrue(controller.state.model is ModelState.Ready)
        controller.adopt("answers.tflite")
        main.until("the file") { (controller.state.model as? ModelState.Ready)?.ref is ModelRef.Opened }
        assertNull(controller.state.pickProblem)
        assertEquals(4, controller.state.library.size)
    }

    @Test
    fun `other settings load the model anew, with what the runner has to say`() {
        val runners = FakeRunners(notice = "no GPU here")
        val controller = started(runners = runners)
        controller.chooseSettings(RunSettings(threads = 4, processor = Processor.GPU))
        main.until("the model") { controller.state.model is ModelState.Ready }
        assertEquals(RunSettings(4, false, Processor.GPU), runners.settings.last())
        assertEquals("no GPU here", (controller.state.model as ModelState.Ready).notice)
    }

    @Test
    fun `a measurement has the phone alone, and is shown`() {
        val controller = ready(Task.CLASSIFY)
        controller.measure()
        assertTrue(controller.state.isMeasuring)
        controller.run()
        assertSame(ReplyState.Idle, controller.state.reply)
        main.until("the result") { controller.state.benchmark is BenchmarkState.Done }
        val measured = (controller.state.benchmark as BenchmarkState.Done).measured
        assertEquals(listOf(16, 64, 128), measured.rows.map { it.tokens })
        assertEquals(runners.settings.size, gate.closings)
        controller.edit(Task.CLASSIFY, Draft("a text"))
        assertEquals("a text", answered(controller).request.text)
    }

    @Test
    fun `what can't be measured is told, and not begun`() {
        val controller = ready(Task.CLASSIFY)
        val sound = controller.state.form
        val wrong = listOf(
            sound.copy(lengths = "16, x"),
            sound.copy(lengths = ""),
            sound.copy(lengths = "16, 16"),
            sound.copy(runs = "0"),
            sound.copy(runs = "2.5"),
            sound.copy(minutes = "-1"),
            sound.copy(minutes = "NaN"),
        )
        for (form in wrong) {
            controller.edit(form)
            controller.measure()
            val failed = controller.state.benchmark as BenchmarkState.Failed
            assertEquals("$form", ProblemKind.REQUEST, failed.problem.kind)
        }
        assertEquals(0, measurer.finished)
    }

    @Test
    fun `a measurement that is stopped writes nothing`() {
        val controller = ready(Task.CLASSIFY)
        gate.shut()
        controller.measure()
        controller.stopMeasuring()
        assertSame(BenchmarkState.Idle, controller.state.benchmark)
        gate.open()
        controller.edit(Task.CLASSIFY, Draft("a text"))
        answered(controller)
        assertSame(BenchmarkState.Idle, controller.state.benchmark)
        assertEquals(0, measurer.finished)
    }

    @Test
    fun `a host's job takes the place of a measurement, and a refused one is told`() {
        val controller = ready(Task.CLASSIFY)
        gate.shut()
        controller.measure()
        controller.runJob("/files/albert-edge/1")
        gate.open()
        main.until("the job") { controller.state.benchmark is BenchmarkState.Done }
        assertEquals("job.tflite", (controller.state.benchmark as BenchmarkState.Done).measured.name)
        assertEquals(1, measurer.finished)
        controller.runJob("/files/albert-edge/../../databases")
        main.until("a refusal") { controller.state.benchmark is BenchmarkState.Failed }
        assertEquals(ProblemKind.JOB, (controller.state.benchmark as BenchmarkState.Failed).problem.kind)
        assertEquals(1, measurer.finished)
    }

    private fun started(models: FakeModels = FakeModels(), runners: FakeRunners = this.runners): Controller {
        val tools = Tools(Worker(main::post), models, runners, measurer, FakeProbes())
        val controller = Controller(tools)
        this.controller = controller
        controller.start()
        main.until("the models") {
            controller.state.library.isNotEmpty() &&
                controller.state.library.all { it.facts != null || it.problem != null }
        }
        return controller
    }

    /** With the model of [task] loaded. */
    private fun ready(task: Task): Controller {
        val controller = started()
        controller.chooseTask(task)
        main.until("$task") { controller.state.model is ModelState.Ready }
        return controller
    }

    private fun answered(controller: Controller): Reply {
        controller.run()
        main.until("an answer") { controller.state.reply is ReplyState.Done }
        return (controller.state.reply as ReplyState.Done).reply
    }
}

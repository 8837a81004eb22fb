package albertedge.app.device

import albertedge.app.state.OpenedRunner
import albertedge.app.state.Processor
import albertedge.app.state.RunSettings
import albertedge.app.state.RunnerFactory
import albertedge.artifact.Artifact
import albertedge.tflite.Accelerator
import albertedge.tflite.TfliteModelRunner
import albertedge.tflite.TfliteOptions

/** Models run by TensorFlow Lite. */
object TfliteRunners : RunnerFactory {
    override fun open(artifact: Artifact, settings: RunSettings): OpenedRunner {
        val options = TfliteOptions(settings.threads, settings.xnnpack, acceleratorOf(settings.processor))
        return TfliteRunner(TfliteModelRunner(artifact, options), settings)
    }

    private fun acceleratorOf(processor: Processor) = when (processor) {
        Processor.CPU -> Accelerator.CPU
        Processor.NNAPI -> Accelerator.NNAPI
        Processor.GPU -> Accelerator.GPU
    }

    private class TfliteRunner(private val tflite: TfliteModelRunner, private val settings: RunSettings) :
        OpenedRunner(tflite) {
        override val notice: String? get() = tflite.notice

        override val delegate: String?
            get() = when {
                settings.processor != Processor.CPU && notice == null -> settings.processor.name
                settings.xnnpack -> "XNNPACK"
                else -> null
            }
    }
}

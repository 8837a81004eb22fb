package albertedge.app.device

import albertedge.app.state.JobFailedException
import albertedge.app.state.Measured
import albertedge.app.state.Measurer
import albertedge.app.state.ModelRef
import albertedge.app.state.ModelSource
import albertedge.app.state.RunSettings
import albertedge.app.state.RunnerFactory
import albertedge.artifact.Artifact
import albertedge.measure.Benchmark
import albertedge.measure.BenchmarkObserver
import albertedge.measure.BenchmarkOptions
import albertedge.measure.Job
import albertedge.measure.Opened
import albertedge.measure.Opener
import albertedge.measure.Platform
import albertedge.writeWhole
import android.content.Context
import java.io.File
import java.io.IOException
import java.text.SimpleDateFormat
import java.util.Date
import java.util.Locale

/** Measures on this phone; results lie in the app's folder on the shared storage, which needs no permission. */
class PhoneMeasurer(
    private val context: Context,
    private val models: ModelSource,
    private val runners: RunnerFactory,
    private val platform: Platform,
) : Measurer {
    override fun measure(
        ref: ModelRef,
        options: BenchmarkOptions,
        settings: RunSettings,
        observer: BenchmarkObserver,
    ): Measured {
        val benchmark = Benchmark(opener(settings), platform, observer = observer)
        val result = benchmark.run(models.map(ref), ref.name, options)
        return Measured.of(result, write(ref.name, result.toJson()).path)
    }

    /** As a host asks, whose command line names no accelerator: on the CPU, without XNNPACK. */
    override fun runJob(folder: String, observer: BenchmarkObserver): Measured {
        val root = externalFolder()
        val end = Job(File(folder), root).run(Benchmark(opener(RunSettings()), platform, observer = observer))
        val result = end.result
        val message = end.message
        if (message != null || result == null) throw JobFailedException(message.orEmpty())
        return Measured.of(result, null)
    }

    private fun opener(settings: RunSettings) = object : Opener {
        override fun open(artifact: Artifact, threads: Int): Opened {
            val opened = runners.open(artifact, settings.copy(threads = threads))
            return Opened(opened.runner, opened.delegate, opened.notice)
        }
    }

    private fun write(model: String, json: String): File {
        val folder = File(externalFolder(), FOLDER)
        if (!folder.isDirectory && !folder.mkdirs()) throw IOException("${folder.path} can't be made")
        val time = SimpleDateFormat("yyyyMMdd-HHmmss", Locale.ROOT).format(Date())
        val file = File(folder, "${model.removeSuffix(".tflite")}-$time.json")
        // So that a host or another app never reads half of one.
        writeWhole(file, json)
        return file
    }

    private fun externalFolder(): File =
        context.getExternalFilesDir(null) ?: throw IOException("the shared storage isn't there")

    companion object {
        /** Of the app's external files. */
        const val FOLDER = "benchmarks"
    }
}

package albertedge.app.state

import albertedge.artifact.Artifact
import albertedge.artifact.Task

/** Where a model comes from. */
sealed class ModelRef {
    /** What a list shows. */
    abstract val name: String

    /** One of the app's own, by its file's name. */
    data class Bundled(override val name: String) : ModelRef()

    /** A user's, copied to the file [path]. */
    data class Opened(override val name: String, val path: String) : ModelRef()
}

/** What the screens say of a file. */
class ModelFacts(
    val tasks: List<Task>,
    /** Layers that all inputs take where nothing stops them. */
    val layers: Int,
    /** Whether a request may ask for fewer layers. */
    val hasDepth: Boolean,
    val hasExit: Boolean,
    val scheme: String,
    val maxLength: Int,
    val sizeBytes: Long,
    val targets: List<String>,
    /** The types that a tagger's labels name, in the file's order. */
    val entityTypes: List<String>,
) {
    companion object {
        fun of(artifact: Artifact, sizeBytes: Long): ModelFacts {
            val manifest = artifact.manifest
            val layers = artifact.heads[0].config.numHiddenLayers
            val tags = artifact.heads.firstOrNull { it.task == Task.TAG }?.labels.orEmpty()
            return ModelFacts(
                tasks = artifact.heads.map { it.task },
                layers = layers,
                hasDepth = manifest.isLooped && layers > 1,
                hasExit = manifest.exit != null,
                scheme = manifest.scheme,
                maxLength = manifest.maxLength,
                sizeBytes = sizeBytes,
                targets = manifest.targets,
                entityTypes = entityTypes(tags),
            )
        }
    }
}

/** `B-PER`, `I-PER`, `O`, `B-LOC` to `PER`, `LOC`: each type once, in the order of [labels]. */
fun entityTypes(labels: List<String>): List<String> =
    labels.filter { it != "O" }.map { if (it.indexOf('-') == 1) it.substring(2) else it }.distinct()

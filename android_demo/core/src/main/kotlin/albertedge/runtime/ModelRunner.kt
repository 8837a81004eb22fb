package albertedge.runtime

import albertedge.AlbertEdgeException
import java.io.Closeable

/**
 * A loaded model: the one thing between this library and whatever interpreter runs the graph.
 *
 * A runner is made of [albertedge.artifact.Artifact.model] and runs its one signature, `serving_default`. In the looped
 * layout sizes change from run to run: it resizes the inputs where they do.
 */
interface ModelRunner : Closeable {
    /** Package and version of the interpreter: `tensorflow-lite 2.16.1`. */
    val runtime: String

    /**
     * Run the model on [inputs], name to tensor, and return its outputs, by their names in the signature.
     *
     * Called by one thread at a time, with inputs whose names, types, shapes and values were checked. Throws
     * [AlbertEdgeException] if the interpreter fails.
     */
    fun run(inputs: Map<String, Tensor>): Map<String, Tensor>
}

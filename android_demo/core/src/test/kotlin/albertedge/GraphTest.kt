package albertedge

import albertedge.artifact.Archive
import albertedge.artifact.MANIFEST_FILE
import albertedge.artifact.Manifest
import albertedge.artifact.ModelFacts
import albertedge.artifact.QuantizationFacts
import albertedge.artifact.SubgraphFacts
import albertedge.artifact.TensorFacts
import albertedge.artifact.checkGraph
import albertedge.artifact.readArchive
import albertedge.artifact.readModel
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Graphs whose outputs are changed one by one: those of `test_task_artifacts.py` and `test_exit_artifacts.py`. */
class GraphTest {
    private class Model(name: String) {
        private val archive: Archive = readArchive(buffer(Fixtures.artifact(name)))
        private val data = buffer(Fixtures.model(name))
        private val facts = readModel(data)
        private val text = String(archive.files.getValue(MANIFEST_FILE))
        private var manifest = Manifest.read(text.toByteArray())

        /** Lets the manifest say that the logits are int8. */
        fun stated(): Model {
            val output = "{\n      \"dtype\": \"int8\",\n      \"scale\": 0.5,\n      \"zero_point\": -3\n    }"
            val key = "\"quantized_outputs\": {"
            val changed = text.replace("$key}", "$key\n    \"logits\": $output\n  }")
            assertTrue(changed != text)
            manifest = Manifest.read(changed.toByteArray())
            return this
        }

        fun check(output: String, change: (TensorFacts) -> TensorFacts) {
            val graph = facts.subgraphs[0]
            val index = facts.signatures[0].outputs.getValue(output)
            val tensors = graph.tensors.mapIndexed { place, each -> if (place == index) change(each) else each }
            val changed = SubgraphFacts(graph.name, tensors, graph.inputs, graph.outputs, graph.operators)
            val graphs = listOf(changed) + facts.subgraphs.drop(1)
            checkGraph(manifest, ModelFacts(graphs, facts.buffers, facts.signatures, facts.metadata), data)
        }
    }

    private fun changed(
        tensor: TensorFacts,
        dtype: String = tensor.dtype,
        shape: IntArray = tensor.shape,
        quantization: QuantizationFacts? = tensor.quantization,
    ) = TensorFacts(dtype, shape, tensor.buffer, quantization, tensor.isVariable, tensor.isSparse)

    private fun refusal(rule: String, action: () -> Unit) {
        val error = assertThrows(ArtifactException::class.java) { action() }
        assertTrue(rule in error.message!!) { error.message!! }
    }

    private fun shapes(model: String, output: String, right: IntArray, vararg wrong: IntArray) {
        Model(model).check(output) { changed(it, shape = right) }
        for (shape in wrong) {
            refusal("$output must have the shape") { Model(model).check(output) { changed(it, shape = shape) } }
        }
    }

    private fun of(vararg sizes: Int) = sizes

    @Test
    fun `outputs have their tasks' shapes`() {
        shapes("looped_tag", "logits", of(1, -1, 5), of(1, -1, 4), of(-1, 5), of(1, 7, 5), of(2, -1, 5))
        shapes("unrolled_tag", "logits", of(1, 24, 5), of(1, 23, 5), of(1, -1, 5))
        shapes("looped_answer", "start_logits", of(1, -1), of(1, -1, 1), of(1, 24), of(-1))
        shapes("looped_answer", "end_logits", of(1, -1), of(1, -1, 2), of(0, -1))
        shapes("unrolled_answer", "end_logits", of(1, 24), of(1, 25))
        shapes("looped_embed", "embedding", of(1, 48), of(1, 47), of(1, 1, 48), of(48))
        shapes("looped_fill", "logits", of(1, -1, 1000), of(1, -1, 999), of(-1, 1000), of(1, 1, 1000))
        shapes("unrolled_fill", "logits", of(1, 1, 1000), of(1, -1, 1000), of(1, 24, 1000))
        shapes("looped_order", "logits", of(-1, 2), of(1, 3), of(1, -1))
        shapes("looped_classify_tag", "tag_logits", of(1, -1, 5), of(1, 5))
    }

    @Test
    fun `the depth used is one whole number`() {
        shapes("looped_exit", "depth_used", of(1), of(1, 1), of(-1))
        val exit = Model("looped_exit")
        refusal("must have the outputs") { exit.check("depth_used") { changed(it, dtype = "float32") } }
    }

    @Test
    fun `integer outputs are as the manifest reads them`() {
        val right = QuantizationFacts(1, 1, 0, 0.5f, -3)
        val stated = Model("looped_float32").stated()
        stated.check("logits") { changed(it, dtype = "int8", quantization = right) }
        refusal("must have the outputs") {
            Model("looped_float32").check("logits") { changed(it, dtype = "int8", quantization = right) }
        }
        for (dtype in listOf("float32", "int16")) {
            refusal("must have the outputs") {
                stated.check("logits") { changed(it, dtype = dtype, quantization = right) }
            }
        }
        val wrong = listOf(
            null, right.copy(scale = 0.25f), right.copy(zeroPoint = 3),
            right.copy(scales = 5, zeroPoints = 5, dimension = 1),
        )
        for (other in wrong) {
            refusal("must have the manifest's scale") {
                stated.check("logits") { changed(it, dtype = "int8", quantization = other) }
            }
        }
    }
}

package albertedge.artifact

/** How many parameters a quantized tensor has, and the first of them. */
internal data class QuantizationFacts(
    /** 1 for the whole tensor, or one for each index of [dimension]. */
    val scales: Int,
    val zeroPoints: Int,
    val dimension: Int,
    /** The first; 0 if there is none. */
    val scale: Float,
    /** The first; 0 if there is none. */
    val zeroPoint: Long,
)

/** One tensor of a subgraph. */
internal class TensorFacts(
    /** As in numpy, and `string`, `int4`, ... where numpy has none. */
    val dtype: String,
    /** -1 where the size is known only when the graph runs. */
    val shape: IntArray,
    /** Index of the buffer with its value; an empty one if the graph computes it. */
    val buffer: Int,
    val quantization: QuantizationFacts?,
    val isVariable: Boolean,
    val isSparse: Boolean,
)

/** One operator of a subgraph. Tensors are named by their index in the subgraph, -1 for an input left out. */
internal class OperatorFacts(
    val name: String,
    val inputs: IntArray,
    val outputs: IntArray,
    /** Subgraphs that it runs: WHILE its condition and its body, IF its two branches. */
    val calls: IntArray,
)

/** One graph of the model; the first is the one that runs. */
internal class SubgraphFacts(
    val name: String,
    val tensors: List<TensorFacts>,
    val inputs: IntArray,
    val outputs: IntArray,
    val operators: List<OperatorFacts>,
)

/** A named way to call a subgraph: argument name to tensor. */
internal class SignatureFacts(
    val name: String,
    val subgraph: Int,
    val inputs: Map<String, Int>,
    val outputs: Map<String, Int>,
)

/** The whole flatbuffer. */
internal class ModelFacts(
    val subgraphs: List<SubgraphFacts>,
    /** Position in the file and size in bytes of each; equal spans are one stored value. */
    val buffers: List<Span>,
    val signatures: List<SignatureFacts>,
    /** Name to buffer. */
    val metadata: Map<String, Int>,
) {
    /** Whether [tensor] has a stored value. */
    fun isConstant(tensor: TensorFacts): Boolean = buffers[tensor.buffer].length > 0
}

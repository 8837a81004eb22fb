package albertedge.artifact

/*
 * The operators and types that an artifact may hold, and how many inputs and outputs each operator takes.
 *
 * Interpreters have kernels for images, audio, sparse and stateful models as well, and not all check what they are
 * given. A text model needs few of them.
 */

internal val PERMITTED_TYPES = setOf("float32", "float16", "int64", "int32", "int16", "int8", "uint8", "int4", "bool")

/** Dimensions; the kernels have room for 5 to 8. */
internal const val MAX_RANK = 6

private const val ANY = 10_000

/** How many tensors an operator takes and gives; [outputs] of `ANY`: one or more. */
internal class Arity(private val fewest: Int, private val most: Int, private val outputs: Int = 1) {
    /** Whether an operator may have these numbers of tensors. */
    fun takes(inputs: Int, given: Int): Boolean =
        inputs in fewest..most && if (outputs == ANY) given in 1..ANY else given == outputs

    override fun toString(): String = "$fewest to $most inputs and $outputs outputs"
}

private const val ONE_INPUT =
    "ABS CAST CEIL COS DEQUANTIZE ELU EXP FLOOR GELU HARD_SWISH L2_NORMALIZATION LEAKY_RELU LOG LOGICAL_NOT LOGISTIC " +
        "LOG_SOFTMAX NEG QUANTIZE RANK RELU RELU6 ROUND RSQRT SHAPE SIGN SIN SOFTMAX SQRT SQUARE SQUEEZE TANH WHERE " +
        "ZEROS_LIKE"
private const val TWO_INPUTS =
    "ADD ARG_MAX ARG_MIN BATCH_MATMUL BROADCAST_ARGS BROADCAST_TO CUMSUM DIV EMBEDDING_LOOKUP EQUAL EXPAND_DIMS FILL " +
        "FLOOR_DIV FLOOR_MOD GATHER GATHER_ND GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_OR MAXIMUM " +
        "MEAN MINIMUM MUL NOT_EQUAL PAD POW REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PROD REVERSE_V2 " +
        "SQUARED_DIFFERENCE SUB SUM TILE TRANSPOSE"
private const val THREE_INPUTS = "DYNAMIC_UPDATE_SLICE PADV2 RANGE SELECT SELECT_V2 SLICE"

internal val PERMITTED_OPERATORS: Map<String, Arity> =
    ONE_INPUT.split(" ").associateWith { Arity(1, 1) } +
        TWO_INPUTS.split(" ").associateWith { Arity(2, 2) } +
        THREE_INPUTS.split(" ").associateWith { Arity(3, 3) } +
        mapOf(
            "ONE_HOT" to Arity(4, 4),
            "STRIDED_SLICE" to Arity(4, 4),
            "RESHAPE" to Arity(1, 2),
            "CONV_2D" to Arity(2, 3),
            "FULLY_CONNECTED" to Arity(2, 3),
            "TOPK_V2" to Arity(2, 2, 2),
            "CONCATENATION" to Arity(1, ANY),
            "PACK" to Arity(1, ANY),
            "UNPACK" to Arity(1, 1, ANY),
            "SPLIT" to Arity(2, 2, ANY),
            "SPLIT_V" to Arity(3, 3, ANY),
            "WHILE" to Arity(1, ANY, ANY),
        )

/** Operator to the input that may be left out (-1): the bias. */
internal val OPTIONAL_INPUT = mapOf("CONV_2D" to 2, "FULLY_CONNECTED" to 2)

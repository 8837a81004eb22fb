package albertedge.runtime

/** Numbers that go into a model or come out of it, row by row. */
sealed class Tensor(
    /** Sizes of the axes; their product is the number of values. */
    val shape: IntArray,
    values: Int,
) {
    init {
        require(shape.fold(1L) { product, size -> product * size } == values.toLong()) {
            "a tensor of shape ${shape.toList()} must have as many values; received $values"
        }
    }
}

/** int32, and what a graph gives in int8 or int16. */
class IntTensor(shape: IntArray, val values: IntArray) : Tensor(shape, values.size)

/** float32. */
class FloatTensor(shape: IntArray, val values: FloatArray) : Tensor(shape, values.size)

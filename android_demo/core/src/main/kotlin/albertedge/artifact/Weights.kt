package albertedge.artifact

import albertedge.ArtifactException

/** A tensor: its subgraph and its index there. */
internal data class Place(val subgraph: Int, val tensor: Int)

/** Where a graph reads its stored weights: what tables words are looked up in, what matrices it multiplies by. */
internal class Weights(private val model: ModelFacts) {
    private val producers = HashMap<Place, OperatorFacts>()
    private var stepsLeft = MAX_STEPS
    private val loops = HashMap<Int, MutableList<Pair<Int, OperatorFacts>>>()

    init {
        for ((number, graph) in model.subgraphs.withIndex()) {
            for (operator in graph.operators) {
                for (output in operator.outputs) producers[Place(number, output)] = operator
                if (operator.name == "WHILE") loops.getOrPut(operator.calls[1]) { ArrayList() }.add(number to operator)
            }
        }
    }

    /** Rows of each table that is looked up by the values of the tensor [ids]. */
    fun tableRows(ids: Place): List<Int> {
        val graph = model.subgraphs[ids.subgraph]
        return lookups(ids).mapNotNull { graph.tensors.getOrNull(it.tensor)?.shape?.firstOrNull() }
    }

    /** Types of the tables that are looked up by the values of the tensor [ids], a column of scales left out. */
    fun tableTypes(ids: Place): Set<String> =
        lookups(ids).flatMap { sources(it) }.filter { isMatrix(it, 0) }.map { tensor(it).dtype }.toSet()

    /** Types of matrices of at least [fewest] weights, of those that FULLY_CONNECTED multiplies by. */
    fun productTypes(fewest: Int): Set<String> {
        val products = model.subgraphs.withIndex().flatMap { (number, graph) ->
            graph.operators.filter { it.name == "FULLY_CONNECTED" }.map { Place(number, input(it, 1)) }
        }
        return products.flatMap { sources(it) }.filter { isMatrix(it, fewest) }.map { tensor(it).dtype }.toSet()
    }

    private fun lookups(ids: Place): List<Place> = model.subgraphs[ids.subgraph].operators.mapNotNull { operator ->
        val (table, rows) = LOOKUPS[operator.name] ?: return@mapNotNull null
        val isLookup = ids in sources(Place(ids.subgraph, input(operator, rows)))
        if (isLookup) Place(ids.subgraph, input(operator, table)) else null
    }

    private fun tensor(place: Place) = model.subgraphs[place.subgraph].tensors[place.tensor]

    /** Whether a constant with more than one column, and at least [fewest] numbers, lies there. */
    private fun isMatrix(place: Place, fewest: Int): Boolean {
        val tensor = tensor(place)
        val isMatrix = tensor.shape.size == 2 && tensor.shape[1] > 1 && model.isConstant(tensor)
        return isMatrix && tensor.shape[0].toLong() * tensor.shape[1] >= fewest
    }

    private fun input(operator: OperatorFacts, position: Int): Int = operator.inputs.getOrElse(position) { -1 }

    /** Where the value at [place] starts, unchanged but for its type and shape: constants, inputs, other results. */
    private fun sources(place: Place): Set<Place> {
        // A list of what is left to follow, not recursion: a damaged graph may have circles or chains of any length.
        val ends = HashSet<Place>()
        val seen = HashSet<Place>()
        val left = arrayListOf(place)
        while (left.isNotEmpty()) {
            val current = left.removeAt(left.size - 1)
            if (current.tensor < 0 || !seen.add(current)) continue
            stepsLeft--
            if (stepsLeft < 0) {
                throw ArtifactException("a graph must be traced in $MAX_STEPS steps; received a longer one")
            }
            val origins = origins(current)
            left.addAll(origins)
            if (origins.isEmpty()) ends.add(current)
        }
        return ends
    }

    /** One step back from [place]; nothing where its value starts. */
    private fun origins(place: Place): List<Place> {
        val producer = producers[place]
        if (producer != null) {
            if (producer.name in PASSING_ON) return listOf(Place(place.subgraph, input(producer, 0)))
            if (producer.name != "WHILE") return emptyList()
            val position = producer.outputs.indexOf(place.tensor)
            val isKept = isKept(producer.calls[1], position)
            return if (isKept) listOf(Place(place.subgraph, input(producer, position))) else emptyList()
        }
        val position = model.subgraphs[place.subgraph].inputs.indexOf(place.tensor)
        if (position < 0 || !isKept(place.subgraph, position)) return emptyList()
        return loops[place.subgraph].orEmpty().map { (caller, loop) -> Place(caller, input(loop, position)) }
    }

    /** Whether a loop's body hands the value at [position] on as it was. */
    private fun isKept(body: Int, position: Int): Boolean {
        val graph = model.subgraphs[body]
        val handedOn = minOf(graph.inputs.size, graph.outputs.size)
        return position < handedOn && graph.inputs[position] == graph.outputs[position]
    }

    private companion object {
        /** A 12-layer classifier with its layers unrolled takes a few thousand. */
        const val MAX_STEPS = 2_000_000

        /** The value of the first input, stored or arranged in another way. */
        val PASSING_ON = setOf("DEQUANTIZE", "QUANTIZE", "CAST", "RESHAPE", "TRANSPOSE", "SQUEEZE", "EXPAND_DIMS")

        /** Operator to the positions of its table and of the row numbers. */
        val LOOKUPS = mapOf("GATHER" to Pair(0, 1), "EMBEDDING_LOOKUP" to Pair(1, 0))
    }
}

package albertedge.artifact

import albertedge.ArtifactException
import albertedge.require
import albertedge.text.ProblemType

/** How a looped graph may stop before its last layer. */
class Exit private constructor(
    /** What its confidence is: `entropy` or `patience`. */
    val kind: String,
    /** The confidence to stop at, for a request without one of its own; above 1: never. */
    val threshold: Double,
) {
    companion object {
        private val KINDS = listOf("entropy", "patience")

        /** From the manifest's value, null for null; throws [ArtifactException]. */
        internal fun of(value: Json?): Exit? {
            if (value === JsonNull) return null
            val values = checkedObject(value, listOf("kind", "threshold", "calibration"), "exit")
            val kind = values.string("kind", "exit")
            require(kind in KINDS, "the exit must be one of ${KINDS.joinToString()}") { kind }
            val threshold = finiteOrNull(values["threshold"]) ?: 0.0
            require(threshold > 0, "exit_threshold must be a finite number above 0, above 1 for never") { threshold }
            val isFraction = !(values["threshold"] as JsonNumber).isWhole
            require(isFraction, "an exit's threshold must be spelt as `albert-edge convert` does") { "a whole number" }
            val isCalibration = values["calibration"].let { it === JsonNull || it is JsonObject }
            require(isCalibration, "an exit's calibration must be null or an object") { "another value" }
            return Exit(kind, threshold)
        }

        /** Why a graph of these heads in that layout can't stop early; null if it can. */
        internal fun refusal(heads: List<Head>, isLooped: Boolean): String? {
            val head = heads[0]
            val problem = ProblemType.of(head.config)
            val isClassifier = head.task == Task.CLASSIFY
            val isMultiLabel = isClassifier && problem == ProblemType.MULTI_LABEL
            return when {
                !isLooped -> "an exit needs the looped layout; received unrolled"
                heads.size != 1 || !(isClassifier || head.task == Task.ORDER) ->
                    "an exit needs one head, of a text's own answer; received ${heads.map { it.task.key }}"
                isClassifier && problem == ProblemType.REGRESSION ->
                    "an exit needs labels to be sure of; received a regression"
                head.config.labels.size < 2 && !isMultiLabel ->
                    "an exit needs two labels or more; received ${head.config.labels.size}"
                else -> null
            }
        }
    }
}

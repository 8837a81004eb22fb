package albertedge.artifact

import albertedge.ArtifactException
import albertedge.require

/** A task and the configuration that its answers are read with. */
class Head internal constructor(
    val task: Task,
    /** The trunk's shape with this head's labels, problem type and device settings. */
    val config: AlbertConfig,
) {
    /** In order of the logits; none for a task whose outputs have no axis of labels. */
    val labels: List<String> get() = if (task.hasLabels) config.labels else emptyList()
}

/** The further head that a manifest's object describes, on the trunk of [first]; throws [ArtifactException]. */
internal fun headOf(value: Json, first: AlbertConfig): Head {
    val keys = listOf("task", "labels", "problem_type", "settings")
    require(
        value is JsonObject && value.keys.toSet() == keys.toSet(),
        "a head must have the keys ${keys.joinToString()}",
    ) { "others" }
    val values = value as JsonObject
    val task = Task.of(values["task"])
    val labels = strings(values.array("labels", "a head"), "a head's labels")
    val hasItsLabels = labels.isNotEmpty() == task.hasLabels
    require(hasItsLabels, "a head must have labels if its task has") { "${labels.size} labels" }
    val settings = values.objectAt("settings", "a head")
    return Head(task, first.withHead(labels.ifEmpty { null }, values["problem_type"], settings))
}

/** Throws [ArtifactException] unless each of [heads] has its own task, and all have one trunk. */
internal fun checkHeads(heads: List<Head>) {
    require(
        heads.map { it.task }.toSet().size == heads.size,
        "each head of one file must have a task of its own",
    ) { heads.map { it.task.key } }
    for (head in heads) {
        val sizes = heads[0].config.settings.attentionHeadSize to head.config.settings.attentionHeadSize
        // Heads that say nothing have the size that follows from the trunk's shape, which they share.
        val isShared = sizes.first == sizes.second || heads[0].headSize == head.headSize
        require(isShared, "heads of one file must share attention_head_size") { sizes }
    }
}

private val Head.headSize: Int
    get() = config.settings.attentionHeadSize ?: (config.hiddenSize / config.numAttentionHeads)

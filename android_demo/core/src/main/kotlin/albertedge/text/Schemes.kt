package albertedge.text

/**
 * A tag: `O` (whose type is empty), or B, I, E or S with an entity's type.
 *
 *     iob2    an entity is B I I; every entity starts with B
 *     iob1    an entity is I I I; B only where it follows directly on another of its type
 *     bioes   B I E, and S for an entity of one word; also written with L for E (BILOU), U or W for S, M for I
 */
internal data class Tag(val prefix: Char, val type: String) {
    override fun toString(): String = if (type.isEmpty()) prefix.toString() else "$prefix-$type"
}

internal val OUTSIDE = Tag('O', "")

private val PREFIXES = mapOf(
    "B" to 'B', "I" to 'I', "M" to 'I', "E" to 'E', "L" to 'E', "S" to 'S', "U" to 'S', "W" to 'S',
)

/** A model's label as a tag; a label that is none (`PER`, `LABEL_1`) is an `I` of its own type. */
internal fun tagOfLabel(label: String): Tag {
    if (label == "O") return OUTSIDE
    val hyphen = label.indexOf('-')
    val prefix = if (hyphen < 0) null else PREFIXES[label.substring(0, hyphen)]
    val type = label.substring(hyphen + 1)
    return if (prefix == null || type.isEmpty()) Tag('I', label) else Tag(prefix, type)
}

/** Whether [after] may stand behind [before]; the edge of a sentence counts as `O` on either side. */
internal fun mayFollow(before: Tag, after: Tag, scheme: String): Boolean {
    val isOpen = before.prefix == 'B' || before.prefix == 'I'
    if (scheme == "bioes") {
        if (!isOpen) return after.prefix == 'O' || after.prefix == 'B' || after.prefix == 'S'
        return (after.prefix == 'I' || after.prefix == 'E') && after.type == before.type
    }
    val dependent = if (scheme == "iob2") 'I' else 'B'
    return after.prefix != dependent || (isOpen && after.type == before.type)
}

/** Whether an entity begins at [after]: by its prefix, or since no entity of its type goes on (conlleval). */
internal fun begins(before: Tag, after: Tag): Boolean {
    if (after.prefix == 'B' || after.prefix == 'S') return true
    val goesOn = (before.prefix == 'B' || before.prefix == 'I') && before.type == after.type
    return after.prefix != 'O' && !goesOn
}

/** The entities of one sentence in order: [found] gets their words [start, end) and type, as conlleval finds them. */
internal inline fun entitySpans(tags: List<Tag>, found: (Int, Int, String) -> Unit) {
    var first = 0
    var before = OUTSIDE
    for ((place, tag) in (tags + OUTSIDE).withIndex()) {
        // Between two words of entities one ends exactly where the next begins.
        if (before.prefix != 'O' && (tag.prefix == 'O' || begins(before, tag))) found(first, place, before.type)
        if (begins(before, tag)) first = place
        before = tag
    }
}

/** The same entities in iob2, from tags in any of the schemes. */
internal fun toIob2(tags: List<Tag>): List<Tag> = tags.mapIndexed { index, tag ->
    val before = if (index == 0) OUTSIDE else tags[index - 1]
    if (tag.prefix == 'O') OUTSIDE else Tag(if (begins(before, tag)) 'B' else 'I', tag.type)
}

/**
 * The scheme of a model's label set: with an E or an S it is `bioes`; where a type has I and no B, entities start with
 * I, which only `iob1` allows; else it is `iob2`.
 */
internal fun schemeOfLabels(tags: List<Tag>): String {
    if (tags.any { it.prefix == 'E' || it.prefix == 'S' }) return "bioes"
    fun typesOf(prefix: Char) = tags.filter { it.prefix == prefix }.map { it.type }
    val types = typesOf('I') - typesOf('B').toSet()
    return if (types.isEmpty()) "iob2" else "iob1"
}

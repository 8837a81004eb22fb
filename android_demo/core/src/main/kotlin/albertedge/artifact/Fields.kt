package albertedge.artifact

import albertedge.ArtifactException
import albertedge.require

/*
 * Reads a manifest's objects strictly: every key known and there, every value of its type, one line for what isn't.
 */

/** [value], an object that has the [keys] in this order and no others. */
internal fun checkedObject(value: Json?, keys: List<String>, where: String): JsonObject {
    if (value !is JsonObject) throw ArtifactException("$where must be an object; received another value")
    require(value.keys == keys, "$where must have the keys ${keys.joinToString()}, in this order") { value.keys }
    return value
}

internal fun JsonObject.string(key: String, where: String): String =
    (this[key] as? JsonString)?.value ?: throw wrongType(key, where, "a string")

internal fun JsonObject.objectAt(key: String, where: String): JsonObject =
    this[key] as? JsonObject ?: throw wrongType(key, where, "an object")

internal fun JsonObject.array(key: String, where: String): JsonArray =
    this[key] as? JsonArray ?: throw wrongType(key, where, "a list")

/** A whole number from 1 on; more than 31 bits of it count as the largest. */
internal fun JsonObject.count(key: String, where: String): Int =
    countOrNull(this[key]) ?: throw wrongType(key, where, "a positive integer")

internal fun countOrNull(value: Json?): Int? {
    val number = value as? JsonNumber ?: return null
    if (!number.isWhole || number.text.startsWith("-") || number.text == "0") return null
    return minOf(number.long ?: Long.MAX_VALUE, Int.MAX_VALUE.toLong()).toInt()
}

/** A finite number, whole or not. */
internal fun finiteOrNull(value: Json?): Double? = (value as? JsonNumber)?.double?.takeIf { !it.isInfinite() }

internal fun strings(values: JsonArray, where: String): List<String> = values.items.map {
    (it as? JsonString)?.value ?: throw ArtifactException("$where must hold strings; received another value")
}

private fun wrongType(key: String, where: String, type: String) =
    ArtifactException("$key in $where must be $type; received another value")

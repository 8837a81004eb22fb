package albertedge.text

import albertedge.ArtifactException
import albertedge.artifact.Json
import albertedge.artifact.JsonBoolean
import albertedge.artifact.JsonNull
import albertedge.artifact.JsonObject
import albertedge.artifact.JsonString
import albertedge.require
import albertedge.shown

/** Whose ids a tokenizer gives. */
enum class Rules(internal val key: String) {
    /** Those of google-research/albert's `tokenization.py`. */
    GOOGLE("google"),

    /** Those of transformers 5's tokenizer classes. */
    HUGGING_FACE("huggingface"),
}

/** What a SentencePiece tokenizer does to text before and after the unigram model. */
data class TokenizerOptions(
    /** `do_lower_case` in JSON. */
    val lowerCase: Boolean = true,
    /** Skip NFKD and the removal of combining marks. */
    val keepAccents: Boolean = false,
    /** `tokenizer_rules` in JSON. */
    val rules: Rules = Rules.GOOGLE,
) {
    companion object {
        private val KEYS = listOf("do_lower_case", "keep_accents", "tokenizer_rules", "remove_space")

        /** From the manifest's object, each key of which may be missing; throws [ArtifactException] on any other. */
        internal fun of(values: JsonObject): TokenizerOptions {
            checkKeys(values, KEYS)
            val removeSpace = flag(values, "remove_space") ?: true
            require(removeSpace, "remove_space must be true") { false }
            return TokenizerOptions(
                flag(values, "do_lower_case") ?: true,
                flag(values, "keep_accents") ?: false,
                rules(values),
            )
        }
    }
}

/** What a WordPiece tokenizer does to text: the options of BERT's `FullTokenizer`. */
data class WordPieceOptions(
    /** `do_lower_case` in JSON. */
    val lowerCase: Boolean = true,
    /** The opposite of `strip_accents` in JSON, where null or nothing means: kept if upper case is. */
    val keepAccents: Boolean = false,
    /** `tokenize_chinese_chars` in JSON: every CJK ideograph is a word of its own. */
    val splitChinese: Boolean = true,
    /** `tokenizer_rules` in JSON. */
    val rules: Rules = Rules.GOOGLE,
) {
    companion object {
        private val KEYS = listOf("do_lower_case", "tokenize_chinese_chars", "tokenizer_rules", "strip_accents")

        /** From the manifest's object, each key of which may be missing; throws [ArtifactException] on any other. */
        internal fun of(values: JsonObject): WordPieceOptions {
            checkKeys(values, KEYS)
            val lowerCase = flag(values, "do_lower_case") ?: true
            val strip = if (values["strip_accents"] === JsonNull) null else flag(values, "strip_accents")
            return WordPieceOptions(
                lowerCase,
                !(strip ?: lowerCase),
                flag(values, "tokenize_chinese_chars") ?: true,
                rules(values),
            )
        }
    }
}

private fun checkKeys(values: JsonObject, keys: List<String>) {
    val unknown = values.keys.firstOrNull { it !in keys } ?: return
    throw ArtifactException("tokenizer options must be among ${keys.joinToString()}; received ${shown(unknown)}")
}

private fun flag(values: JsonObject, key: String): Boolean? {
    val value: Json = values[key] ?: return null
    require(value is JsonBoolean, "$key must be true or false") { value }
    return (value as JsonBoolean).value
}

private fun rules(values: JsonObject): Rules {
    val value = values["tokenizer_rules"] ?: return Rules.GOOGLE
    val found = Rules.values().firstOrNull { value is JsonString && value.value == it.key }
    return found ?: throw ArtifactException(
        "tokenizer_rules must be one of ${Rules.values().joinToString { it.key }}; received ${shown(value)}",
    )
}

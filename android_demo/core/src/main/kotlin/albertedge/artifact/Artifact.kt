package albertedge.artifact

import albertedge.ArtifactException
import albertedge.text.SentencePieceTokenizer
import albertedge.text.Tokenizer
import albertedge.text.TokenizerOptions
import albertedge.text.WordPieceOptions
import albertedge.text.WordPieceTokenizer
import java.nio.ByteBuffer

/**
 * One `.tflite` that `albert-edge convert` wrote, with all that it carries: manifest, vocabulary, labels.
 *
 * [read] gives one only if everything fits: the zip's form, the manifest's keys, each hash, the flatbuffer's structure,
 * the signature, the labels, the vocabulary. It refuses what the Python reader refuses, and a little more: files that
 * would not fit into a phone's memory. Hashes show that nothing was changed by accident, not who made the file.
 */
class Artifact private constructor(
    /** The flatbuffer, a view of the file: what an interpreter runs. The zip behind it isn't part of it. */
    val model: ByteBuffer,
    val manifest: Manifest,
    /** The tokenizer that the model was trained with. */
    val tokenizer: Tokenizer,
    private val card: Table?,
) {
    /** In the manifest's order. */
    val heads: List<Head> get() = manifest.heads

    /** The model card in Markdown, or a sentence; empty without one. Throws [ArtifactException] if it is damaged. */
    fun description(): String = card?.string(1).orEmpty()

    /** Empty: not stated. Throws [ArtifactException] if it is damaged. */
    fun licence(): String = card?.string(5).orEmpty()

    companion object {
        /**
         * Read and check the artifact that is all of [file], from position 0 to its limit; a mapped file is best.
         *
         * Needs about three times the size of the vocabulary (0.8 MB of 30,000 pieces) beside the file. Throws
         * [ArtifactException], and nothing else, whatever the bytes are.
         */
        @JvmStatic
        fun read(file: ByteBuffer): Artifact {
            val archive = readArchive(file)
            val names = archive.files.keys
            val data = archive.files[MANIFEST_FILE]
                ?: throw ArtifactException("the zip in the file must hold $MANIFEST_FILE; received $names")
            val manifest = Manifest.read(data)
            val files = archive.files - MANIFEST_FILE
            val model = firstBytes(file, archive.start)
            checkFiles(manifest, model, files)
            val facts = readModel(model)
            checkStructure(facts)
            checkGraph(manifest, facts, model)
            val tokenizer = tokenizer(manifest, files.getValue(manifest.vocabularyFile))
            checkVocabulary(manifest, tokenizer.vocabSize)
            return Artifact(model, manifest, tokenizer, card(facts, model))
        }

        private fun tokenizer(manifest: Manifest, vocabulary: ByteArray): Tokenizer {
            val options = manifest.tokenizerOptions
            return if (manifest.tokenizerKind == "sentencepiece") {
                SentencePieceTokenizer(vocabulary, TokenizerOptions.of(options))
            } else {
                WordPieceTokenizer(vocabulary, WordPieceOptions.of(options))
            }
        }

        private fun card(facts: ModelFacts, model: ByteBuffer): Table? {
            val span = metadataSpan(facts) ?: return null
            val bytes = ByteArray(span.length)
            val view = model.duplicate()
            (view as java.nio.Buffer).position(span.position)
            view.get(bytes)
            return FlatbufferReader(ByteBuffer.wrap(bytes)).root(METADATA_IDENTIFIER)
        }

        private fun firstBytes(file: ByteBuffer, count: Int): ByteBuffer {
            val view = file.duplicate()
            (view as java.nio.Buffer).position(0).limit(count)
            return view.slice()
        }
    }
}

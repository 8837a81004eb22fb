package albertedge.tasks

import albertedge.ArtifactException
import albertedge.OutputException
import albertedge.RequestException
import albertedge.artifact.AlbertConfig
import albertedge.runtime.Outputs
import albertedge.text.MASK
import albertedge.text.Packed
import albertedge.text.Tokenizer
import albertedge.text.codePoints
import albertedge.text.filledText
import albertedge.text.maskPlaces
import albertedge.text.maskWindows
import albertedge.text.softmax

/** A text that holds `[MASK]`, and how many candidates a mask gets. */
class FillRequest(val text: String, val top: Int = 5)

/** A piece that may stand at a mask. */
class FillCandidate(
    /** As the vocabulary has it, with the mark of a word's start (`▁`) or continuation (`##`). */
    val piece: String,
    val id: Int,
    /** Its probability. */
    val score: Double,
    /** The whole text with this piece at this mask; other masks stay. */
    val text: String,
)

/**
 * `fill-mask`: what may stand where a text says `[MASK]`; for each mask in order, the likeliest first.
 *
 * A text that fits runs as it is; of a longer one each mask runs in a window around it. Several masks are filled one by
 * one, each as if the others stayed. Special pieces are never proposed.
 */
class FillingPipeline(config: AlbertConfig, tokenizer: Tokenizer, longest: Int) :
    Pipeline<FillRequest, List<List<FillCandidate>>>(config, tokenizer, longest) {
    private val special = setOf(
        tokenizer.padId, tokenizer.unkId, tokenizer.clsId, tokenizer.sepId,
        tokenizer.maskId
            ?: throw ArtifactException("a vocabulary must have the piece $MASK to fill masks; received none"),
    )

    override fun inputs(request: FillRequest): List<Packed> {
        if (MASK !in request.text) throw RequestException("a text to fill must hold $MASK; received one without it")
        return maskWindows(tokenizer, tokenizer.encodeMasked(request.text).ids, longest)
    }

    override fun decode(request: FillRequest, outputs: List<Outputs>): List<List<FillCandidate>> {
        if (request.top < 1) throw RequestException("top must be at least 1; received ${request.top}")
        val inputs = inputs(request)
        checkCount(outputs, inputs.size)
        val size = tokenizer.vocabSize
        val rows = inputs.indices.flatMap {
            rowsOf(outputs[it], "logits", listOf(inputs[it].maskedPositions!!.size, size), size)
        }
        val codes = codePoints(request.text)
        val places = maskPlaces(codes)
        if (rows.size != places.size) {
            throw OutputException("the outputs must be of the text's ${places.size} masks; received ${rows.size}")
        }
        return places.indices.map { candidates(codes, places[it], softmax(rows[it]), request.top) }
    }

    private fun candidates(codes: IntArray, place: Int, scores: DoubleArray, top: Int): List<FillCandidate> {
        val best = scores.indices.filter { it !in special }.sortedByDescending { scores[it] }.take(top)
        return best.map { id ->
            val piece = tokenizer.piece(id)
            FillCandidate(piece, id, scores[id], filledText(tokenizer, codes, place, piece))
        }
    }
}

package albertedge.app.state

import albertedge.AlbertEdgeException
import albertedge.ArtifactException
import albertedge.OutputException
import albertedge.RequestException
import java.io.IOException

/** What kind of thing went wrong; each has a sentence of its own on the screen. */
enum class ProblemKind { FILE, REQUEST, OUTPUT, MEMORY, LIBRARY, INTERPRETER, READING, JOB, UNEXPECTED }

/** A host's job that ended with an error, of which the host was told as well. */
class JobFailedException(message: String) : Exception(message)

/** A failure as the screen shows it: a sentence for its [kind], and a line of [detail], which may be empty. */
data class Problem(val kind: ProblemKind, val detail: String) {
    companion object {
        /**
         * The problem that [error] is; throws it again if it is a flaw of the machine that nobody can go on after.
         *
         * An interpreter says what it can't run by IllegalArgumentException and IllegalStateException. A library that
         * is missing for this processor is an UnsatisfiedLinkError, at the second try a NoClassDefFoundError.
         */
        fun of(error: Throwable): Problem = Problem(kindOf(error), error.message?.lineSequence()?.first().orEmpty())

        private fun kindOf(error: Throwable): ProblemKind = when (error) {
            is ArtifactException -> ProblemKind.FILE
            is RequestException -> ProblemKind.REQUEST
            is OutputException -> ProblemKind.OUTPUT
            is OutOfMemoryError -> ProblemKind.MEMORY
            is LinkageError -> ProblemKind.LIBRARY
            is JobFailedException -> ProblemKind.JOB
            is AlbertEdgeException, is IllegalArgumentException, is IllegalStateException -> ProblemKind.INTERPRETER
            is IOException, is SecurityException -> ProblemKind.READING
            is StackOverflowError, is Exception -> ProblemKind.UNEXPECTED
            else -> throw error
        }
    }
}

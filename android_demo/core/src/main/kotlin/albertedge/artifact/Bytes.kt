package albertedge.artifact

import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import java.nio.charset.CodingErrorAction
import java.security.MessageDigest

/** The text of the bytes [from, to); null if they aren't UTF-8. */
internal fun utf8OrNull(data: ByteArray, from: Int = 0, to: Int = data.size): String? = try {
    Charsets.UTF_8.newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT)
        .decode(ByteBuffer.wrap(data, from, to - from))
        .toString()
} catch (@Suppress("SwallowedException") error: CharacterCodingException) {
    null
}

/** SHA-256 of all bytes of [data], in hexadecimal digits. */
internal fun sha256(data: ByteBuffer): String {
    val digest = MessageDigest.getInstance("SHA-256")
    digest.update(data.duplicate())
    val text = StringBuilder(64)
    for (byte in digest.digest()) {
        text.append(HEX[byte.toInt() shr 4 and 0xF]).append(HEX[byte.toInt() and 0xF])
    }
    return text.toString()
}

private const val HEX = "0123456789abcdef"

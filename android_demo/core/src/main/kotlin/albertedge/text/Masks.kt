package albertedge.text

/**
 * `[CLS] window [SEP]` of at most [longest] tokens, as many as it takes for each mask in [ids] to be asked once.
 *
 * A mask lies in the middle of its window, or as near to it as the text's ends allow, and masks within half of a window
 * share one; together the windows' masked positions are the masks in their order. None without a mask.
 */
internal fun maskWindows(tokenizer: Tokenizer, ids: IntArray, longest: Int): List<Packed> {
    val room = windowRoom(longest)
    val masks = ids.indices.filter { ids[it] == tokenizer.maskId }
    val groups = if (ids.size <= room && masks.isNotEmpty()) listOf(masks) else groups(masks, room / 2)
    return groups.map { group ->
        val middle = (group.first() + group.last() + 1) / 2
        val start = maxOf(0, minOf(middle - room / 2, ids.size - room))
        val part = packIds(tokenizer, ids.copyOfRange(start, minOf(ids.size, start + room)))
        Packed(part.inputIds, part.tokenTypeIds, IntArray(group.size) { group[it] - start + 1 })
    }
}

/** Neighbours of which the first and the last are less than [widest] apart. */
private fun groups(masks: List<Int>, widest: Int): List<List<Int>> {
    val groups = ArrayList<MutableList<Int>>()
    for (mask in masks) {
        val last = groups.lastOrNull()
        if (last != null && mask - last[0] < widest) last.add(mask) else groups.add(arrayListOf(mask))
    }
    return groups
}

/**
 * The text with [piece] put in for the `[MASK]` that starts at the character [place].
 *
 * A piece that starts a word has white space before it, unless the text starts there; a piece that continues one stands
 * right behind the text before, whatever white space the mask had there. A WordPiece starts a word also where there is
 * no white space, at punctuation and Chinese characters, and gets none there. What follows stays as it is.
 */
internal fun filledText(tokenizer: Tokenizer, codes: IntArray, place: Int, piece: String): String {
    val mark = WORD_START.toChar()
    val isWordPiece = tokenizer is WordPieceTokenizer
    val continues = if (isWordPiece) piece.startsWith(CONTINUES) else !piece.startsWith(mark)
    val shown = when {
        !isWordPiece -> piece.replace(mark, ' ').trimStart(' ')
        continues -> piece.substring(CONTINUES.length)
        else -> piece
    }
    var end = place
    var space = ""
    if (continues) {
        while (end > 0 && Unicode.isSpace(codes[end - 1])) end--
    } else if (end > 0 && !Unicode.isSpace(codes[end - 1])) {
        if (!isWordPiece || !isWordStart(tokenizer, codes[end - 1], shown)) space = " "
    }
    return textOf(codes, 0, end) + space + shown + textOf(codes, place + MASK.length)
}

/** Whether a WordPiece tokenizer starts a word between a character and the first one of [right]. */
private fun isWordStart(tokenizer: Tokenizer, left: Int, right: String): Boolean {
    val codes = if (right.isEmpty()) intArrayOf(left) else intArrayOf(left, right.codePointAt(0))
    val encoding = tokenizer.encode(codes, 0, codes.size)
    return (0 until encoding.size).any { encoding.starts[it] == 1 && !encoding.pieces[it].startsWith(CONTINUES) }
}

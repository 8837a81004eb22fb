"""What every tokenizer's offsets have to be, whatever its vocabulary is."""


def span_faults(text, encoding):
    """What is wrong with an encoding's spans of `text`, in words."""
    spans = encoding.offsets
    found = []
    if not len(spans) == len(encoding.pieces) == len(encoding.ids):
        found.append("not one span a piece")
    if any(not 0 <= start <= end <= len(text) for start, end in spans):
        found.append("a span outside the text")
    if any(before > after for one, other in zip(spans, spans[1:]) for before, after in zip(one, other)):
        found.append("spans that decrease")
    return found

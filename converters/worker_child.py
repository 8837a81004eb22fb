"""The other end of `worker`: builds as it is told through standard input, until that ends.

Started as `python -m converters.worker_child`. Only here does a conversion import TensorFlow.
"""

from __future__ import annotations

import sys
from typing import Iterator

from albert_edge.errors import AlbertEdgeError
from albert_edge.runtime.children import answering_stream
from albert_edge.runtime.frames import receive, send
from converters.messages import Message, built_message, read_request, reference_message


def main() -> None:
    """Answer messages until there are no more."""
    answers = answering_stream()
    while (message := receive(sys.stdin.buffer)) is not None:
        for answer in _answers(message):
            send(answers, *answer)


def _answers(message: Message) -> Iterator[Message]:
    """One a plan, then the reference's if there are samples; an error instead of the first that can't be."""
    from converters.building import builds
    from converters.reference import reference_outputs

    try:
        request, samples = read_request(*message)
        for built in builds(request):
            yield built_message(built)
        if samples:
            yield reference_message({each.task: reference_outputs(each, samples) for each in request.checkpoints})
    except AlbertEdgeError as error:
        yield {"error": [type(error).__name__, str(error)]}, {}


if __name__ == "__main__":
    main()

"""What it takes to get a file ready: time and memory, each value from a process of its own.

A second load in one process finds libraries initialised and memory already fetched from the kernel, and would be
flattered. The file itself was read before, so that it comes from the kernel's cache, not from the disk.
"""

from __future__ import annotations

import dataclasses
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.harness.memory import resident_mb
from albert_edge.harness.processes import bare, probe
from albert_edge.runtime.interpreter import PACKAGES
from albert_edge.tasks import task_named
from albert_edge.text.encoding import MASK

if TYPE_CHECKING:
    from albert_edge.runtime.predictor import Predictor
    from albert_edge.text.tokenizer import Tokenizer

PROCESSES = 5
"""Of each kind; medians are reported."""

# Common English words, then single characters: with any vocabulary one of the last has one piece.
_FILLERS = ("the", "of", "a", "1", ".")


@dataclasses.dataclass(frozen=True)
class Startup:
    """Raw values, one a process, in milliseconds and MB of 10^6 bytes."""

    tokens: int
    """Length of the text that was answered before memory was read."""
    load_ms: tuple[float, ...]
    """Interpreter and allocation, from checked bytes in memory: includes the delegate's packing of the weights, not
    the fitting to a length, which the first request does."""
    open_ms: tuple[float, ...]
    """From the path to a predictor that is ready: reading, hashes and structure, tokenizer, interpreter. Not the
    imports."""
    rss_mb: tuple[float, ...]
    """The predictor loaded and one text answered."""
    bare_rss_mb: tuple[float, ...]
    """Only numpy, sentencepiece and the interpreter imported."""

    def summary(self) -> dict[str, float]:
        """Medians: `load_ms, open_ms, rss_mb, rss_above_runtime_mb`, and the `rss_tokens` of the text answered."""
        rss_mb = statistics.median(self.rss_mb)
        return {
            "load_ms": statistics.median(self.load_ms),
            "open_ms": statistics.median(self.open_ms),
            "rss_mb": rss_mb,
            "rss_above_runtime_mb": rss_mb - statistics.median(self.bare_rss_mb),
            "rss_tokens": self.tokens,
        }

    def to_dict(self) -> dict[str, list[float]]:
        """Every value, for JSON."""
        return {
            "load_ms": list(self.load_ms),
            "open_ms": list(self.open_ms),
            "rss_mb": list(self.rss_mb),
            "bare_rss_mb": list(self.bare_rss_mb),
        }


def measure_startup(
    path: PathLike,
    predictor: Predictor,
    tokens: int = 128,
    threads: int = 1,
    max_depth: Optional[int] = None,
    processes: int = PROCESSES,
) -> Startup:
    """Open the artifact at `path` in fresh processes, with the interpreter package of `predictor`, which has it open.

    `tokens`: the answered input's length, special pieces included, cut to the file's longest. The three kinds of
    process take turns. Raises `RuntimeUnavailableError` if a process ends without an answer.
    """
    if processes < 1:
        raise ConfigError(f"processes must be at least 1; received {processes}")
    item = item_of_length(predictor, tokens)
    manifest = predictor.artifact.manifest
    opening = {
        "tasks": [head.task for head in manifest.all_heads],
        "tokenizer_kind": manifest.tokenizer_kind,
        "item": item,
        "max_depth": max_depth,
    }
    name, module = _package(predictor.runtime)
    common = {"path": str(Path(path).resolve()), "threads": threads, "runtime": name}
    load_ms, open_ms, rss_mb, bare_rss_mb = [], [], [], []
    for _ in range(processes):
        with bare(module) as started:
            bare_rss_mb.append(resident_mb(started.pid))
        with probe(module, "load_interpreter", common) as started:
            load_ms.append(started.answer["load_ms"])
        with probe(module, "open_and_answer", {**common, **opening}) as started:
            open_ms.append(started.answer["open_ms"])
            rss_mb.append(resident_mb(started.pid))
    answered = max(len(packed.input_ids) for packed in predictor.inputs_of(item))
    return Startup(answered, tuple(load_ms), tuple(open_ms), tuple(rss_mb), tuple(bare_rss_mb))


def item_of_length(predictor: Predictor, tokens: int) -> Any:
    """An item of `albert_edge.predict` for the file's tasks that runs as one input of about `tokens` tokens.

    Where a task wants two texts the first has one word; a file with several heads gets what all of them want.
    """
    tokenizer, heads = predictor.artifact.tokenizer(), predictor.artifact.heads
    aliases = {task_named(head.task).alias for head in heads}
    longest = predictor.artifact.manifest.lengths.maximum
    tokens = min(tokens, longest, *(head.config.settings.max_length or longest for head in heads))
    word = _FILLERS[0]
    # The word and the [SEP] behind it.
    second = text_of_length(tokenizer, max(3, tokens - 1 - len(tokenizer.encode(word).ids)))
    if aliases <= {"answer", "order"} and len(heads) == 1:
        return [word, second]
    text = f"{MASK} {text_of_length(tokenizer, tokens - 1)}" if "fill" in aliases else text_of_length(tokenizer, tokens)
    if len(heads) == 1:
        return text
    pair = {"text_pair": word} if "order" in aliases else {}
    return {"text": text, **pair, **({"question": word} if "answer" in aliases else {})}


def text_of_length(tokenizer: Tokenizer, tokens: int) -> str:
    """A text that packs to `tokens` tokens with `[CLS]` and `[SEP]`, or to the nearest below that the words allow."""
    words: list[str] = []
    for word in _FILLERS:
        room = tokens - 2 - len(tokenizer.encode(" ".join(words)).ids)
        words += [word] * (room // max(1, len(tokenizer.encode(word).ids)))
    return " ".join(words)


def _package(runtime: str) -> tuple[str, str]:
    """Key in `PACKAGES` and module of the package in `runtime`, as `ai-edge-litert 2.3.0`."""
    distribution = runtime.split()[0]
    return next((name, package.module) for name, package in PACKAGES.items() if package.distribution == distribution)

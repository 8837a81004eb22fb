"""What it takes to get a file ready: time and memory, each value from a process of its own.

A second load in one process finds libraries initialised and memory already fetched from the kernel, and would be
flattered. The file itself was read before, so that it comes from the kernel's cache, not from the disk.
"""

from __future__ import annotations

import dataclasses
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from albert_edge.artifact.weights import unique_weight_bytes, weight_copies
from albert_edge.errors import ConfigError
from albert_edge.files import PathLike
from albert_edge.harness.memory import peak_mb, resident_mb
from albert_edge.harness.processes import bare, probe
from albert_edge.harness.progress import with_progress
from albert_edge.runtime.interpreter import package_of
from albert_edge.tasks import task_named
from albert_edge.text.encoding import MASK

if TYPE_CHECKING:
    from albert_edge.runtime.predictor import Predictor
    from albert_edge.text.tokenizer import Tokenizer

PROCESSES = 5
"""Of each kind; medians are reported."""

# Common English words, then single characters: with any vocabulary one of the last has one piece.
_FILLERS = ("the", "of", "a", "1", ".")

# A thread's cache keeps what was freed, and glibc counts that as in use: how much is in it differs now and then.
_NO_CACHE = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}

_COUNTED = 3
"""Processes whose median is taken: one that compiles a module, or is held up, may count some bytes more or fewer."""


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
    peak_rss_mb: tuple[float, ...] = ()
    """The most that the process of `rss_mb` ever had; empty where the system doesn't tell."""

    def summary(self) -> dict[str, Optional[float]]:
        """Medians: `load_ms, open_ms, rss_mb, peak_rss_mb`, both of the latter also `..._above_runtime_mb`, and the
        `rss_tokens` of the text answered."""
        rss_mb, bare_mb = statistics.median(self.rss_mb), statistics.median(self.bare_rss_mb)
        peak = statistics.median(self.peak_rss_mb) if self.peak_rss_mb else None
        return {
            "load_ms": statistics.median(self.load_ms),
            "open_ms": statistics.median(self.open_ms),
            "rss_mb": rss_mb,
            "peak_rss_mb": peak,
            "rss_above_runtime_mb": rss_mb - bare_mb,
            "peak_above_runtime_mb": None if peak is None else peak - bare_mb,
            "rss_tokens": self.tokens,
        }

    def to_dict(self) -> dict[str, list[float]]:
        """Every value, for JSON."""
        return {
            "load_ms": list(self.load_ms),
            "open_ms": list(self.open_ms),
            "rss_mb": list(self.rss_mb),
            "peak_rss_mb": list(self.peak_rss_mb),
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
    name, module = package_of(predictor.runtime)
    common = {"path": str(Path(path).resolve()), "threads": threads, "runtime": name}
    load_ms, open_ms, rss_mb, bare_rss_mb, peak_rss_mb = [], [], [], [], []
    for _ in with_progress(range(processes), "fresh processes"):
        with bare(module) as started:
            bare_rss_mb.append(resident_mb(started.pid))
        with probe(module, "load_interpreter", common) as started:
            load_ms.append(started.answer["load_ms"])
        with probe(module, "open_and_answer", {**common, **opening}) as started:
            open_ms.append(started.answer["open_ms"])
            rss_mb.append(resident_mb(started.pid))
            peak_rss_mb.append(peak_mb(started.pid))
    answered = max(len(packed.input_ids) for packed in predictor.inputs_of(item))
    peaks = tuple(value for value in peak_rss_mb if value is not None)
    return Startup(answered, tuple(load_ms), tuple(open_ms), tuple(rss_mb), tuple(bare_rss_mb), peaks)


def measure_allocation(
    path: PathLike, predictor: Predictor, tokens: int = 128, threads: int = 1, max_depth: Optional[int] = None
) -> dict[str, Any]:
    """What a fresh process allocates for the artifact at `path`: a result's `weights`.

    `unique_bytes` and `copies` are facts of the file, as `inspect` has them. `packed_bytes` is what loading allocates
    beside the mapped file: the weights as the delegate packs them, once for each product that reads them, the runtime's
    own structures, and in a file of one fixed length its activations. `activation_bytes` is what the first request of
    `tokens` tokens, cut to the file's longest, allocates beyond that.
    """
    facts, longest = predictor.artifact.facts, predictor.artifact.manifest.lengths.maximum
    name, module = package_of(predictor.runtime)
    arguments = {
        "path": str(Path(path).resolve()),
        "threads": threads,
        "runtime": name,
        "tokens": min(tokens, longest),
        "max_depth": max_depth,
    }
    counted = []
    for _ in range(_COUNTED):
        with probe(module, "allocate", arguments, environment=_NO_CACHE) as started:
            counted.append(started.answer)
    middle = {name: _middle([each[name] for each in counted]) for name in ("packed_bytes", "activation_bytes")}
    weights = {"unique_bytes": unique_weight_bytes(facts), "copies": weight_copies(facts)}
    return {**weights, **middle, "how": counted[0]["how"]}


def _middle(values: list[Optional[int]]) -> Optional[int]:
    """None where nothing was counted."""
    known = [value for value in values if value is not None]
    return statistics.median_low(known) if known else None


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

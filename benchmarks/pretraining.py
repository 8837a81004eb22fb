"""How fast this machine pretrains: tokens a second of one shape, and what a whole pretraining would take at that.

    python -m benchmarks.pretraining --size base --length 512 --threads 1

Times whole updates (gradients, optimizer) on random ids, as the time doesn't depend on them, after the first updates,
in which XLA compiles. Left out are the reading and masking of texts. The operations a token are counted, not measured:
matrix products only, a multiplication and an addition as two.
"""

import json
import time
from pathlib import Path
from typing import Any, Optional

import click
import numpy as np

from albert_edge.config import AlbertConfig
from albert_edge.files import atomic_write
from albert_edge.model.sizes import SIZES, size_config
from albert_edge.training.pretraining.settings import PRECISIONS, PretrainingSettings
from albert_edge.training.pretraining.stream import Example

ALBERT_TOKENS = 125_000 * 4096 * 512
"""Lan et al. 2019, section 4.1: updates, inputs an update, tokens an input at most."""
COMPILED = 2
"""Updates before the timed ones."""


@click.command()
@click.option("--size", type=click.Choice(list(SIZES)), default="base", show_default=True)
@click.option("--layers", type=click.IntRange(1))
@click.option("--length", type=click.IntRange(8, 512), default=128, show_default=True, help="Tokens an input.")
@click.option("--batch-size", type=click.IntRange(1), default=8, show_default=True, help="Inputs an update.")
@click.option("--accumulate", type=click.IntRange(1), default=1, show_default=True)
@click.option("--precision", type=click.Choice(PRECISIONS), default="float32", show_default=True)
@click.option("--jit/--no-jit", default=True, show_default=True)
@click.option("--threads", type=click.IntRange(1), help="Of TensorFlow.  [default: one a core]")
@click.option("--updates", type=click.IntRange(1), default=5, show_default=True, help="Timed ones.")
@click.option("--out", type=click.Path(dir_okay=False), help="JSON with every raw value.")
def main(threads: Optional[int], updates: int, out: Optional[str], length: int, **options: Any) -> None:
    """Measure and print."""
    from albert_edge.training.report import environment
    from albert_edge.training.threads import use_threads

    used = use_threads(threads)
    config = size_config(options.pop("size"), options.pop("layers"))
    settings = PretrainingSettings(steps=1000, lengths=str(length), optimizer="lamb", **options)
    measured = measure(config, settings, updates)
    tokens = settings.batch_size * length
    flops = flops_per_token(config, settings, length)
    results = {
        "config": config.to_dict(),
        "settings": settings.to_dict(),
        "tokens_an_update": tokens,
        "flops_a_token": flops,
        **measured,
        "environment": environment(used),
    }
    if out is not None:
        atomic_write(Path(out), json.dumps(results, indent=1).encode())
    rows = {"second": measured["seconds"], "processor second": measured["cpu_seconds"]}
    for name, values in rows.items():
        speed = tokens / float(np.median(values))
        click.echo(f"tokens a {name}: {speed:,.0f} ({speed * flops / 1e9:,.1f} GFLOP/s)")
    days = ALBERT_TOKENS / (tokens / float(np.median(measured["seconds"]))) / 86400
    click.echo(f"{flops / 1e6:,.0f} MFLOP a token; ALBERT's {ALBERT_TOKENS / 1e9:,.0f} G tokens: {days:,.0f} days")


def measure(config: AlbertConfig, settings: PretrainingSettings, updates: int) -> dict[str, list[float]]:
    """Seconds, and those of the processor, of each update behind the first ones."""
    from albert_edge.model.heads import build_model
    from albert_edge.model.initial import initial_tensors
    from albert_edge.model.precision import computed_in
    from albert_edge.model.weights import load_state_dict
    from albert_edge.training.pretraining.step import PretrainStep

    with computed_in(settings.precision):
        model = build_model(config, "pretraining")
    load_state_dict(model, initial_tensors(config, "pretraining", 1))
    step, batch = PretrainStep(model, settings), random_batch(config, settings)
    seconds, cpu_seconds = [], []
    for _ in range(COMPILED + updates):
        wall, processor = time.perf_counter(), time.process_time()
        float(step.update(batch).masked_loss)
        seconds.append(time.perf_counter() - wall)
        cpu_seconds.append(time.process_time() - processor)
    return {"seconds": seconds[COMPILED:], "cpu_seconds": cpu_seconds[COMPILED:]}


def random_batch(config: AlbertConfig, settings: PretrainingSettings) -> Example:
    """As many inputs, tokens and masked places as an update has."""
    generator = np.random.default_rng(1)
    size, length, most = settings.batch_size, settings.longest, settings.predictions_at(settings.longest)
    ids = generator.integers(5, config.vocab_size, (size, length)).astype(np.int32)
    places = np.sort(generator.permuted(np.tile(np.arange(length), (size, 1)), axis=1)[:, :most], axis=1)
    ones = np.ones((size, length), np.int32)
    asked = np.take_along_axis(ids, places, 1)
    weights = np.ones((size, most), np.float32)
    return Example(ids, ones, 0 * ones, places.astype(np.int32), asked, weights, np.zeros(size, np.int32))


def flops_per_token(config: AlbertConfig, settings: PretrainingSettings, length: int) -> float:
    """Of an update, matrix products alone: three times the forward pass (Kaplan et al. 2020, section 2.1)."""
    width, hidden, inner = config.embedding_size, config.hidden_size, config.intermediate_size
    layer = 8 * hidden**2 + 4 * hidden * inner + 4 * length * hidden
    asked = settings.predictions_at(length) / length
    head = asked * (2 * hidden * width + 2 * width * config.vocab_size)
    return 3.0 * (config.num_hidden_layers * layer + 2 * width * hidden + head)


if __name__ == "__main__":
    main()

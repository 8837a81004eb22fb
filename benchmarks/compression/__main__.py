"""`python -m benchmarks.compression`: the parts that are asked for, one after another; see the package."""

import contextlib
import importlib.metadata
from pathlib import Path
from typing import Callable, Iterable, Optional

import click

# It can't read a model's signatures if TensorFlow was loaded before it.
with contextlib.suppress(ImportError):
    import tflite_runtime.interpreter  # noqa: F401

from albert_edge.files import atomic_write
from albert_edge.harness.environment import machine, software
from benchmarks.compression import choice, distillation, exits, pruning, schemes, shape, vocabulary
from benchmarks.compression.work import Plan, Work, data_sets
from benchmarks.graph import VOCABULARY

PARTS: dict[str, Callable[[Work], str]] = {
    "schemes": schemes.measure,
    "shape": shape.measure,
    "pruning": pruning.measure,
    "vocab": vocabulary.measure,
    "exits": exits.measure,
    "distillation": distillation.measure,
    "optimize": choice.measure,
}
WITHOUT_DATA = {"shape"}
SETS = ("sst2", "ag_news")
PACKAGES = ("tensorflow", "ai-edge-litert", "tflite-runtime", "ai-edge-quantizer")
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--data", type=FOLDER, help="Folder with sst2 and ag_news; the part shape needs none.")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="What is made and measured."
)
@click.option("--only", default=",".join(PARTS), help="Parts, separated by commas.  [default: all]")
@click.option("--sets", default=",".join(SETS), help="Sets, separated by commas.  [default: both]")
@click.option("--sst2-model", type=FOLDER, help="The plain model of SST-2.  [default: one is trained]")
@click.option("--ag-model", type=FOLDER, help="The plain model of AG News.  [default: one is trained]")
@click.option("--sst2-multi-exit", type=FOLDER, help="Of SST-2, every depth trained.  [default: one is trained]")
@click.option("--ag-multi-exit", type=FOLDER, help="Of AG News, every depth trained.  [default: one is trained]")
@click.option(
    "--controls/--no-controls", default=True, help="Tune the unpruned model as long as the pruned, and train for int8."
)
def main(
    data: Optional[Path],
    out: Path,
    only: str,
    sets: str,
    sst2_model: Optional[Path],
    ag_model: Optional[Path],
    sst2_multi_exit: Optional[Path],
    ag_multi_exit: Optional[Path],
    controls: bool,
) -> None:
    """Train what isn't there, measure, print Markdown tables."""
    names, chosen = _listed(only, "--only", PARTS), _listed(sets, "--sets", SETS)
    if data is None and set(names) - WITHOUT_DATA:
        needy = ", ".join(name for name in names if name not in WITHOUT_DATA)
        raise click.BadParameter(f"must be given for parts that train; received {needy}", param_hint="--data")
    given = {
        "sst2": sst2_model,
        "ag_news": ag_model,
        "sst2 multi-exit": sst2_multi_exit,
        "ag_news multi-exit": ag_multi_exit,
    }
    trained = {name: path for name, path in given.items() if path is not None}
    found = {} if data is None else data_sets(data, out)
    taken = {name: found[name] for name in chosen if name in found}
    from albert_edge.training.threads import use_threads

    # Now, or the first that scores by Keras takes every core for the whole process.
    use_threads(1)
    run(Work(out, taken, Plan(controls=controls), trained=trained, vocabulary=VOCABULARY), names)


def _listed(text: str, option: str, known: Iterable[str]) -> list[str]:
    """The names in `text`, separated by commas; each must be known."""
    names = text.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise click.BadParameter(f"must be of {', '.join(known)}; received {', '.join(unknown)}", param_hint=option)
    return names


def run(work: Work, names: list[str]) -> None:
    """Measure the parts `names`: each prints its table and leaves it as `NAME.md`; `tables.md` has all so far."""
    click.echo(conditions())
    for name in names:
        text = PARTS[name](work)
        click.echo(text)
        atomic_write(work.path(f"{name}.md"), text.encode())
        found = [work.folder / f"{part}.md" for part in PARTS]
        tables = [path.read_text(encoding="utf-8") for path in found if path.exists()]
        atomic_write(work.path("tables.md"), "\n".join([conditions(), *tables]).encode())


def conditions() -> str:
    """Where this was measured, in a line."""
    versions = ", ".join(f"{name} {version}" for name in PACKAGES if (version := _version(name)))
    where = machine()
    return (
        f"One run on {where['cpu_model']}, {where['cpu_cores']} cores, one thread; {where['os']}, "
        f"{software()['python']}, {versions}.\n"
    )


def _version(package: str) -> Optional[str]:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()

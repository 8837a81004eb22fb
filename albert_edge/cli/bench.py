"""`albert-edge bench`: latency, start, memory and accuracy of a `.tflite`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import click

from albert_edge.cli.device_option import ask_devices, device_option, end_with_errors, path_for
from albert_edge.cli.options import (
    column_options,
    json_option,
    label_separator_option,
    runtime_option,
    whole_numbers,
)

if TYPE_CHECKING:
    from albert_edge.harness.devices.fleet import Answer

FILES = ("path", "data", "reference")
"""What a device gets a copy of."""

OF_DATA = ("text_column", "text_pair_column", "label_column", "label_separator", "limit", "reference")
"""What says nothing without --data."""


@click.command("bench")
@click.argument("path")
@click.option("--lengths", default="16,64,128", show_default=True, help="Tokens of a request, separated by commas.")
@click.option(
    "--threads", default="1", show_default=True, help="Of several, as 1,2,4, the first is used for all but their table."
)
@click.option("--runs", type=click.IntRange(1), help="Timed runs at each length.  [default: by --seconds, at least 30]")
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Time to measure at each length, without --runs.",
)
@click.option(
    "--preset",
    type=click.Choice(["mlperf"]),
    help="At least 1,024 queries and 60 s, as MLPerf Mobile asks: on --data's mix, else at each length.",
)
@click.option(
    "--sustained", type=click.FloatRange(0, min_open=True), help="Run the longest length for so many minutes."
)
@click.option("--data", type=click.Path(), help="Labelled examples as for `evaluate`: latency over them, accuracy.")
@column_options
@label_separator_option
@click.option("--limit", type=click.IntRange(1), help="Use the first so many examples.  [default: all]")
@click.option("--reference", type=click.Path(), help="Compare with this .tflite, usually float32, on --data.")
@click.option("--max-depth", type=click.IntRange(1), help="Apply only so many layers.  [default: all]")
@click.option(
    "--exit-threshold",
    type=click.FloatRange(0, min_open=True),
    help="Of a file with an exit: stop at this confidence.  [default: never, on --data the file's]",
)
@runtime_option
@click.option("--cost", is_flag=True, help="Count an inference's instructions too, with valgrind; on qemu by qemu.")
@device_option
@click.option("--out", type=click.Path(), help="Write the result to this JSON file, for `gate` and `report`.")
@json_option
@click.pass_context
def command(
    context: click.Context,
    path: str,
    lengths: str,
    threads: str,
    runs: Optional[int],
    seconds: float,
    preset: Optional[str],
    sustained: Optional[float],
    data: Optional[str],
    text_column: Optional[str],
    text_pair_column: Optional[str],
    label_column: Optional[str],
    label_separator: Optional[str],
    limit: Optional[int],
    reference: Optional[str],
    max_depth: Optional[int],
    exit_threshold: Optional[float],
    runtime: Optional[str],
    cost: bool,
    device: Optional[str],
    out: Optional[str],
    as_json: bool,
) -> None:
    """Measure latency, start and memory of the .tflite PATH on this machine.

    Times are of the interpreter alone, one request at its exact length: p50, p90 and p99 are measured values that so
    many percent of the runs don't exceed, "first" is the first run at a length, which fits the graph to it. Memory is
    that of a process that opened the file and answered one text. Requests are random ids, which say nothing about when
    texts would stop a file with an exit: it runs at full depth. Nothing else should run meanwhile.

    With --data also the latency over its texts, in no order, and the task's metric; with --reference beside it how far
    the outputs lie from those of another file. --out and --json keep every measured value. Of several devices each has
    a file of its own: --out r.json becomes r-NAME.json.

    \b
    Example:
      albert-edge bench news.tflite --lengths 16,64,128 --threads 1 --json
      albert-edge bench news.tflite --data dev.tsv --reference news-float32.tflite --out result.json
      albert-edge bench news.tflite --lengths 16 --device all --out result.json
    """
    import albert_edge
    from albert_edge.files import check_writable
    from albert_edge.text.tables import Columns

    if out is not None:
        check_writable(out)
    columns = Columns.from_options(text_column, text_pair_column, label_column, label_separator)
    if data is None:
        _refuse_without_data(context)
    chosen_lengths, chosen_threads = whole_numbers(lengths, "--lengths"), whole_numbers(threads, "--threads")
    if device is not None:
        answers = ask_devices(context, FILES)
        results = [(answer, _result(context, answer)) for answer in answers if answer.error is None]
        for answer, result in results:
            _keep(result, None if out is None else path_for(out, answer, answers))
        _print([result for _, result in results], as_json, as_list=len(answers) > 1)
        end_with_errors(answers)
        return
    result = albert_edge.bench(
        path,
        lengths=chosen_lengths,
        threads=chosen_threads,
        runs=runs,
        seconds=seconds,
        runtime=runtime,
        max_depth=max_depth,
        exit_threshold=exit_threshold,
        data=data,
        columns=None if data is None else columns,
        limit=limit,
        reference=reference,
        preset=preset,
        sustained_minutes=sustained,
        cost=_counted(context) if cost else None,
    )
    _keep(result, None if out is None else Path(out))
    _print([result], as_json)


def _refuse_without_data(context: click.Context) -> None:
    for name in OF_DATA:
        if context.params[name] is not None:
            option = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} must be with --data, which it is about; received it alone")


def _result(context: click.Context, answer: Answer) -> dict[str, Any]:
    """What a device answered, with `cost`; a count that fails is a warning, since the rest was measured."""
    from albert_edge.errors import AlbertEdgeError
    from albert_edge.harness.devices.registry import device_of

    result: dict[str, Any] = dict(answer.result)
    if context.params["cost"]:
        is_here = answer.entry.kind == "local"
        try:
            result["cost"] = _counted(context, None if is_here else device_of(answer.entry))
        except AlbertEdgeError as error:
            result["warnings"] = [*result["warnings"], f"cost: {error}"]
    return result


def _counted(context: click.Context, device: Any = None) -> dict[str, Any]:
    from albert_edge.harness.cost import measure_cost

    given = context.params
    return measure_cost(given["path"], device=device, max_depth=given["max_depth"], runtime=given["runtime"])


def _keep(result: dict[str, Any], out: Optional[Path]) -> None:
    """Write it, if wanted, and warn."""
    from albert_edge.harness.results import write_result

    if out is not None:
        write_result(out, result)
    name = f"{result['device']['name']}: " if result["device"] else ""
    for line in result["warnings"]:
        click.echo(f"albert-edge: warning: {name}{line}", err=True)


def _print(results: list[dict[str, Any]], as_json: bool, as_list: bool = False) -> None:
    """Tables one below the other, or one JSON document."""
    from albert_edge.cli.measured import print_result
    from albert_edge.harness.results import result_text

    if as_json:
        for shown in [results] if as_list else results:
            click.echo(result_text(shown), nl=False)
        return
    for number, result in enumerate(results):
        click.echo("\n" * (number > 0), nl=False)
        print_result(result)

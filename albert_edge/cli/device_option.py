"""`--device` of a command: the same command, on other machines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Sequence

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from albert_edge.harness.devices.fleet import Answer

RUN_S = 4 * 3600.0
"""Of one command on one device; a sustained run takes long, and what is left alone ends by itself before."""

device_option = click.option(
    "--device", help="Run there: names of `device list`, separated by commas, or all.  [default: this process]"
)

_OURS = ("device", "out", "as_json", "predictions", "cost")
"""Options for what is done here with the answer."""


def ask_devices(context: click.Context, files: Sequence[str]) -> list[Answer]:
    """Run the command of `context`, with the options that were given, on the devices of its `--device`.

    `files` are the parameters that name files to copy there. Each result has its `device`; one of `bench` is checked,
    so that a device that answers with anything else takes nothing from the others, and has a warning for each limit of
    the device's profile that it doesn't meet.
    """
    from albert_edge.harness.devices.fleet import ask, entries_named

    entries = entries_named(context.params["device"])
    given = {name: Path(context.params[name]) for name in files if context.params[name] is not None}
    name = str(context.command.name)
    answers = ask(entries, [name, *_arguments(context, files), "--json"], given, RUN_S)
    return [_checked(answer, is_bench=name == "bench") for answer in answers]


def _checked(answer: Answer, is_bench: bool) -> Answer:
    from albert_edge.errors import DataError, DeviceError
    from albert_edge.harness.devices.profiles import over_limits, profile_named
    from albert_edge.harness.devices.registry import described
    from albert_edge.harness.results import check_result

    if answer.error is not None:
        return answer
    entry = answer.entry
    if not isinstance(answer.result, dict):
        kind = type(answer.result).__name__
        return answer._replace(
            result=None, error=DeviceError(f"device {entry.name} must answer with an object; received a {kind}")
        )
    result = {"device": None, **answer.result}
    result["device"] = described(entry)
    if is_bench:
        try:
            result = check_result(result)
        except DataError as error:
            return answer._replace(result=None, error=DeviceError(f"device {entry.name}: {error}"))
        limits = over_limits(profile_named(entry.profile), result, is_emulated=entry.kind == "qemu")
        result["warnings"] = [*result["warnings"], *limits]
    return answer._replace(result=result)


def end_with_errors(answers: Sequence[Answer]) -> None:
    """Raise what went wrong, once everything else has been printed and written."""
    from albert_edge.errors import DeviceError

    failed = [answer for answer in answers if answer.error is not None]
    if len(answers) == 1 and answers[0].error is not None:
        raise answers[0].error
    for answer in failed:
        click.echo(f"albert-edge: error: {answer.error}", err=True)
    if failed:
        names = ", ".join(answer.entry.name for answer in failed)
        raise DeviceError(f"every device must answer; received none from {names}, of {len(answers)}")


def path_for(out: str, answer: Answer, answers: Sequence[Answer]) -> Path:
    """Where a device's result goes: OUT, or OUT with the device's name before the suffix where there are several."""
    path = Path(out)
    return path if len(answers) == 1 else path.with_name(f"{path.stem}-{answer.entry.name}{path.suffix}")


def _arguments(context: click.Context, files: Sequence[str]) -> Iterator[str]:
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in _OURS or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value: Any = f"{{{name}}}" if name in files else context.params[name]
        if isinstance(parameter, click.Argument):
            yield str(value)
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            yield (parameter.opts if value else parameter.secondary_opts)[0]
        else:
            yield from (f"{parameter.opts[-1]}={each}" for each in (value if parameter.multiple else [value]))

"""`albert-edge device`: the machines on which `bench` and `evaluate` can run."""

from __future__ import annotations

from typing import Any, Optional

import click

from albert_edge.cli.options import json_option, overwrite_option, print_json, print_table


@click.group("device")
def command() -> None:
    """Add, list, check and remove the machines that `bench --device` and `evaluate --device` run on.

    \b
    Example:
      albert-edge device add raspberry-pi-4
      albert-edge device add ssh pi@192.168.1.20 --name kitchen --profile raspberry-pi-5 --host-key SHA256:...
      albert-edge device list
    """


@command.command("add")
@click.argument("kind")
@click.argument("address", required=False)
@click.option("--name", help="What to call it.  [default: the host, android, or KIND]")
@click.option("--profile", help="What it is, as raspberry-pi-4.  [default: linux over ssh, android over adb]")
@click.option("--port", type=click.IntRange(1, 65535), help="Of its ssh server.  [default: 22]")
@click.option("--key", type=click.Path(), help="File of the private key to log in with.  [default: an agent's, ~/.ssh]")
@click.option("--host-key", help="Fingerprint of its host key, SHA256:..., as `ssh-keygen -lf` says there.")
@click.option("--known-hosts", type=click.Path(), help="A file of host keys to believe, beside OpenSSH's own.")
@click.option("--folder", help="Where everything goes there.  [default: .albert-edge in the home]")
@click.option("--python", help="Its Python.  [default: python3]")
@click.option("--binary", type=click.Path(), help="TensorFlow Lite's benchmark_model for the phone.")
@click.option("--app", help="Activity of an app that measures, as PACKAGE/.ACTIVITY.")
@click.option("--install/--no-install", default=True, show_default=True, help="Put there now what a run needs.")
@overwrite_option
@json_option
def add(
    kind: str,
    address: Optional[str],
    name: Optional[str],
    profile: Optional[str],
    host_key: Optional[str],
    install: bool,
    overwrite: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Add a device of KIND: ssh, adb, or the name of a board to emulate, as raspberry-pi-4.

    ADDRESS is [USER@]HOST for ssh; for adb the serial number, needed if several phones are connected. A host key is
    never accepted because it is offered: it must be in known_hosts, or be named by --host-key.

    \b
    Example:
      albert-edge device add ssh pi@192.168.1.20 --name kitchen --profile raspberry-pi-4 --host-key SHA256:...
      albert-edge device add raspberry-pi-5
      albert-edge device add adb --binary android_aarch64_benchmark_model
    """
    from albert_edge.harness.devices.adding import add_device, new_entry

    entry = add_device(new_entry(kind, address, name, profile, settings), host_key, install, overwrite)
    if as_json:
        print_json({"name": entry.name, **entry.to_dict()})
    else:
        click.echo(f"{entry.name}: {entry.kind}, profile {entry.profile}")


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """The devices that were added, and the machine at hand.

    \b
    Example:
      albert-edge device list --json
    """
    from albert_edge.harness.devices.adding import place_of
    from albert_edge.harness.devices.registry import read_entries

    entries = read_entries()
    if as_json:
        print_json([{"name": name, **entry.to_dict()} for name, entry in entries.items()])
        return
    rows = [[name, entry.kind, entry.profile, place_of(entry)] for name, entry in entries.items()]
    print_table(["name", "kind", "profile", "where"], rows)


@command.command("check")
@click.argument("names", default="all")
@json_option
def check(names: str, as_json: bool) -> None:
    """Ask each device of NAMES, with commas between, what it is, and compare that with its profile.

    \b
    Example:
      albert-edge device check all
    """
    from albert_edge.cli.device_option import end_with_errors
    from albert_edge.errors import CheckFailedError
    from albert_edge.harness.devices.fleet import each, entries_named
    from albert_edge.harness.devices.profiles import differences

    answers = each(entries_named(names), lambda device: (device.check(), device.profile))
    found = {
        answer.entry.name: {
            "facts": answer.result[0],
            "differences": differences(answer.result[1], answer.result[0], answer.entry.kind == "qemu"),
        }
        for answer in answers
        if answer.error is None
    }
    if as_json:
        print_json(found)
    else:
        keys = ("cpu_model", "cpu_cores", "architecture", "memory_mb", "free_memory_mb", "runtime", "python")
        rows = [[name, *(each_["facts"].get(key) or "-" for key in keys)] for name, each_ in found.items()]
        print_table(["name", *keys], rows)
    end_with_errors(answers)
    wrong = [f"{name}: {line}" for name, each_ in found.items() for line in each_["differences"]]
    if wrong:
        raise CheckFailedError(f"a device must be what its profile says; received {'; '.join(wrong)}")


@command.command("remove")
@click.argument("name")
@click.option("--clean", is_flag=True, help="Remove what was put there, too.")
def remove(name: str, clean: bool) -> None:
    """Forget the device NAME.

    \b
    Example:
      albert-edge device remove kitchen --clean
    """
    from albert_edge.harness.devices.adding import clean_device
    from albert_edge.harness.devices.registry import entry_named, remove_entry

    if clean:
        clean_device(entry_named(name))
    remove_entry(name)

"""`albert-edge report`."""

from __future__ import annotations

from typing import Optional

import click

from albert_edge.cli.options import json_option, overwrite_option, print_json


@click.command("report")
@click.argument("results", nargs=-1, required=True)
@click.option("--out", required=True, type=click.Path(), help="The page to write, .html.")
@click.option("--baseline", type=click.Path(), help="Compare the first RESULT with this baseline or result.")
@click.option("--title", help="Heads the page.  [default: the task]")
@overwrite_option
@json_option
def command(
    results: tuple[str, ...], out: str, baseline: Optional[str], title: Optional[str], overwrite: bool, as_json: bool
) -> None:
    """Turn the JSON files RESULTS of `bench --out` into one page of HTML.

    The page needs no network and no script. It says first which file to take, or what changed since the baseline; then
    come tables and pictures. Times are compared only between results of one device, runtime and thread count.

    \b
    Example:
      albert-edge report float32.json dynamic-range.json --out report.html
      albert-edge report result.json --baseline baselines/topics.json --out report.html
    """
    import albert_edge

    written = albert_edge.report(results, out, baseline, title, overwrite)
    if as_json:
        print_json(written)
        return
    click.echo(f"{out}: {written['bytes']:,} bytes, {len(written['names'])} results")
    for front in written["fronts"]:
        click.echo(f"on the front: {'; '.join(front)}")

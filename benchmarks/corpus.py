"""What building a corpus costs: megabytes a minute, processor seconds, and the peak memory of all its processes.

    python -m benchmarks.corpus books.txt.xz --vocab spiece.model

Takes the first 6 and 60 MB of a text, in whole paragraphs (`--short`: each of them a document of its own), builds a
corpus of each in a process of its own, and prints a line for each and how far apart their peaks are. Memory is the
resident set of the process and all its children, summed and read every 50 ms: pages that they share count in each, so
that the figure is rather too high.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Iterator

SIZES_MB = (6, 60)
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--vocab", type=Path, required=True)
    parser.add_argument("--short", action="store_true", help="Each paragraph is a document.")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, help="A file for the figures, as JSON.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = [measured(arguments, Path(folder), megabytes) for megabytes in SIZES_MB]
    ratio = found[-1]["peak_rss_mb"] / found[0]["peak_rss_mb"]
    for each in found:
        print(", ".join(f"{name} {value:,.1f}" for name, value in each.items()))
    print(f"peak memory of {SIZES_MB[-1]} MB to that of {SIZES_MB[0]}: {ratio:.2f}")
    if arguments.out:
        environment = {"workers": arguments.workers, "cpus": os.cpu_count(), "load": os.getloadavg()}
        arguments.out.write_text(json.dumps({"runs": found, "ratio": ratio, **environment}, indent=2) + "\n")


def measured(arguments: argparse.Namespace, folder: Path, megabytes: int) -> dict[str, float]:
    text = folder / f"{megabytes}.txt"
    opener = lzma.open if arguments.text.suffix == ".xz" else open
    with opener(arguments.text, "rb") as source:
        data = source.read(megabytes * 1_000_000)
    data = data[: data.rindex(b"\n") + 1]
    text.write_bytes(data.replace(b"\n", b"\n\n") if arguments.short else data)
    command = [sys.executable, "-m", "albert_edge", "corpus", str(text), "--vocab", str(arguments.vocab)]
    command += ["--out", str(folder / f"corpus{megabytes}"), "--workers", str(arguments.workers)]
    start = time.monotonic()
    process = subprocess.Popen(command)
    peak, seconds = 0, {}
    while process.poll() is None:
        now = list(tree(process.pid))
        peak = max(peak, sum(rss for _, rss, _ in now))
        seconds.update({pid: each for pid, _, each in now})
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"building failed with exit code {process.returncode}")
    wall = time.monotonic() - start
    return {
        "megabytes": megabytes,
        "seconds": wall,
        "megabytes_a_minute": megabytes * 60 / wall,
        "cpu_seconds": sum(seconds.values()),
        "peak_rss_mb": peak / 1e6,
    }


def tree(pid: int) -> Iterator[tuple[int, int, float]]:
    """Of a process and all below it: number, resident bytes, processor seconds."""
    try:
        values = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        children = [
            int(child)
            for each in Path(f"/proc/{pid}/task").iterdir()
            for child in (each / "children").read_text().split()
        ]
    except OSError:
        return  # it has just ended
    yield pid, int(values[21]) * _PAGE, (int(values[11]) + int(values[12])) / _TICKS
    for child in children:
        yield from tree(child)


if __name__ == "__main__":
    main()

"""A tiny classifier on emulated Raspberry Pis against this machine: answers, and instructions of an inference.

    python -m benchmarks.pi --out out/pi

Sets the boards up where they aren't yet (network, once), trains the classifier of examples/topics where --model isn't
given, converts it to float32 and dynamic-range, answers texts here and on each board, and counts the instructions of
one inference twice. Each board in turn: token ids must be equal, labels too wherever float's two largest logits differ
by more than 0.1, logits within 0.05, and both counts equal; else the exit code is 1.
"""

import json
import tempfile
from pathlib import Path
from typing import Any, Optional

import click

import albert_edge
from albert_edge.files import atomic_write
from albert_edge.harness.answered import answers, differences
from albert_edge.harness.cost import measure_cost
from albert_edge.harness.devices.qemu.device import QemuDevice
from albert_edge.harness.devices.registry import Entry
from albert_edge.text.tables import read_examples

TOPICS = Path(__file__).resolve().parent.parent / "examples" / "topics"
SCHEMES = ("float32", "dynamic-range")
BOARDS = ("raspberry-pi-4", "raspberry-pi-5")
GAP, TOLERANCE = 0.1, 0.05
TIMEOUT_S = 1800.0


@click.command()
@click.option("--out", type=click.Path(file_okay=False), required=True, help="Folder for the files and result.json.")
@click.option("--model", type=click.Path(exists=True), help="Model folder of a classifier.  [default: train one]")
@click.option("--texts", type=click.IntRange(1), default=200, show_default=True)
@click.option("--tokens", type=click.IntRange(1), default=64, show_default=True, help="Of the counted inference.")
@click.option("--board", "boards", multiple=True, default=BOARDS, show_default=True)
def main(out: str, model: Optional[str], texts: int, tokens: int, boards: tuple[str, ...]) -> None:
    """Measure and print a table; exit 1 if a board differs."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    files = make_files(Path(model) if model else trained(folder / "model"), folder)
    asked = [example.text for example in read_examples(TOPICS / "test.tsv")[:texts]]
    host = {scheme: answers(path, asked) for scheme, path in files.items()}
    results: list[dict[str, Any]] = []
    for name in boards:
        device = QemuDevice(Entry(name, "qemu", name))
        device.install()
        for scheme, path in files.items():
            found = differences(answers_of(device, path, asked), host[scheme], host["float32"], GAP)
            counts = [measure_cost(path, tokens, device) for _ in range(2)]
            results.append({"board": name, "scheme": scheme, **found, "counts": counts})
            results[-1]["complaints"] = complaints(results[-1])
            print_row(results[-1])
            atomic_write(folder / "result.json", json.dumps(results, indent=1).encode())
    if any(result["complaints"] for result in results):
        raise SystemExit(1)


def trained(folder: Path) -> Path:
    """The classifier of `make topics`."""
    if not (folder / "config.json").exists():
        albert_edge.train(
            "text-classification",
            train=TOPICS / "train.tsv",
            dev=TOPICS / "dev.tsv",
            size="tiny",
            vocab_size=4000,
            out=folder,
        )
    return folder


def make_files(model: Path, folder: Path) -> dict[str, Path]:
    files = {scheme: folder / f"{scheme}.tflite" for scheme in SCHEMES}
    for scheme, path in files.items():
        albert_edge.convert(model, path, scheme=scheme, overwrite=True)
    return files


def answers_of(device: QemuDevice, path: Path, texts: list[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        asked, found = Path(folder) / "texts.json", Path(folder) / "answers.json"
        asked.write_text(json.dumps(texts))
        arguments = ["{file}", "{texts}", "{answers}"]
        files = {"file": path, "texts": asked}
        device.run_module("albert_edge.harness.answered", arguments, files, {"answers": found}, TIMEOUT_S)
        return json.loads(found.read_text())


def complaints(result: dict[str, Any]) -> list[str]:
    """What isn't as it must be."""
    counts = [count["instructions"] for count in result["counts"]]
    wrong = {
        "token ids differ": result["ids_equal"] != result["texts"],
        "labels differ": result["labels_equal"] != result["labels_judged"] or not result["labels_judged"],
        f"a logit differs by more than {TOLERANCE}": not result["max_logit_difference"] <= TOLERANCE,
        "two counts differ": len(set(counts)) != 1,
    }
    return [line for line, is_wrong in wrong.items() if is_wrong]


def print_row(result: dict[str, Any]) -> None:
    counts = ", ".join(f"{count['instructions']:,}" for count in result["counts"])
    print(
        f"{result['board']}, {result['scheme']}: ids equal {result['ids_equal']} of {result['texts']}, "
        f"labels {result['labels_equal']} of {result['labels_judged']} judged, {result['labels_equal_of_all']} of all, "
        f"logits within {result['max_logit_difference']:.4f}, instructions {counts}: "
        + ("; ".join(result["complaints"]) or "as it must be"),
        flush=True,
    )


if __name__ == "__main__":
    main()

"""Classify lines of text and light an LED for some of the labels.

    python blink.py topics.tflite --led 17=sports,travel --led 27=science,technology < headlines.txt

Reads standard input, or --file, as the lines come, and passes over empty ones. Needs gpiozero and an LED on each pin;
--dry-run needs neither and prints what the LEDs would do.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
import time
from typing import Any, Iterable, Sequence

import albert_edge
from albert_edge.text.lines import file_lines, read_lines


class PrintedLED:
    """Stands in for `gpiozero.LED` and says what it would do."""

    def __init__(self, pin: int) -> None:
        self.pin = pin

    def on(self) -> None:
        """Say that the LED goes on."""
        print(f"    GPIO {self.pin} on", flush=True)

    def off(self) -> None:
        """Say that the LED goes off."""
        print(f"    GPIO {self.pin} off", flush=True)

    def close(self) -> None:
        """Hold nothing."""


def parse_led(text: str) -> tuple[int, list[str]]:
    """`17=sports,travel` as the pin, in Broadcom's numbering, and the labels that light it."""
    pin, _, labels = text.partition("=")
    if not pin.isdecimal() or not labels:
        raise argparse.ArgumentTypeError(f"an LED must be given as PIN=LABEL,LABEL; received {text!r}")
    return int(pin), [label.strip() for label in labels.split(",")]


def parse_arguments() -> argparse.Namespace:
    """The options, checked as far as they can be without the model."""
    parser = argparse.ArgumentParser(prog="blink.py", description="Classify lines of text and light LEDs.")
    parser.add_argument("model", help="a .tflite made by `albert-edge convert`")
    parser.add_argument("--led", dest="leds", action="append", type=parse_led, metavar="PIN=LABEL,...", required=True)
    parser.add_argument("--file", help="read the lines from this file  [default: standard input]")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long an LED stays on  [default: 1]")
    parser.add_argument("--dry-run", action="store_true", help="print what the LEDs would do")
    return parser.parse_args()


def open_leds(pins: Iterable[int], dry_run: bool, stack: contextlib.ExitStack) -> list[Any]:
    """An LED on each pin, switched off when `stack` closes."""
    try:
        led_type: Any = PrintedLED if dry_run else importlib.import_module("gpiozero").LED
        return [stack.enter_context(contextlib.closing(led_type(pin))) for pin in pins]
    except ImportError as reason:  # gpiozero raises one too where the machine has no pins
        rule = "gpiozero must be installed and find the pins (try --dry-run)"
        raise albert_edge.AlbertEdgeError(f"{rule}; received {reason}") from reason


def check_labels(used: Iterable[str], known: Sequence[str]) -> None:
    """A misspelt label would leave its LED dark for ever."""
    for label in used:
        if label not in known:
            raise albert_edge.AlbertEdgeError(f"a label must be one of {', '.join(known)}; received {label!r}")


def main() -> None:
    """Run until the lines end."""
    options = parse_arguments()
    lines = file_lines(options.file) if options.file else read_lines(sys.stdin.buffer, "standard input")
    with albert_edge.load(options.model) as predictor, contextlib.ExitStack() as stack:
        check_labels([label for _, labels in options.leds for label in labels], predictor.labels)
        leds = open_leds([pin for pin, _ in options.leds], options.dry_run, stack)
        for line in filter(str.strip, lines):
            answer = predictor.predict(line)
            print(f"{answer.label} ({answer.score:.0%}): {line}", flush=True)
            for led in [led for led, (_, labels) in zip(leds, options.leds) if answer.label in labels]:
                led.on()
                time.sleep(options.seconds)
                led.off()


if __name__ == "__main__":
    try:
        main()
    except albert_edge.AlbertEdgeError as error:
        print(f"blink.py: error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)

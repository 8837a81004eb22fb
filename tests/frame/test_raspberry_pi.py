"""The Raspberry Pi's example as a user runs it: dry, with a recording stand-in for gpiozero, and without gpiozero."""

import ast
import csv
import re
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Callable

import pytest
from fresh_process import ROOT, run

SCRIPT = ROOT / "examples" / "raspberry_pi" / "blink.py"

RECORDING_GPIOZERO = """
class LED:
    def __init__(self, pin): self.pin = pin; print("open", pin, flush=True)
    def on(self): print("on", self.pin, flush=True)
    def off(self): print("off", self.pin, flush=True)
    def close(self): print("close", self.pin, flush=True)
"""

MISSING_GPIOZERO = "raise ModuleNotFoundError(\"No module named 'gpiozero'\", name='gpiozero')\n"

# As gpiozero does on a machine without pins: its error is an ImportError too, and comes from the LED.
PINLESS_GPIOZERO = """
def LED(pin): raise ImportError("Unable to load any default pin factory!")
"""


@pytest.fixture
def sentences(topics: Path) -> dict[str, str]:
    """One sentence a label that the committed model labels rightly, so that it is known which LED lights."""
    import albert_edge

    with open(topics / "train.tsv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    found: dict[str, str] = {}
    with albert_edge.load(topics / "topics.tflite") as predictor:
        for row in rows:
            if row["label"] not in found and predictor.predict(row["text"]).label == row["label"]:
                found[row["label"]] = row["text"]
    return found


@pytest.fixture
def blink(topics: Path, tmp_path: Path) -> "Callable[..., CompletedProcess[str]]":
    """Run the script on `text` with `gpiozero` as the source of that module."""

    def run_script(*options: str, text: str = "", gpiozero: str = MISSING_GPIOZERO) -> "CompletedProcess[str]":
        (tmp_path / "gpiozero.py").write_text(gpiozero)
        command = [sys.executable, str(SCRIPT), str(topics / "topics.tflite"), *options]
        return run(command, text=text, path=[tmp_path, ROOT])

    return run_script


def test_the_dry_run_says_what_the_leds_would_do(blink, sentences):
    text = f"{sentences['sports']}\n\n{sentences['health']}\n{sentences['travel']}\n"
    done = blink("--led", "17=sports,travel", "--led", "27=science", "--seconds", "0", "--dry-run", text=text)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.sub(r"\(\d+%\)", "(%)", done.stdout).splitlines() == [
        f"sports (%): {sentences['sports']}",
        "    GPIO 17 on",
        "    GPIO 17 off",
        f"health (%): {sentences['health']}",
        f"travel (%): {sentences['travel']}",
        "    GPIO 17 on",
        "    GPIO 17 off",
    ]


def test_gpiozero_lights_the_leds(blink, sentences, tmp_path):
    (tmp_path / "lines.txt").write_text(sentences["science"] + "\n", encoding="utf-8")
    options = ["--led", "17=sports", "--led", "27=science,health", "--seconds", "0"]
    done = blink(*options, "--file", str(tmp_path / "lines.txt"), gpiozero=RECORDING_GPIOZERO)
    assert (done.returncode, done.stderr) == (0, "")
    *opened, answer, lit, dark, first, second = done.stdout.splitlines()
    assert opened == ["open 17", "open 27"]
    assert answer.endswith(sentences["science"])
    assert [lit, dark] == ["on 27", "off 27"]
    assert {first, second} == {"close 17", "close 27"}


@pytest.mark.parametrize("gpiozero", [MISSING_GPIOZERO, PINLESS_GPIOZERO])
def test_without_pins_the_dry_run_is_suggested(blink, gpiozero):
    done = blink("--led", "17=sports", text="A text.\n", gpiozero=gpiozero)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("blink.py: error: ")
    assert "try --dry-run" in line


@pytest.mark.parametrize(
    ("led", "complaint"),
    [("17=sport", "received 'sport'"), ("seventeen=sports", "'seventeen=sports'"), ("17", "'17'"), ("17=", "'17='")],
)
def test_a_wrong_led_is_refused(blink, led, complaint):
    done = blink("--led", led, "--dry-run", text="A text.\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr.splitlines()[-1]


def test_text_that_is_not_utf_8_is_one_line(blink, tmp_path):
    (tmp_path / "lines.txt").write_bytes(b"caf\xe9\n")
    done = blink("--led", "17=sports", "--dry-run", "--file", str(tmp_path / "lines.txt"))
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("blink.py: error: ")
    assert "lines.txt:1: " in line


def test_the_script_is_written_for_the_oldest_python():
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 9))

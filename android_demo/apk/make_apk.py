"""Makes the signed debug APK of the sample without Android's SDK, and checks it; or checks an APK made elsewhere.

    python3 android_demo/apk/make_apk.py --out out/android
    python3 android_demo/apk/make_apk.py --check app-debug.apk --page-size 16384

Needs what `mvn --file android_demo/pom.xml package` left, and on the PATH java, keytool, aapt2, zipalign and apksigner.
Exit status 0: made, or passed; 1: a check failed, and then no APK is left; 2: the build could not be made.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from apk_build.build import Sources, build
from apk_build.checks import CHECKS
from apk_build.contents import open_apk
from apk_build.facts import Facts, read_facts
from apk_build.newer import read_guarded
from apk_build.report import report_json, report_text
from apk_build.tools import PACKAGES, BuildError, demand

HERE = Path(__file__).resolve().parent
NAME = "albert-edge-demo.apk"


def main(arguments: list[str] | None = None) -> int:
    """The command line; gives the exit status."""
    options = _options(arguments)
    try:
        demand(tuple(PACKAGES))
        facts = read_facts(HERE / "target")
        if options.check is not None:
            return _print(check(options.check, facts, options.page_size))
        return make(options.out, facts, options.page_size)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def make(out: Path, facts: Facts, page_bytes: int) -> int:
    """Builds, checks, and puts APK and report into the folder `out`."""
    apk, report_path = out / NAME, out / "report.json"
    partial = apk.with_name(NAME + ".partial")
    for path in (apk, report_path, partial):
        path.unlink(missing_ok=True)
    try:
        build(Sources(HERE.parent), facts, partial)
        report = check(partial, facts, page_bytes)
        report["apk"] = NAME
        status = _print(report)
        if status == 0:
            os.replace(partial, apk)
        report_path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        return status
    finally:
        partial.unlink(missing_ok=True)


def check(apk: Path, facts: Facts, page_bytes: int) -> dict[str, Any]:
    """The report on an APK."""
    contents = open_apk(apk, facts, read_guarded(HERE / "newer_apis.json"), page_bytes)
    return report_json(contents, [each(contents) for each in CHECKS])


def _print(report: dict[str, Any]) -> int:
    print(report_text(report))
    return 0 if all(result["passed"] for result in report["checks"]) else 1


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path("out/android"), help="folder of the APK and report.json")
    parser.add_argument("--check", type=Path, metavar="APK", help="check this APK instead of making one")
    parser.add_argument(
        "--page-size", type=int, choices=(4096, 16384), default=4096, help="least alignment of native libraries"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""What the checks found, as text and as JSON, and what each part of the APK weighs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from .container import Member
from .contents import Contents, Result

FORMAT = 1
"""Of the JSON; raised when a field changes its meaning."""


def report_json(contents: Contents, results: list[Result]) -> dict[str, Any]:
    """Everything, for a file."""
    data = contents.apk.read_bytes()
    return {
        "format": FORMAT,
        "apk": contents.apk.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_bytes": len(data),
        "parts": sizes(contents.members, len(data)),
        "tflite": contents.facts.tflite,
        "checks": [
            {"check": result.check, "passed": not result.problems, "problems": result.problems, **result.values}
            for result in results
        ],
    }


def sizes(members: list[Member], total_bytes: int) -> dict[str, int]:
    """Bytes in the APK of each part; `container` is what signature, directory and alignment take."""
    parts: dict[str, int] = {}
    for member in members:
        part = _part(member.name)
        parts[part] = parts.get(part, 0) + member.packed_bytes
    return {**dict(sorted(parts.items())), "container": total_bytes - sum(parts.values())}


def report_text(report: dict[str, Any]) -> str:
    """The same for people: sizes, native libraries, and a line for each check."""
    lines = [f"{report['apk']}: {report['size_bytes']:,} bytes"]
    lines += [f"  {size:>12,}  {part}" for part, size in report["parts"].items()]
    for check in report["checks"]:
        lines.append(f"{check['check']}: {'passed' if check['passed'] else 'FAILED'}{_summary(check)}")
        lines += [f"  {problem}" for problem in check["problems"]]
    return "\n".join(lines)


def _summary(check: dict[str, Any]) -> str:
    """What a check measured, in its line."""
    hidden = {"check", "passed", "problems"}
    values = {name: value for name, value in check.items() if name not in hidden}
    if "load_alignment" in values:
        pages = [f"{abi} {alignment // 1024} KB" for abi, libraries in sorted(values["load_alignment"].items())
                 for alignment in libraries.values()]  # fmt: skip
        return ", LOAD segments: " + ", ".join(pages)
    return "".join(f", {name} {_plain(value)}" for name, value in values.items())


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} ({_plain(inner)})" for name, inner in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _part(name: str) -> str:
    if name.startswith(("lib/", "assets/")):
        return str(Path(name).parent if name.startswith("lib/") else name)
    return "code" if name.endswith(".dex") else "resources"

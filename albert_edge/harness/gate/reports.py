"""A gate's outcome for others: Markdown for a pull request, JUnit's XML for a CI system, lines for a terminal."""

from __future__ import annotations

import io
from typing import Any, Mapping, Optional

from albert_edge.errors import RuntimeUnavailableError

MARKS = {"worse": "❌", "inconclusive": "❔", "better": "✅", "same": "✅"}


def table_of(outcome: Mapping[str, Any]) -> list[list[str]]:
    """A row a metric: its name, before, after, change, verdict, remarks."""
    return [
        [
            item["metric"],
            value_text(item["before"], item["unit"]),
            value_text(item["after"], item["unit"]),
            item["change"],
            item["verdict"],
            item["reason"],
        ]
        for item in outcome["metrics"]
    ]


def value_text(value: Optional[float], unit: str) -> str:
    """With its unit; `-` for none."""
    if value is None:
        return "-"
    if unit == "fraction":
        return f"{100 * value:.2f} %"
    if unit in ("ms", "MB"):
        return f"{value:.2f} {unit}"
    return f"{value:,.0f}"


def markdown_of(outcome: Mapping[str, Any]) -> str:
    """A summary: the verdict, a table of the metrics, the budgets, the warnings."""
    verdict = outcome["verdict"]
    word = "passed" if outcome["passed"] else "failed"
    lines = [f"## {MARKS[verdict] if outcome['passed'] else '❌'} Gate {word}: {verdict}", ""]
    lines += [f"`{outcome['file']}` against {_other(outcome['compared_with'])}", ""]
    if outcome["metrics"]:
        lines += ["| metric | before | after | change | verdict | |", "| --- | --- | --- | --- | --- | --- |"]
        lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in table_of(outcome)]
        lines.append("")
    if outcome["budgets"]:
        lines += ["| budget | limit | measured | |", "| --- | --- | --- | --- |"]
        for item in outcome["budgets"]:
            held = "held" if item["passed"] else "❌ exceeded"
            lines.append(f"| {item['budget']} | {item['limit']:,.12g} | {item['value']:,.12g} | {held} |")
        lines.append("")
    lines += [f"- {_cell(line)}" for line in outcome["warnings"]]
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _other(compared: Optional[Mapping[str, Any]]) -> str:
    if compared is None:
        return "its budgets alone"
    reason = f" ({_cell(compared['reason'])})" if compared["reason"] else ""
    return f"the {'baseline' if compared['kind'] == 'baseline' else 'file'} `{compared['file']}`{reason}"


def junit_of(outcome: Mapping[str, Any]) -> bytes:
    """JUnit's XML: a test case a metric and a budget; `inconclusive` is skipped, or failed where it fails the gate."""
    try:
        import junitparser
    except ImportError as error:
        raise RuntimeUnavailableError(
            "--junit needs the package junitparser (pip install 'albert-edge[harness]'); received none"
        ) from error
    suite = junitparser.TestSuite("albert-edge gate")
    for item, row in zip(outcome["metrics"], table_of(outcome)):
        case = junitparser.TestCase(item["metric"], "albert_edge.gate.metrics")
        words = f"{row[4]}: {row[2]}, before {row[1]} {row[3]} {row[5]}".strip()
        if item["verdict"] == "worse" or (item["verdict"] == "inconclusive" and outcome["strict"]):
            case.result = [junitparser.Failure(words, item["verdict"])]
        elif item["verdict"] == "inconclusive":
            case.result = [junitparser.Skipped(words, "inconclusive")]
        else:
            case.system_out = words
        suite.add_testcase(case)
    for item in outcome["budgets"]:
        case = junitparser.TestCase(item["budget"], "albert_edge.gate.budgets")
        words = f"{item['value']:g}, limit {item['limit']:g}"
        if not item["passed"]:
            case.result = [junitparser.Failure(words, "exceeded")]
        else:
            case.system_out = words
        suite.add_testcase(case)
    xml = junitparser.JUnitXml()
    xml.add_testsuite(suite)
    buffer = io.BytesIO()
    xml.write(buffer, pretty=True)
    return buffer.getvalue()

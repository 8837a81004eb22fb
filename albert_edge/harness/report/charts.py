"""The pictures of a report: accuracy against latency, latency by length, memory by part, a value over time."""

from __future__ import annotations

from typing import Optional, Sequence

from albert_edge.harness.report.figures import Figure, Html, attributes_of, difference, tag, text_of
from albert_edge.harness.report.placing import Box, placed
from albert_edge.harness.report.series import Group, Series
from albert_edge.harness.report.svg import WIDTH, Axis, Scale, below, left, marker, plot, scale_of

_LEFT, _RIGHT, _TOP = 48.0, 426.0, 30.0
_WIDE = 8
"""Largest latency over smallest from which on a picture's axis is logarithmic."""


def front_plot(name: str, group: Group) -> Html:
    """Accuracy against latency, with the front; thin lines are the accuracies' 95 % intervals."""
    bottom = 270.0
    latencies = {each.number: group.latency(each) for each in group.members}
    x_axis = _latency_axis([figure.value for figure in latencies.values()], _latency_label(group))
    heights = [value for each in group.members for value in _heights(each)]
    y = scale_of([min(1.0, height) for height in heights], bottom, _TOP, from_zero=False)
    y = Scale(y.low, min(y.high, 1.0) if y.high > 1 >= max(heights) else y.high, y.start, y.end)
    points = [(each, x_axis.scale(latencies[each.number].value), y(each.accuracy.value)) for each in group.members]
    front = {each.number for each in group.front()}
    children: list[Html] = [below(x_axis, bottom, _TOP), left(Axis(y, "accuracy, %", factor=0.01), _LEFT, _RIGHT)]
    children += [_whisker(each, x, interval, y) for each, x, _ in points if (interval := each.interval())]
    steps = _front([(x, height) for each, x, height in points if each.number in front], bottom)
    children.append(tag("path", class_="front", d="M" + "L".join(f"{x:.2f} {height:.2f}" for x, height in steps)))
    for each, x, height in points:
        hover = f"{each.name}: {text_of(each.accuracy.value, 'percent')}, {text_of(latencies[each.number].value, 'ms')}"
        sources = {**attributes_of(each.accuracy, "percent"), "data-of-x": latencies[each.number].of}
        children.append(marker(each.number, x, height, hover, **sources))
    frame = Box(_LEFT, _RIGHT, _TOP, bottom)
    children += placed([(each.name, x, height) for each, x, height in points], frame, steps)
    names = ", ".join(each.name for each in group.front())
    description = f"One mark a file, higher is more accurate and further left is faster. On the front: {names}."
    return plot(name, "Accuracy against latency", description, bottom + 46, *children)


def _heights(each: Series) -> list[float]:
    interval = each.interval()
    return [each.accuracy.value] if interval is None else [interval[0].value, interval[1].value]


def _latency_label(group: Group) -> str:
    if group.tokens is None:
        return "mean latency over the data's texts, ms"
    return f"median latency at {group.tokens} tokens, ms"


def _latency_axis(values: Sequence[float], label: str) -> Axis:
    if max(values) < _WIDE * min(values):
        return Axis(scale_of(values, _LEFT, _RIGHT), label)
    scale = Scale(min(values) / 1.3, max(values) * 1.3, _LEFT, _RIGHT, logarithmic=True)
    return Axis(scale, f"{label} (logarithmic)")


def _whisker(each: Series, x: float, interval: tuple[Figure, Figure], y: Scale) -> Html:
    low, high = (y(end.value) for end in interval)
    return tag("line", class_=f"whisker s{each.number % 8}", x1=x, x2=x, y1=low, y2=high)


def _front(points: Sequence[tuple[float, float]], bottom: float) -> list[tuple[float, float]]:
    """Corners of the steps below which, and to the left of which, no file lies."""
    ordered = sorted(points)
    steps = [(ordered[0][0], bottom)]
    for x, y in ordered:
        steps += [(x, steps[-1][1]), (x, y)]
    return [*steps[1:], (_RIGHT, steps[-1][1])]


def length_plot(name: str, series: Sequence[Series]) -> Html:
    """Median latency by length, a thin line up to p90."""
    bottom = 270.0
    lengths = sorted({tokens for each in series for tokens in each.tokens})
    values = [row.value["p90_ms"] for each in series for row in each.result.at("lengths").each()]
    x = Scale(0, max(lengths) * 1.05, _LEFT, _RIGHT)
    y = scale_of(values, bottom, _TOP)
    x_axis = Axis(x, "tokens of the text", values=_apart(lengths, x))
    children: list[Html] = [below(x_axis, bottom, _TOP), left(Axis(y, "ms"), _LEFT, _RIGHT)]
    for each in series:
        rows = sorted(each.result.at("lengths").each(), key=lambda row: row.value["tokens"])
        points = [(x(row.value["tokens"]), y(row.value["p50_ms"])) for row in rows]
        line = "M" + "L".join(f"{a:.2f} {b:.2f}" for a, b in points)
        children.append(tag("path", class_=f"line s{each.number % 8}", d=line))
        for row, (a, b) in zip(rows, points):
            children.append(
                tag("line", class_=f"whisker s{each.number % 8}", x1=a, x2=a, y1=b, y2=y(row.value["p90_ms"]))
            )
            hover = f"{each.name}, {row.value['tokens']} tokens: {text_of(row.value['p50_ms'], 'ms')}"
            children.append(marker(each.number, a, b, hover, **attributes_of(row.at("p50_ms"), "ms")))
    description = "Median latency of each file by the number of tokens; the thin lines end at p90. Lower is faster."
    return plot(name, "Latency by length", description, bottom + 46, *children)


def _apart(values: Sequence[int], scale: Scale) -> list[float]:
    """Those of `values` that leave room for their labels, the largest first."""
    kept: list[float] = []
    for value in sorted(values, reverse=True):
        if all(abs(scale(value) - scale(other)) > 30 for other in kept):
            kept.append(value)
    return kept[::-1]


# === Memory ===

_BAR, _GAP = 20.0, 52.0


def memory_parts(each: Series) -> list[tuple[str, str, Figure]]:
    """What a process holds after a text, in MB: the class of the bar's piece, its name, its size.

    The interpreter's own figures (`weights`) are bytes that it allocated; what is left of the measured memory is
    the file's mapped pages, the tokenizer and all else.
    """
    result = each.result
    bare = difference(result.at("rss_mb"), result.at("rss_above_runtime_mb"))
    known = [
        ("packed", "weights as the interpreter keeps them", result.at("weights", "packed_bytes")),
        ("activations", "activations", result.at("weights", "activation_bytes")),
    ]
    parts = [(kind, title, Figure(size.value / 1e6, size.of)) for kind, title, size in known if size]
    above = result.at("rss_above_runtime_mb")
    if above.value is None or sum(size.value for *_, size in parts) > above.value:
        parts = []
    rest = Figure(
        above.value - sum(size.value for *_, size in parts) if above else None,
        " ".join(["rest", above.of, *(size.of for *_, size in parts)]),
    )
    name = "file, tokenizer and the rest" if parts else "above the bare runtime"
    found = [("bare", "Python, numpy and the interpreter", bare), *parts, ("rest", name, rest)]
    return [part for part in found if part[2]]


def memory_plot(name: str, series: Sequence[Series]) -> Html:
    """Bars of the memory above the bare runtime, pieces by part; the line at a bar is the peak."""
    height = _TOP + _GAP * len(series)
    ends = [each.result.at(key) for each in series for key in ("peak_above_runtime_mb", "rss_above_runtime_mb")]
    x = scale_of([max(0.0, end.value) for end in ends if end], 8.0, WIDTH - 14)
    children: list[Html] = [below(Axis(x, "MB above the bare runtime"), height, _TOP - 8)]
    for row, each in enumerate(series):
        y = _TOP + _GAP * row + 18
        children.append(tag("text", each.name, class_="label", x=x.start, y=y - 6))
        children += _pieces(each, x, y)
        children += _peak(each, x, y)
    description = "A bar a file: what the process holds after a text, by part. The line at the bar's end is the peak."
    return plot(name, "Memory by part", description, height + 46, *children)


def _peak(each: Series, x: Scale, y: float) -> list[Html]:
    peak = each.result.at("peak_above_runtime_mb")
    if not peak:
        return []
    title = tag("title", f"{each.name}, peak: {text_of(peak.value, 'mb')}")
    place = {"x1": x(peak.value), "x2": x(peak.value), "y1": y - 3, "y2": y + _BAR + 3}
    return [tag("line", title, class_="peak", **place, **attributes_of(peak, "mb"))]


def _pieces(each: Series, x: Scale, y: float) -> list[Html]:
    at, found = 0.0, []
    for kind, title, size in memory_parts(each):
        if kind == "bare":
            continue
        start, end = x(at), x(at + size.value)
        at += size.value
        hover = tag("title", f"{each.name}, {title}: {text_of(size.value, 'mb')}")
        place = {"x": start, "y": y, "width": max(0.0, end - start - 1), "height": _BAR}
        found.append(tag("rect", hover, class_=f"piece {kind}", **place, **attributes_of(size, "mb")))
    return found


# === Over time ===


def time_plot(name: str, windows: Figure, value: str, label: str, title: str) -> Optional[Html]:
    """One value of the windows of a sustained run by its time; None if no window has it."""
    bottom = 180.0
    rows = [row for row in windows.each() if row.value[value] is not None]
    if len(rows) < 2:
        return None
    x = Scale(0, max(row.value["start_s"] for row in rows) * 1.02 or 1.0, _LEFT, _RIGHT)
    y = scale_of([row.value[value] for row in rows], bottom, _TOP)
    line = "M" + "L".join(f"{x(row.value['start_s']):.2f} {y(row.value[value]):.2f}" for row in rows)
    children = [below(Axis(x, "seconds"), bottom, _TOP), left(Axis(y, label), _LEFT, _RIGHT)]
    children.append(tag("path", class_="line s0", d=line))
    for row in rows if len(rows) <= 60 else ():
        a, b = x(row.value["start_s"]), y(row.value[value])
        hover = tag("title", f"{row.value['start_s']:g} s: {row.value[value]:.4g}")
        children.append(tag("circle", hover, class_="mark s0", cx=a, cy=b, r=3.0, **attributes_of(row.at(value))))
    return plot(name, title, f"{title}, from the start to the end of the run.", bottom + 46, *children)

"""A picture of a run: milliseconds over the length of the queue, both on logarithmic axes, a panel for each database.

An SVG of our own writing, 700 px wide on a light ground. Each curve carries its name at its right end.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from benchmarks.row import Row

WIDTH, HEIGHT = 700, 380
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 40, 48
NAMES = 104
"""Room for the names at the right of a panel."""
LINE = 15
"""Least distance between two names."""
INK, GREY, GRID = "#24292f", "#57606a", "#d8dee4"
COLOURS = {"all filled": "#0b5cad", "50 units": "#1a7f37", "nothing new": "#8250df", "floor": "#6e7781"}
PEER = "#bc4c00"
ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}

Points = list[tuple[int, float]]


def curves(rows: Sequence[Row], engine: str) -> dict[str, Points]:
    """The points of each curve of a database, by the curve's name, the shorter queue first."""
    found: dict[str, Points] = {}
    for row in sorted((row for row in rows if row.engine == engine), key=lambda row: row.n):
        if row.workload == "W1 all filled":
            found.setdefault("all filled", []).append((row.n, row.ms))
            found.setdefault("floor", []).append((row.n, row.floor_ms))
        elif row.workload == "W3 50 units":
            found.setdefault("50 units", []).append((row.n, row.ms))
        elif row.workload == "W1 all filled, again (W4)":
            found.setdefault("nothing new", []).append((row.n, row.ms))
        elif row.workload.startswith("peer: "):
            found.setdefault(row.workload.removeprefix("peer: ").partition(" assigns")[0], []).append((row.n, row.ms))
    return found


def decades(values: Sequence[float]) -> tuple[int, int]:
    """Exponents of the powers of ten between which all these lie; never the same one twice."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def placed(value: float, span: tuple[int, int], near: float, far: float) -> float:
    """Where a value lies between `near` (the lower power of ten) and `far` (the higher one)."""
    low, high = span
    return near + (math.log10(value) - low) / (high - low) * (far - near)


def apart(wanted: Mapping[str, float], gap: float, lowest: float) -> dict[str, float]:
    """Heights of names, in the order in which they are wanted, at least `gap` apart and none below `lowest`."""
    found: dict[str, float] = {}
    for name, height in sorted(wanted.items(), key=lambda item: item[1]):
        found[name] = max(height, max(found.values(), default=-math.inf) + gap)
    limit = lowest
    for name in reversed(found):
        found[name] = min(found[name], limit)
        limit = found[name] - gap
    return found


def picture(rows: Sequence[Row]) -> str:
    """The SVG."""
    shown = {engine: found for engine in ENGINES if (found := curves(rows, engine))}
    if not shown:
        raise ValueError("There is nothing to draw: no pass over a queue that was filled.")
    points = [point for found in shown.values() for at in found.values() for point in at]
    lengths, heights = decades([n for n, _ in points]), decades([ms for _, ms in points])
    width = (WIDTH - LEFT - RIGHT) / len(shown)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" font-size="12" role="img">',
        "<title>Milliseconds of a pass over the length of the queue</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(14, (TOP + HEIGHT - BOTTOM) / 2, "milliseconds", GREY, "middle", turned=True),
    ]
    for place, (engine, found) in enumerate(shown.items()):
        parts += _panel(found, ENGINES[engine], LEFT + place * width, width - NAMES, lengths, heights, labels=not place)
    return "\n".join([*parts, "</svg>\n"])


def write(path: Path, rows: Sequence[Row]) -> None:
    """The picture, into a file."""
    path.write_text(picture(rows))


def _panel(
    found: Mapping[str, Points],
    title: str,
    left: float,
    width: float,
    lengths: tuple[int, int],
    heights: tuple[int, int],
    *,
    labels: bool,
) -> list[str]:
    right, floor = left + width, HEIGHT - BOTTOM
    parts = [_text(left, TOP - 16, title, INK, weight="600")]
    parts.append(_text((left + right) / 2, HEIGHT - 10, "lines that wait", GREY, "middle"))
    for power in range(heights[0], heights[1] + 1):
        y = placed(10.0**power, heights, floor, TOP)
        parts.append(f'<path d="M{left:.1f} {y:.1f}H{right:.1f}" stroke="{GRID}"/>')
        if labels:
            parts.append(_text(left - 8, y + 4, f"{10.0**power:,g}", GREY, "end"))
    for power in range(lengths[0], lengths[1] + 1):
        x = placed(10.0**power, lengths, left, right)
        parts.append(f'<path d="M{x:.1f} {TOP}V{floor}" stroke="{GRID}"/>')
        parts.append(_text(x, floor + 18, f"{10**power:,}", GREY, "middle"))
    ends = {}
    for name, points in found.items():
        at = [(placed(n, lengths, left, right), placed(ms, heights, floor, TOP)) for n, ms in points]
        colour = COLOURS.get(name, PEER)
        dashes = ' stroke-dasharray="4 3"' if name == "floor" else ""
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        parts.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in at]
        ends[name] = at[-1]
    last = max(x for x, _ in ends.values())
    # A curve that ends early is named where it ends, the others side by side at the right.
    beside = apart({name: y for name, (x, y) in ends.items() if x == last}, LINE, floor)
    for name, (x, y) in ends.items():
        parts.append(_text(x + 8, beside.get(name, y) + 4, name, COLOURS.get(name, PEER), weight="600"))
    return parts


def _text(
    x: float, y: float, words: str, colour: str, anchor: str = "start", weight: str = "400", *, turned: bool = False
) -> str:
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-weight="{weight}"{turn}>'
        f"{escape(words)}</text>"
    )

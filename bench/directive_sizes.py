"""What a decision with certificate costs as months, levers and rules grow to ten times the size.

The first size is 30 levers, 24 months and 46 directives (1,104 rows). Each of the three grows by
itself. `LEX7_PICTURE` names an SVG file to draw the three curves into.
"""

from __future__ import annotations

import os
from pathlib import Path

import directives
from report import Row, cost, finish

FACTORS = (1, 2, 5, 10)
GROWTH_MAX = 2.0
"""Ten times the size may cost twenty times as much as the first."""

WIDTH, HEIGHT, EDGE = 520, 320, 48
COLOURS = {"months": "#2a6f97", "levers": "#b5651d", "rules": "#3a7d44"}
Curve = tuple[tuple[int, float], ...]


def decision_ms(months: int, levers: int, rules: int) -> float:
    """Return the median time of one decision of a size, milliseconds."""
    columns = directives.columns(levers, 1)
    real = directives.blocks(levers, 1, 900.0, months=months, rules=rules)
    return 1e3 * directives.seconds(lambda: directives.decide(real, columns), repeat=5)


def curves() -> dict[str, Curve]:
    """Measure all sizes."""
    found: dict[str, list[tuple[int, float]]] = {name: [] for name in COLOURS}
    for factor in FACTORS:
        found["months"].append((factor, decision_ms(24 * factor, 30, 46)))
        found["levers"].append((factor, decision_ms(24, 30 * factor, 46)))
        found["rules"].append((factor, decision_ms(24, 30, 46 * factor)))
    return {name: tuple(points) for name, points in found.items()}


def picture(found: dict[str, Curve]) -> str:
    """Draw the curves on logarithmic axes by hand: a factor of ten is the whole width."""
    most = max(ms for points in found.values() for _, ms in points)
    least = min(ms for points in found.values() for _, ms in points)
    decades = max(len(str(int(most / least))), 1)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<text x="{EDGE}" y="18">a decision with certificate, milliseconds, against size</text>',
    ]
    places = {1: 0.0, 2: 0.301, 5: 0.699, 10: 1.0}
    for factor, place in places.items():
        x = EDGE + place * (WIDTH - 3 * EDGE)
        lines.append(f'<text x="{x:.0f}" y="{HEIGHT - 12}">{factor} x</text>')
    for name, points in found.items():
        marks = [
            (
                EDGE + places[factor] * (WIDTH - 3 * EDGE),
                HEIGHT - EDGE - _log10(ms / least) / decades * (HEIGHT - 2 * EDGE),
            )
            for factor, ms in points
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in marks)
        colour = COLOURS[name]
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, y = marks[-1]
        label = f"{name}, {points[-1][1]:.0f} ms"
        lines.append(f'<text x="{x + 6:.0f}" y="{y + 4:.0f}" fill="{colour}">{label}</text>')
    return "\n".join((*lines, "</svg>", ""))


def _log10(value: float) -> float:
    count = 0.0
    while value >= 10.0:
        value, count = value / 10.0, count + 1.0
    # Straight between powers of two is near enough for a picture.
    for share in (0.301, 0.301, 0.301):
        if value >= 2.0:
            value, count = value / 2.0, count + share
    return count + 0.301 * (value - 1.0)


def main() -> None:
    """Print the rows, and draw where a file is named."""
    found = curves()
    rows: list[Row] = []
    for name, points in found.items():
        first = points[0][1]
        for factor, ms in points:
            reach = 1.0 / (GROWTH_MAX * factor)
            rows.append(
                cost(f"decision, {factor} x the {name}", ms, "ms", "first size", first, reach)
            )
    target = os.environ.get("LEX7_PICTURE")
    if target:
        Path(target).write_text(picture(found), encoding="utf-8")
    finish(rows)


if __name__ == "__main__":
    main()

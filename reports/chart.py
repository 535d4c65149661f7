"""Bars as SVG: the few charts of a report, sharp on paper and without a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 660
HEIGHT: Final = 150
FOOT: Final = 18
HEAD: Final = 14
GOOD: Final = "#3d8b37"
BAD: Final = "#c4162a"
NEUTRAL: Final = "#3d71d9"


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of the bars.

    Attributes:
        name: What it counts.
        colour: Its colour.
        values: One a bar.
    """

    name: str
    colour: str
    values: Sequence[float]


def bars(labels: Sequence[str], series: Sequence[Series], *, every: int = 1) -> str:
    """Returns stacked bars with their sums on top; every n-th bar has its label.

    Example:
        >>> bars(["a"], [Series("x", "red", [3])]).count("<rect")
        1
    """
    totals = [sum(one.values[place] for one in series) for place in range(len(labels))]
    scale = (HEIGHT - FOOT - HEAD) / max(max(totals, default=0), 1)
    step = WIDTH / max(len(labels), 1)
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">']
    for place, label in enumerate(labels):
        left, y = place * step + 0.12 * step, float(HEIGHT - FOOT)
        for one in series:
            tall = one.values[place] * scale
            y -= tall
            if tall:
                size = f'width="{0.76 * step:.1f}" height="{tall:.1f}"'
                parts.append(f'<rect x="{left:.1f}" y="{y:.1f}" {size} fill="{one.colour}"/>')
        middle = place * step + step / 2
        if totals[place]:
            parts.append(f'<text class="sum" x="{middle:.1f}" y="{y - 3:.1f}">{totals[place]:,.0f}</text>')
        if place % every == 0:
            parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 4}">{escape(label)}</text>')
    parts.append(f'<line x1="0" x2="{WIDTH}" y1="{HEIGHT - FOOT}" y2="{HEIGHT - FOOT}"/></svg>')
    return "".join(parts) + legend(series)


def legend(series: Sequence[Series]) -> str:
    """Returns what the colours mean, where there are several."""
    if len(series) < 2:
        return ""
    entries = (f'<span><i style="background:{one.colour}"></i>{escape(one.name)}</span>' for one in series)
    return f'<p class="legend">{"".join(entries)}</p>'


def share(value: float | None, text: str, colour: str = NEUTRAL) -> str:
    """Returns a bar of a table cell, from 0 to 1, with its text."""
    if value is None:
        return escape(text)
    wide = 100 * min(max(value, 0), 1)
    return f'<span class="bar"><b style="width:{wide:.0f}%;background:{colour}"></b></span><span>{escape(text)}</span>'

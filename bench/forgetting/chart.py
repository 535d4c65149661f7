"""The calibration of some forecasters as one hand-written SVG."""

from __future__ import annotations

import math
from typing import Final

from bench.forgetting.quality import Quality

LEFT: Final = 70
TOP: Final = 30
SIDE: Final = 420
WIDTH: Final = 740
HEIGHT: Final = 510
SMALLEST: Final = 100
"""A tenth of the scale with fewer reviews says nothing."""

SHOWN: Final = {
    "ebbinghaus": "#D55E00",
    "fsrs": "#E69F00",
    "fsrs, fitted": "#009E73",
    "moving average of passes": "#56B4E9",
    "average": "#0072B2",
}
"""Colours that people with any colour vision tell apart (Okabe and Ito)."""


def chart(figures: dict[str, Quality]) -> str:
    """Returns the share of reviews that were passed over what was forecast, a line a forecaster, as SVG."""
    parts = [_frame(), *(_series(figures[name], colour) for name, colour in SHOWN.items()), *_legend(figures)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="13">\n'
        "<title>Calibration on held-out students of OULAD</title>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _frame() -> str:
    ticks = []
    for tenth in range(0, 11, 2):
        share = tenth / 10
        ticks += [
            f'<path d="M{_x(share)} {_y(0)}V{_y(1)}M{_x(0)} {_y(share)}H{_x(1)}" stroke="#ddd"/>',
            f'<text x="{_x(share)}" y="{_y(0) + 20}" text-anchor="middle">{share:.1f}</text>',
            f'<text x="{_x(0) - 10}" y="{_y(share) + 4}" text-anchor="end">{share:.1f}</text>',
        ]
    middle = TOP + SIDE / 2
    return "\n".join(
        [
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            *ticks,
            f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#888" stroke-dasharray="5 4"/>',
            f'<text x="{LEFT + SIDE / 2}" y="{_y(0) + 44}" text-anchor="middle">forecast chance of passing</text>',
            f'<text transform="translate(20 {middle}) rotate(-90)" text-anchor="middle">share that was passed</text>',
        ]
    )


def _series(one: Quality, colour: str) -> str:
    bins = [(mean, share, count) for mean, share, count in one.curve if count >= SMALLEST]
    total = sum(count for *_, count in bins)
    line = "L".join(f"{_x(mean)} {_y(share)}" for mean, share, _ in bins)
    dots = "".join(
        f'<circle cx="{_x(mean)}" cy="{_y(share)}" r="{2 + 10 * math.sqrt(count / total):.1f}" '
        f'fill="{colour}" fill-opacity="0.55"/>'
        for mean, share, count in bins
    )
    return f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}'


def _legend(figures: dict[str, Quality]) -> list[str]:
    left = LEFT + SIDE + 24
    lines = [f'<text x="{left}" y="{TOP + 12}" font-weight="bold">calibration error</text>']
    for row, (name, colour) in enumerate(SHOWN.items(), start=1):
        y = TOP + 14 + 26 * row
        lines.append(f'<rect x="{left}" y="{y - 11}" width="14" height="14" fill="{colour}"/>')
        lines.append(f'<text x="{left + 22}" y="{y}">{figures[name].calibration_error:.3f} {name}</text>')
    y = TOP + 14 + 26 * (len(SHOWN) + 1)
    lines.append(f'<path d="M{left} {y - 5}h14" stroke="#888" stroke-dasharray="5 4"/>')
    lines.append(f'<text x="{left + 22}" y="{y}">perfect</text>')
    lines.append(f'<text x="{left}" y="{y + 26}" fill="#555">area of a dot: its reviews</text>')
    return lines


def _x(share: float) -> float:
    return round(LEFT + SIDE * share, 1)


def _y(share: float) -> float:
    return round(TOP + SIDE * (1 - share), 1)

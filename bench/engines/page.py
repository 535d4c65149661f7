"""The table and the chart of `docs/engines.md`, as the command writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from bench.engines.run import ENGAGEMENT

DOCS: Final = Path(__file__).parents[2] / "docs"
BEGIN: Final = "<!-- made by `classpulse bench engines --keep`: begin -->"
END: Final = "<!-- made by `classpulse bench engines --keep`: end -->"
COLOURS: Final = {
    "ClassPulse": "#0072B2",
    "Kafka Streams": "#D55E00",
    "Flink": "#009E73",
    "Bytewax": "#E69F00",
    "Quix Streams": "#CC79A7",
}
"""Colours that people with any colour vision tell apart (Okabe and Ito)."""

LEFT: Final = 330
RIGHT: Final = 90
WIDTH: Final = 900
ROW: Final = 26


def table(report: dict[str, Any]) -> str:
    """Returns the figures as a table, the cheapest first; who was left out comes last with the reason."""
    lines = [
        "| engine | variant | µs an event | events a core and second | dropped as late | as the oracle | memory "
        "| first row after | broker, µs an event |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in ordered(report):
        if one.get("left_out"):
            lines.append(f"| {one['engine']} | {one['variant']} | left out: {one['left_out']} | | | | | | |")
            continue
        exact = {None: "writes no rows", True: "to the row", False: f"no, {one['rows_wrong']} rows differ"}[
            one["exact"]
        ]
        late = "does not say" if one["dropped_late"] is None else f"{one['dropped_late']:,}"
        first = "" if one["first_result_s"] is None else f"{one['first_result_s']} s"
        lines.append(
            f"| {one['engine']} | {one['variant']} | {one['us_per_event']:.2f} | {one['events_per_core_s']:,} | {late} "
            f"| {exact} | {one['memory_mb']} MB | {first} | {one['broker_us_per_event']:.1f} |"
        )
    return "\n".join(lines)


def ordered(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the lines from the cheapest to the dearest."""
    return sorted(report["engines"], key=lambda one: one["us_per_event"] or float("inf"))


def sentence(report: dict[str, Any]) -> str:
    """Returns who is ahead, in words, whoever it is."""
    lines = {f"{one['engine']}, {one['variant']}": one for one in report["engines"] if one["exact"]}
    peers = {name: one for name, one in lines.items() if one["engine"] != "ClassPulse"}
    ours = {name: one for name, one in lines.items() if one["engine"] == "ClassPulse" and name != ENGAGEMENT.name}
    if not peers or not ours:
        return "No other engine took part, so there is nothing to compare."
    best, own = (min(group, key=lambda name: group[name]["us_per_event"]) for group in (peers, ours))
    ratio = peers[best]["us_per_event"] / ours[own]["us_per_event"]
    if ratio < 1:
        return f"**{best} is ahead**: it needs {ratio:.2f} of what {own} needs an event."
    return f"{own} is ahead: the best other, {best}, needs {ratio:.2f} times as much an event."


def chart(report: dict[str, Any]) -> str:
    """Returns the CPU an event of each engine as bars, in one SVG."""
    found = [one for one in ordered(report) if not one.get("left_out")]
    most = max(one["us_per_event"] for one in found)
    bars = []
    for number, one in enumerate(found):
        top = 40 + number * ROW
        width = max(1, round((WIDTH - LEFT - RIGHT) * one["us_per_event"] / most))
        bars += [
            f'<text x="{LEFT - 8}" y="{top + 15}" text-anchor="end">{one["engine"]}: {one["variant"]}</text>',
            f'<rect x="{LEFT}" y="{top}" width="{width}" height="{ROW - 6}" fill="{COLOURS[one["engine"]]}"/>',
            f'<text x="{LEFT + width + 6}" y="{top + 15}">{one["us_per_event"]:.2f}</text>',
        ]
    height = 50 + len(found) * ROW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="13">\n<title>CPU an event, by engine</title>\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n'
        f'<text x="{LEFT}" y="24">µs of CPU an event, less is better</text>\n' + "\n".join(bars) + "\n</svg>\n"
    )


def keep(report: dict[str, Any], docs: Path = DOCS) -> None:
    """Writes table and chart into the docs."""
    page = docs / "engines.md"
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    found = report["machine"]
    cpu = f"{found['cpu']}, {found['cores']} cores"
    run = (
        f"{report['events']:,} events of {report['seconds']:,.0f} s of event time, {report['late']:,} of them late; "
        f"medians of {report['rounds']} rounds (the slow ones: one). {cpu}; one-minute "
        f"load {found['load_average_1m']} when the run began; Kafka {found['kafka']}, Python {found['python']}."
    )
    made = f"{BEGIN}\n\n{run}\n\n{sentence(report)}\n\n{table(report)}\n\n![CPU an event](engines.svg)\n\n{END}"
    page.write_text(f"{before}{made}{after}", encoding="utf-8")
    (docs / "engines.svg").write_text(chart(report), encoding="utf-8")

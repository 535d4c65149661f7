"""The report as one HTML page: nothing but text, style and SVG, so that it opens, prints and mails anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any, Final

from reports.chart import BAD, GOOD, NEUTRAL, Series, bars, share
from reports.queries import IDS, Report, Section
from reports.words import NOTHING, said

STYLE: Final = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
REASONS: Final = ("Never started", "Away a week", "Far behind", "Failed twice", "Missed a date")
HEADINGS: Final = {"Classes": "The class", "Classes and modules at risk": "What is being forgotten"}
"""Panels of several classes, as a report of one class calls them."""
SHOWN: Final = 14
BARS: Final = {"Came", "Drop-off", "Failed", "Remembered"}
"""Shares that are drawn beside their number."""


def page(report: Report) -> str:
    """Returns the report's HTML."""
    found = report.sections
    body = [
        _head(report),
        _figures(report, found["Classes"]),
        _part("Who may be lost, and why", _lost(report, found["Who may be lost, and why"], found["Risk matrix"])),
        _part("How assessments went", _assessments(found["How assessments went"])),
        _part("Failed in the last seven days", _table(report, found["Failed in the last seven days"], {"Class"})),
        _part(
            "Classes and modules at risk", _table(report, found["Classes and modules at risk"], {"Class", "Enrolled"})
        ),
        _part("Chapters that students leave", _table(report, found["Chapters that students leave"], set())),
        _part("Forum posts, day by day", _posts(report, found["Forum posts, day by day"])),
        _meaning(section for section in found.values() if section.title != "Risk matrix"),
    ]
    title = escape(f"{report.title}, {_time(report)}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _head(report: Report) -> str:
    known = (
        "no data yet" if report.as_of is None else f"data as of {report.as_of.astimezone(report.zone):%-d %b %Y %H:%M}"
    )
    whom = (
        "Names of students are shown: keep it as you keep marks."
        if report.named
        else "Students are numbered, not named."
    )
    return (
        f'<header><p class="kind">Class report</p><h1>{escape(report.title)}</h1>'
        f'<p>{escape(_time(report))} · {known}</p><p class="whom">{whom}</p></header>'
    )


def _time(report: Report) -> str:
    first, last = report.since.astimezone(report.zone), (report.until - timedelta(seconds=1)).astimezone(report.zone)
    return f"{first:%-d %b} to {last:%-d %b %Y}"


def _figures(report: Report, classes: Section) -> str:
    """Returns the row of the class as large figures."""
    if not classes.rows:
        return '<p class="none">No roster for this class: who should be there is not known.</p>'
    tiles = []
    for name, unit, value in zip(classes.columns, classes.units, classes.rows[0], strict=True):
        if name not in {"Class", *IDS}:
            marked = " bad" if name == "At risk" and value else ""
            figure = escape(said(value, unit, report.zone))
            tiles.append(f'<div class="tile{marked}"><b>{figure}</b><span>{escape(name)}</span></div>')
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _lost(report: Report, students: Section, matrix: Section) -> str:
    """Returns how often each sign was seen, and the students with the most."""
    if not students.rows:
        return '<p class="none">Nobody shows a sign, or the term is younger than 14 days.</p>'
    counts = dict(zip(matrix.columns, matrix.rows[0], strict=True)) if matrix.rows else {}
    signs = ", ".join(f"{name.lower()} {counts[name]:.0f}" for name in REASONS if counts.get(name))
    note = f"<p>Students with each sign: {escape(signs)}.</p>" if signs else ""
    return note + _table(report, students, {"Class"})


def _assessments(scores: Section) -> str:
    passed, failed = scores.column("Passed"), scores.column("Failed")
    if not sum(passed) + sum(failed):
        return '<p class="none">No module quiz was taken.</p>'
    return bars(scores.column("Score"), [Series("Passed", GOOD, passed), Series("Failed", BAD, failed)])


def _posts(report: Report, posts: Section) -> str:
    counts = posts.column("Posts")
    if not sum(counts):
        return '<p class="none">No post: no forum, or nobody talks.</p>'
    days = [f"{day.astimezone(report.zone):%-d %b}" for day in posts.column("Day")]
    return bars(days, [Series("Posts", NEUTRAL, counts)], every=max(len(days) // 12, 1))


def _table(report: Report, section: Section, left_out: set[str]) -> str:
    if not section.rows:
        return '<p class="none">Nothing to show.</p>'
    kept = [place for place, name in enumerate(section.columns) if name not in left_out | IDS]
    head = "".join(f"<th>{escape(section.columns[place])}</th>" for place in kept)
    lines = [
        "".join(_cell(report, section.columns[place], section.units[place], row[place]) for place in kept)
        for row in section.rows[:SHOWN]
    ]
    more = len(section.rows) - SHOWN
    note = f"<p>{more} more in the CSV file and on the board.</p>" if more > 0 else ""
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


def _cell(report: Report, name: str, unit: str, value: Any) -> str:
    if name in REASONS:
        return f'<td class="sign">{"●" if value == "yes" else ""}</td>'
    text = said(value, unit, report.zone)
    if isinstance(value, str) or value is None:
        return f'<td class="{"nothing" if text == NOTHING else "text"}">{escape(text)}</td>'
    if name in BARS and unit == "percentunit":
        return f"<td>{share(float(value), text)}</td>"
    return f"<td>{escape(text)}</td>"


def _part(title: str, body: str) -> str:
    return f"<section><h2>{escape(HEADINGS.get(title, title))}</h2>{body}</section>"


def _meaning(sections: Iterable[Section]) -> str:
    """Returns what the panels say of their numbers, without what only a screen can do."""
    lines = []
    for section in sections:
        sentences = re.split(r"(?<=[.:])\s+(?=[A-Z])", section.says)
        said_on_paper = " ".join(one for one in sentences if not re.match(r"Click|To export|The panel|At most", one))
        lines.append(f"<dt>{escape(HEADINGS.get(section.title, section.title))}</dt><dd>{escape(said_on_paper)}</dd>")
    return f'<section class="meaning"><h2>What the numbers mean</h2><dl>{"".join(lines)}</dl></section>'

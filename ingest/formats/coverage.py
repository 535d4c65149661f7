"""What becomes of other platforms' events, as tables of docs/formats.md, made from the adapters' own.

`python -m ingest.formats.coverage` writes them into the page; a test says when they are not current.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ingest.formats.caliper import names as caliper
from ingest.formats.edx import names as edx
from ingest.formats.xapi import names as xapi

PAGE: Final = Path(__file__).parents[2] / "docs" / "formats.md"
_MARK: Final = "<!-- {name}: {edge} -->"


def edx_table() -> Iterator[str]:
    """Yields the lines of the tables of Open edX's events."""
    yield from _table(("ours", "theirs"), _grouped((ours, f"`{name}`") for name, ours in edx.ACTIONS.items()))
    yield ""
    not_counted = [*((why, f"`{name}`") for name, why in edx.MADE.items())]
    not_counted += [(why, f"`{name}` of the browser") for name, why in edx.BROWSER_COPIES.items()]
    yield from _table(("not published, because", "theirs"), _grouped(not_counted, quote=False))


def xapi_table() -> Iterator[str]:
    """Yields the lines of the tables of verbs by kind of object."""
    kinds = ("video", "quiz", "question", "assignment", "course", "lesson", "page", "forum")
    rows = []
    for verb, names in sorted(xapi.VERBS.items()):
        others = [f"`{name}` ({kind})" for kind, name in names.items() if kind not in (*kinds, xapi.ANY) and name]
        cells = [_cell(verb, kind, names) for kind in kinds]
        anything = f"`{names[xapi.ANY]}`" if xapi.ANY in names else "as it is"
        rows.append([f"`{verb}`", *cells, " ".join([anything, *others])])
    yield from _table(("verb", *kinds, "anything else"), rows)
    yield ""
    yield from _table(
        ("kind", "last words of the object's type"),
        _grouped(((kind, f"`{word}`") for word, kind in xapi.KINDS.items()), quote=False),
    )
    yield ""
    yield from _table(
        ("not published, because", "verbs"),
        _grouped(((why, f"`{verb}`") for verb, why in xapi.DONE_TO.items()), quote=False),
    )


def caliper_table() -> Iterator[str]:
    """Yields the lines of the table of types and actions."""
    rows = []
    for kind, names in caliper.NAMES.items():
        for action, name in names.items():
            rows.append([f"`{kind}`", "any other" if action == caliper.ANY else f"`{action}`", _named(name)])
    for action, name in caliper.COURSES.items():
        rows.append(["`Event` on a course or membership", f"`{action}`", _named(name)])
    yield from _table(("type", "action", "ours"), rows)


TABLES: Final = {"edx": edx_table, "xapi": xapi_table, "caliper": caliper_table}


def filled(page: str) -> str:
    """Returns the page with its tables as they should be."""
    for name, lines in TABLES.items():
        begin, end = (_MARK.format(edge=edge, name=name) for edge in ("begin", "end"))
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = "\n".join([before + begin, "", *lines(), "", end + after])
    return page


def _cell(verb: str, kind: str, names: dict[str, str]) -> str:
    if verb == "initialized" and kind == "video":
        return "–"
    return _named(names[kind]) if kind in names else ""


def _named(name: str) -> str:
    return f"`{name}`" if name else "–"


def _grouped(pairs: Iterable[tuple[str, str]], *, quote: bool = True) -> list[list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return [[f"`{key}`" if quote else key, " ".join(values)] for key, values in found.items()]


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    columns = list(head)
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

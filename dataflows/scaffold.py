"""What `classpulse flows new` writes: a flow, its migration, view, grants, test and page, and where it is listed."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dataflows import flows
from dataflows.events.kinds import KINDS, Kind
from dataflows.operators.aggregates import Aggregate, Count, Distinct, Last, Max, Min, Sum, TopK, reads_number
from dataflows.operators.flow import STUDENT, WindowedFlow
from dataflows.operators.reading import METADATA
from dataflows.operators.windows import Hopping

READERS: Final = ("classpulse_reader_teacher", "classpulse_reader_school", "classpulse_reader_ops")
_MADE: Final = re.compile(
    r"CREATE (?:OR REPLACE )?(?:MATERIALIZED )?(?:TABLE|VIEW)(?: IF NOT EXISTS)? (\w+)", re.IGNORECASE
)


RESERVED: Final = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
    column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
    current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
    from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
    localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
    returning right select session_user similar some symmetric system_user table tablesample then to trailing true
    union unique user using variadic verbose when where window with
    """.split()
)
"""What PostgreSQL takes for no name unless it is quoted (appendix C of its documentation)."""


class NameTakenError(ValueError):
    """A flow of that name cannot be made here; the message says why."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One file.

    Attributes:
        path: Where, below the root of the checkout.
        text: What it holds from now on.
        is_new: Whether it was not there.
    """

    path: str
    text: str
    is_new: bool


def plan(flow: WindowedFlow, root: Path) -> list[Edit]:
    """Returns all files that a new flow needs; nothing is written yet.

    Args:
        flow: The flow.
        root: A checkout of the repository.

    Raises:
        NameTakenError: Where its name, table or view is taken, or this is no checkout.
    """
    check(flow, root)
    number = 1 + max(int(path.name[1:5]) for path in (root / "db/migrations/versions").glob("r[0-9]*.py"))
    stem = f"db/migrations/versions/r{number:04d}_{flow.name}"
    new = {
        f"dataflows/{flow.name}.py": flow_file(flow),
        f"{stem}.py": _revision(flow, number),
        f"{stem}.sql": table_sql(flow),
        f"{stem}.timescaledb.sql": _hypertable_sql(flow),
        f"db/views/95_{flow.name}.sql": view_sql(flow),
        f"tests/dataflows/test_{flow.name}.py": test_file(flow, Path(stem).name),
        f"docs/flows/{flow.name}.md": page(flow),
    }
    edits = [Edit(path, text, is_new=True) for path, text in new.items()]
    return edits + [Edit(path, _listed(root / path, path, flow.name), is_new=False) for path in _LISTS]


def write(edits: Iterable[Edit], root: Path) -> None:
    """Writes planned files."""
    for edit in edits:
        path = root / edit.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(edit.text)


def check(flow: WindowedFlow, root: Path) -> None:
    """Raises where a flow of that name cannot be made here.

    Raises:
        NameTakenError: The message says why.
    """
    name = flow.name
    if missing := [path for path in _LISTS if not (root / path).is_file()]:
        _taken(f"{root} is no checkout of ClassPulse ({missing[0]} is missing): clone the repository and run it there")
    if name in flows.names():
        _taken(f"there is a flow {name} already: `classpulse flows list` shows them all")
    if keyword.iskeyword(name) or (root / "dataflows" / name).exists() or (root / "dataflows" / f"{name}.py").exists():
        _taken(f"dataflows/{name} is taken: choose another name")
    for word in (name, flow.table, *sql_columns(flow)):
        if word in RESERVED:
            _taken(f"{word} is a word of SQL itself: choose another name")
    sql = "\n".join(path.read_text() for path in sorted((root / "db").rglob("*.sql")))
    made = {found.lower() for found in _MADE.findall(sql)}
    for relation in (flow.table, name):
        if relation in made:
            _taken(f"the database has a table or view {relation} already: choose another name")


def _taken(text: str) -> None:
    raise NameTakenError(text)


def flow_file(flow: WindowedFlow) -> str:
    """Returns the flow's own file."""
    kinds = sorted({type(aggregate).__name__ for aggregate in flow.aggregates.values()})
    lines = [
        f'"""The `{flow.name}` flow: {described(flow)}."""',
        "",
        f"from dataflows.operators.aggregates import {', '.join(kinds)}",
        "from dataflows.operators.flow import WindowedFlow",
        f"from dataflows.operators.windows import {type(flow.window).__name__}",
        "",
        "flow = WindowedFlow(",
        f"    name={_quoted(flow.name)},",
        f"    topic={_quoted(flow.topic)},",
        *([f"    filters={_quoted(dict(flow.filters))},"] if flow.filters else []),
        f"    key={_quoted(flow.key)},",
        f"    window={flow.window!r},",
        "    aggregates={",
        *(f"        {_quoted(name)}: {_quoted(aggregate)}," for name, aggregate in flow.aggregates.items()),
        "    },",
        f"    table={_quoted(flow.table)},",
        ")",
    ]
    return "\n".join(lines) + "\n"


def described(flow: WindowedFlow) -> str:
    """Returns what a flow counts, in words."""
    by = f" by {', '.join(map(flow.named, flow.key))}" if flow.key else ""
    kind = type(flow.window).__name__.lower()
    return f"{', '.join(flow.aggregates)}{by}, in {kind} windows"


def _quoted(value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str):
        return _literal(value)
    text = json.dumps(value, ensure_ascii=False)
    if value.count('"') <= value.count("'"):
        return text
    # as the formatter has it: double quotes, unless single ones need fewer escapes
    inside = text[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inside}'"


def _literal(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, tuple | list):
        inside = ", ".join(map(_quoted, value))
        return f"({inside},)" if isinstance(value, tuple) and len(value) == 1 else f"({inside})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(name)}: {_quoted(one)}" for name, one in value.items()) + "}"
    return repr(value).replace("'", '"')


def sql_columns(flow: WindowedFlow) -> dict[str, str]:
    """Returns the table's columns and their types."""
    columns = {"window_start": "timestamptz NOT NULL", "window_end": "timestamptz NOT NULL"}
    columns |= {flow.named(part): "text NOT NULL" for part in flow.key}
    columns["task"] = "bigint NOT NULL"
    for name, aggregate in flow.aggregates.items():
        columns[name] = _sql_type(aggregate)
        if isinstance(aggregate, Last):
            columns[f"{name}_at"] = "timestamptz"
    return columns


def _sql_type(aggregate: Aggregate) -> str:
    if isinstance(aggregate, Count | Distinct):
        return "bigint NOT NULL"
    if isinstance(aggregate, TopK):
        return "jsonb NOT NULL"
    if isinstance(aggregate, Last):
        return "double precision" if reads_number(aggregate) else "text"
    return "double precision NOT NULL" if isinstance(aggregate, Sum) else "double precision"


def _revision(flow: WindowedFlow, number: int) -> str:
    return (
        f'"""The table of the `{flow.name}` flow."""\n\nfrom db.sql_files import upgrade_from\n\n'
        f'revision = "{number:04d}"\ndown_revision = "{number - 1:04d}"\nupgrade = upgrade_from(__file__)\n'
    )


def table_sql(flow: WindowedFlow) -> str:
    """Returns the migration that makes the table."""
    columns = ",\n".join(f"    {name} {kind}" for name, kind in sql_columns(flow).items())
    [table] = flow.tables
    key = ", ".join(table.key)
    return (
        f"CREATE TABLE {flow.table} (\n{columns},\n    PRIMARY KEY ({key})\n) WITH (fillfactor = 80);\n"
        f"COMMENT ON TABLE {flow.table} IS 'Flow {flow.name}, a row a task; read the view {flow.name}.';\n"
    )


def _hypertable_sql(flow: WindowedFlow) -> str:
    return (
        f"SELECT create_hypertable('{flow.table}', by_range('{flow.time}', interval '7 days'), "
        "create_default_indexes => false);\n"
    )


def is_of_persons(flow: WindowedFlow) -> bool:
    """Whether its rows speak of single students: then only teachers read them."""
    return STUDENT in flow.key or any(
        isinstance(a, Last | TopK) and a.column == STUDENT for a in flow.aggregates.values()
    )


def view_sql(flow: WindowedFlow) -> str:
    """Returns the view that adds the tasks up, and who may read and write."""
    keys = ["window_start", "window_end", *map(flow.named, flow.key)]
    values = [_added_up(flow, name, aggregate) for name, aggregate in flow.aggregates.items()]
    readers = READERS[:1] if is_of_persons(flow) else READERS
    grants = [["classpulse_writer", "SELECT, INSERT, UPDATE, DELETE", flow.table]]
    if flow.join is not None:
        grants.append(["classpulse_writer", "SELECT", flow.join.table])
    grants += [[reader, "SELECT", flow.name] for reader in readers]
    select = ",\n       ".join([f"w.{key}" for key in keys] + values)
    group = ", ".join(f"w.{key}" for key in keys)
    return f"""-- Flow {flow.name}: {described(flow)}. A task writes rows of its own students; here they are added up.
CREATE OR REPLACE VIEW {flow.name} WITH (security_barrier) AS
SELECT {select}
FROM {flow.table} w
GROUP BY {group};
COMMENT ON VIEW {flow.name} IS 'A row is {_row(flow)}.';

DO $$
DECLARE
    given jsonb;
BEGIN
    FOR given IN SELECT * FROM jsonb_array_elements('{json.dumps(grants)}') LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = given ->> 0);
        EXECUTE format('GRANT %s ON %I TO %I', given ->> 1, given ->> 2, given ->> 0);
    END LOOP;
END $$;
"""


def _row(flow: WindowedFlow) -> str:
    return " and ".join(["a window", *([", ".join(map(flow.named, flow.key))] if flow.key else [])])


def _added_up(flow: WindowedFlow, name: str, aggregate: Aggregate) -> str:
    if isinstance(aggregate, Count | Distinct):
        return f"sum(w.{name})::bigint AS {name}"
    if isinstance(aggregate, Sum):
        return f"sum(w.{name}) AS {name}"
    if isinstance(aggregate, Min | Max):
        return f"{type(aggregate).__name__.lower()}(w.{name}) AS {name}"
    if isinstance(aggregate, Last):
        latest = f"(array_agg(w.{name} ORDER BY w.{name}_at DESC NULLS LAST, w.task DESC))[1] AS {name}"
        return f"{latest}, max(w.{name}_at) AS {name}_at"
    same = " AND ".join(f"o.{key} = w.{key}" for key in ("window_start", "window_end", *map(flow.named, flow.key)))
    return (
        f"(SELECT coalesce(jsonb_agg(jsonb_build_array(t.text, t.times) ORDER BY t.times DESC, t.text), '[]')\n"
        f'        FROM (SELECT (said ->> 0) COLLATE "C" AS text, sum((said ->> 1)::bigint)::bigint AS times\n'
        f"              FROM {flow.table} o, jsonb_array_elements(o.{name}) said WHERE {same}\n"
        f"              GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {aggregate.k}) t) AS {name}"
    )


def example(flow: WindowedFlow) -> dict[str, Any]:
    """Returns an event that the flow counts."""
    event: dict[str, Any] = {"timestamp": "2026-09-01T08:00:00Z", "student_id": "ann", "event_name": "page_view"}
    if KINDS[flow.topic] is Kind.LEARNING:
        event = {"timestamp": event["timestamp"], "user_id": "ann"}
    elif KINDS[flow.topic] is Kind.CHAPTER_VIEW:
        event |= {"event_name": "chapter_view", "course_id": "course-1", "chapter_id": "chapter-1"}
    texts = {part: f"{flow.named(part)}-1" for part in flow.key if part != STUDENT}
    texts |= {name: given if isinstance(given, str) else given[0] for name, given in flow.filters.items()}
    metadata = {name.removeprefix(METADATA): text for name, text in texts.items() if name.startswith(METADATA)}
    event |= {name: text for name, text in texts.items() if not name.startswith(METADATA)}
    return event | ({"metadata": metadata} if metadata else {})


def test_file(flow: WindowedFlow, stem: str) -> str:
    """Returns the flow's first test."""
    event, keyed = example(flow), [part for part in flow.key if part != STUDENT]
    said = {**event, **{f"{METADATA}{name}": text for name, text in event.get("metadata", {}).items()}}
    values = {part: said[part] for part in keyed}
    expected = [f'    assert row["{flow.named(part)}"] == {_quoted(value)}' for part, value in values.items()]
    expected += [f'    assert row["{name}"] == 1' for name, a in flow.aggregates.items() if isinstance(a, Count)]
    lines = [
        f'"""`{flow.name}`: what it counts, told by hand."""',
        "",
        "import re",
        "from pathlib import Path",
        "",
        f"from dataflows.{flow.name} import flow",
        "from dataflows.testing import Driver",
        "",
        f'TABLE = Path(__file__).parents[2] / "db/migrations/versions/{stem}.sql"',
        "EVENT = {",
        *(f"    {_quoted(name)}: {_quoted(value)}," for name, value in event.items()),
        "}",
        "",
        "",
        "def test_an_event_is_counted_in_its_window() -> None:",
        "    driver = Driver(flow)",
        "    driver.send([EVENT])",
        f'    {"row, *_" if isinstance(flow.window, Hopping) else "[row]"} = driver.rows("{flow.table}")',
        *(expected or ['    assert row["task"] == 0']),
        "",
        "",
        "def test_a_repeat_and_what_comes_too_late_change_nothing() -> None:",
        "    driver = Driver(flow)",
        "    driver.send([EVENT])",
        f'    before = driver.rows("{flow.table}")',
        '    again = {**EVENT, "event_id": "00000000-0000-4000-8000-000000000001"}',
        '    driver.tick("2026-09-03T08:00:00Z")',
        "    driver.send([again, again])",
        f'    assert driver.rows("{flow.table}") == before',
        "",
        "",
        "def test_the_table_has_the_flows_columns() -> None:",
        '    kinds = "text|bigint|jsonb|double|timestamptz"',
        '    columns = re.findall(rf"^    (\\w+) (?:{kinds})", TABLE.read_text(), re.MULTILINE)',
        "    assert columns == flow.columns",
    ]
    return "\n".join(lines) + "\n"


def page(flow: WindowedFlow) -> str:
    """Returns the flow's page of the documentation."""
    of_classes = "class_id" in flow.key or STUDENT in flow.key  # as db.access.views has it
    letters = " ".join(["t", *["c"] * of_classes, *["s", "o"] * (not is_of_persons(flow))])
    shown = ", ".join(column for column in flow.columns if column != "task")
    return f"""# `{flow.name}`

What it is for: {described(flow)}. (Say here who reads it, and what for.)

| view | readers | a row is | columns |
|---|---|---|---|
| `{flow.name}` | {letters} | {_row(flow)} | {shown} |

```sql
SELECT * FROM {flow.name} ORDER BY window_start DESC LIMIT 20;
```

It reads `{flow.topic}` and writes `{flow.table}`, a row a task. `classpulse run {flow.name}` runs it,
`classpulse rebuild {flow.name}` makes its rows again from the archive.
"""


def _registered(text: str, name: str) -> str:
    return _once(text, "\n)\n\n\ndef names", f'\n    Flow("{name}", "dataflows.{name}"),\n)\n\n\ndef names')


def _values(text: str, name: str) -> str:
    block = f"""  {name}:
    enabled: true
    workers: 1
    resources:
      requests: {{cpu: 250m, memory: 512Mi}}
      limits: {{memory: 1Gi}}
    storage: {{size: 2Gi, className: ""}}
    autoscaling: {{enabled: false, min: 1, max: 8, lagPerWorker: 50000, cooldownSeconds: 900}}
    env: {{}}
    nodeSelector: {{}}
    tolerations: []
    affinity: {{}}
"""
    return _once(text, "\nlake:\n", f"{block}\nlake:\n")


def _schema(text: str, name: str) -> str:
    schema = json.loads(text)
    blocks = schema["properties"]["dataflows"]["properties"]
    blocks[name] = blocks["archive"]
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _composed(text: str, name: str) -> str:
    service = f"""  {name}:
    <<: *worker
    command: [member, {name}, --member, "0"]
    volumes: ["{name}:/var/lib/classpulse"]

"""
    text = _once(text, "  engagement-2:\n", f"{service}  engagement-2:\n")
    return _once(text, "\n  alerting:\n  grafana:\n", f"\n  {name}:\n  alerting:\n  grafana:\n")


def _scraped(text: str, name: str) -> str:
    return _once(text, "archive, archive-2", f"archive, archive-2, {name}")


_LISTS: Final = {
    "dataflows/flows.py": _registered,
    "helm/classpulse/values.yaml": _values,
    "helm/classpulse/values.schema.json": _schema,
    "docker-compose.yml": _composed,
    "prometheus/prometheus.yml": _scraped,
}
"""The files that list flows, and how a name comes into each."""


def _listed(path: Path, name: str, flow: str) -> str:
    try:
        return _LISTS[name](path.read_text(), flow)
    except ValueError as error:
        text = f"{name} has changed so much that a flow cannot be added to it by itself ({error}): add {flow} by hand"
        raise NameTakenError(text) from error


def _once(text: str, where: str, instead: str) -> str:
    if text.count(where) != 1:
        message = f"{where.strip()!r} is there {text.count(where)} times"
        raise ValueError(message)
    return text.replace(where, instead)

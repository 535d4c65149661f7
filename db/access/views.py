"""The views of `db.access.rules` as SQL: schema `my_classes` for logins of some classes, `school` for numbers alone.

Each bears the name of the view it reads, so that a login's `search_path` decides, and boards' SQL stays as it is.
"""

from __future__ import annotations

import json
from typing import Final

from dataflows import flows
from dataflows.operators.flow import STUDENT
from db.access.rules import (
    VIEWS,
    Cells,
    ClassRule,
    ForAll,
    Hidden,
    OfClass,
    OfCohort,
    OfScope,
    OfStudent,
    Plain,
    SchoolOnly,
    SchoolRule,
    View,
)
from db.values import quoted

CLASSES: Final = "my_classes"
SCHOOL: Final = "school"
READERS: Final = {CLASSES: ("classpulse_reader_class",), SCHOOL: ("classpulse_reader_school", "classpulse_reader_ops")}
"""Who may read a schema's views; its roles read no view of `public` by the same name."""

# As an array that is computed once, so that it reaches the indexes through every view: a join would not.
_MINE: Final = "ANY (ARRAY(SELECT class_id FROM public.granted_classes))"
_STUDENTS: Final = "ANY (ARRAY(SELECT student_id FROM public.granted_students))"
_K: Final = "public.classpulse_small_group()"


def rules() -> dict[str, View]:
    """Returns every view with its rules, those of declared flows too."""
    found = dict(VIEWS)
    for flow in flows.FLOWS:
        if flow.is_declared:
            declared = flow.load()
            if "class_id" in declared.key:
                found[declared.name] = View(OfClass(declared.named("class_id")))
            elif STUDENT in declared.key:
                found[declared.name] = View(OfStudent(declared.named(STUDENT)))
            else:
                found[declared.name] = View(SchoolOnly(), Hidden())
    return found


def script() -> str:
    """Returns the SQL that makes both schemas anew, with their grants; it stands after all views of `public`."""
    views = rules()
    mine: dict[str, tuple[str, dict[str, str]]] = {
        name: (text, {}) for name, view in views.items() if (text := class_view(name, view.of_classes))
    }
    numbers = {
        name: (text, school_columns(view.of_school))
        for name, view in views.items()
        if (text := school_view(name, view.of_school))
    }
    return "\n".join([_schema(CLASSES, mine), _schema(SCHOOL, numbers)])


def _schema(schema: str, views: dict[str, tuple[str, dict[str, str]]]) -> str:
    """Returns the SQL of one schema: each view with the columns of its namesake, some of them as expressions."""
    made = json.dumps([[name, query, columns] for name, (query, columns) in views.items()])
    return f"""CREATE SCHEMA IF NOT EXISTS {schema};
DO $made$
DECLARE
    made   jsonb;
    chosen text;
    reader text;
BEGIN
    FOR made IN SELECT * FROM jsonb_array_elements({quoted(made)}) LOOP
        SELECT string_agg(coalesce('(' || (made -> 2 ->> attname) || ') AS ', '') || quote_ident(attname), ', '
                          ORDER BY attnum)
        INTO chosen FROM pg_attribute
        WHERE attrelid = ('public.' || quote_ident(made ->> 0))::regclass AND attnum > 0 AND NOT attisdropped;
        EXECUTE format('CREATE VIEW {schema}.%I WITH (security_barrier) AS SELECT %s FROM (%s) t',
                       made ->> 0, chosen, made ->> 1);
    END LOOP;
    FOREACH reader IN ARRAY ARRAY[{", ".join(map(quoted, READERS[schema]))}] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader);
        EXECUTE format('GRANT USAGE ON SCHEMA {schema} TO %I', reader);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO %I', reader);
    END LOOP;
END $made$;
"""


def class_view(name: str, rule: ClassRule) -> str | None:
    """Returns the query of a view for a login of some classes, or None where there is none.

    Example:
        >>> class_view("class_list", OfClass())
        'SELECT * FROM public.class_list WHERE class_id = ANY (ARRAY(SELECT class_id FROM public.granted_classes))'
    """
    match rule:
        case SchoolOnly():
            return None
        case ForAll():
            where = ""
        case OfClass(column):
            where = f" WHERE {column} = {_MINE}"
        case OfScope():
            where = f" WHERE scope = 'class' AND scope_id = {_MINE}"
        case OfCohort():
            where = f" WHERE cohort = 'class' AND cohort_id = {_MINE}"
        case OfStudent(column, class_column):
            also = f" AND ({class_column} IS NULL OR {class_column} = {_MINE})" if class_column else ""
            where = f" WHERE {column} = {_STUDENTS}{also}"
    return f"SELECT * FROM public.{name}{where}"


def school_view(name: str, rule: SchoolRule) -> str | None:
    """Returns the query of a view for who sees no student, or None where there is none.

    A row of few students goes. Where what went could be told from a total (one row, or rows of few students together),
    the next smallest goes too.
    """
    match rule:
        case Hidden():
            return None
        case Plain():
            return f"SELECT * FROM public.{name}"
        case Cells():
            return _cells(name, rule)


def school_columns(rule: SchoolRule) -> dict[str, str]:
    """Returns the columns that are shown otherwise, as SQL.

    Example:
        >>> school_columns(Cells("students", never=("score",)))
        {'score': 'CASE WHEN public.classpulse_small_group() = 0 THEN score END'}
    """
    if not isinstance(rule, Cells):
        return {}
    rest = f" AND coalesce({rule.students}, 0) - {{part}} >= {_K}" if rule.students else ""
    shown = {part: f"CASE WHEN {part} >= {_K}{rest.format(part=part)} THEN {part} END" for part in rule.parts}
    shown |= {column: f"CASE WHEN {part} >= {_K} THEN {column} END" for column, part in rule.of_parts}
    for column, whole in rule.shares:
        least = f"({_K}::double precision / nullif({whole}, 0))"
        shown[column] = (
            f"CASE WHEN coalesce({whole}, 0) >= 2 * {_K} THEN least(greatest({column}, {least}), 1 - {least}) END"
        )
    return shown | {column: f"CASE WHEN {_K} = 0 THEN {column} END" for column in rule.never}


def _cells(name: str, rule: Cells) -> str:
    published = f" WHERE {rule.where.format(k=_K)}" if rule.where else ""
    if rule.students is None:
        return f"SELECT * FROM public.{name}{published}"
    if rule.within is None:
        and_so = f" AND ({rule.where})" if rule.where else ""
        return f"SELECT * FROM public.{name} WHERE coalesce({rule.students}, 0) >= {_K}{and_so}"
    within = f"PARTITION BY {', '.join(rule.within)}" if rule.within else ""
    return (
        f"SELECT * FROM (SELECT c.*, count(*) FILTER (WHERE is_small) OVER p AS few,"
        f" sum(n) FILTER (WHERE is_small) OVER p AS few_students, row_number() OVER (p ORDER BY n, c::text) AS nth"
        f" FROM (SELECT v.*, coalesce({rule.students}, 0) AS n, coalesce({rule.students}, 0) < {_K} AS is_small"
        f" FROM public.{name} v{published}) c WINDOW p AS ({within})) h"
        f" WHERE NOT is_small AND NOT (few > 0 AND (few = 1 OR few_students < {_K}) AND nth = few + 1)"
    )

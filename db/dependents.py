"""What somebody else's views and functions make of ours: they are never dropped, but named."""

from __future__ import annotations

from typing import Any, Final, LiteralString

import psycopg

from db.target import UnsuitableDatabaseError

_STRANGERS: Final[LiteralString] = """
WITH RECURSIVE edges AS (
    SELECT d.refclassid AS on_class, d.refobjid AS on_oid,
           CASE WHEN d.classid = 'pg_rewrite'::regclass THEN 'pg_class'::regclass ELSE d.classid END AS class,
           coalesce(r.ev_class, d.objid) AS oid
    FROM pg_depend d LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    WHERE d.deptype IN ('n', 'a') AND d.classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass)
), ours AS (
    SELECT 'pg_class'::regclass AS class, c.oid FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%(views)s) AND c.relkind = 'v'
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.proname = ANY(%(functions)s)
), found AS (
    SELECT e.class, e.oid, e.on_class, e.on_oid FROM edges e JOIN ours o ON o.class = e.on_class AND o.oid = e.on_oid
    WHERE (e.class, e.oid) NOT IN (SELECT class, oid FROM ours)
    UNION
    SELECT e.class, e.oid, e.on_class, e.on_oid FROM edges e JOIN found f ON f.class = e.on_class AND f.oid = e.on_oid
    WHERE (e.class, e.oid) NOT IN (SELECT class, oid FROM ours) AND (e.class, e.oid) <> (e.on_class, e.on_oid)
)
SELECT pg_describe_object(f.class, f.oid, 0), pg_get_userbyid(coalesce(c.relowner, p.proowner)),
       string_agg(DISTINCT pg_describe_object(f.on_class, f.on_oid, 0), ', ')
FROM found f
LEFT JOIN pg_class c ON f.class = 'pg_class'::regclass AND c.oid = f.oid
LEFT JOIN pg_proc p ON f.class = 'pg_proc'::regclass AND p.oid = f.oid
GROUP BY f.class, f.oid, c.relowner, p.proowner ORDER BY 1
"""


def strangers(connection: psycopg.Connection[Any], ours: list[tuple[str, str]]) -> list[str]:
    """Returns what stands on our views and functions and is not ours, in words: what it is, whose, and on what.

    Args:
        connection: The database.
        ours: What we made, as (kind, name).
    """
    names = {kind: [name for of, name in ours if of == kind] for kind in ("VIEW", "FUNCTION")}
    rows = connection.execute(_STRANGERS, {"views": names["VIEW"], "functions": names["FUNCTION"]}).fetchall()
    return [f"{what} of {owner}, which stands on {on}" for what, owner, on in rows]


def refuse(found: list[str], cause: psycopg.Error) -> UnsuitableDatabaseError:
    """Returns the refusal that names what stands in the way, and how to go on.

    Args:
        found: What `strangers` found.
        cause: What the server refused.
    """
    named = found or [line.strip() for line in (cause.diag.message_detail or str(cause)).splitlines()]
    listed = "".join(f"\n  - {line}" for line in named)
    text = (
        "what others have made stands on views of ours that change, and nothing was changed. It is:"
        f"{listed}\nKeep each one's definition and grants (`\\sv NAME` in psql, or pg_dump -t NAME), drop it, run "
        "`classpulse migrate` again, and create it anew."
    )
    return UnsuitableDatabaseError(text)

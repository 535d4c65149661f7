"""What the database knows of the pipeline: it stays when the workers, or Prometheus, do not."""

from __future__ import annotations

from grafana_foundation_sdk.builders import table

from dataflows.events.rejects import REMEDIES
from db.values import quoted
from grafana import columns, panels, scales, theme
from grafana.postgres import OPERATORS, Sql
from grafana.queries import load
from grafana.thresholds import Thresholds


def freshness(limits: Thresholds) -> table.Panel:
    """Returns a row a flow."""
    panel = panels.rows(
        "How far the numbers are",
        "A row a flow, from the database. Lag: the clock minus the lowest watermark of its tasks; everything before "
        "'As of' is counted. Late and rejected: of the last ten minutes.",
        Sql(load("pipeline/freshness"), source=OPERATORS),
    )
    panel.override_by_name("Lag", columns.gauge(scales.lag_steps(limits), theme.SECONDS, limits.lag_stalled_s))
    for name in ("As of", "Last write"):
        panel.override_by_name(name, columns.number(theme.MOMENT, 160))
    for name in ("Slowest task", "Tasks", "Late in 10 min", "Rejected in 10 min"):
        panel.override_by_name(name, columns.number(theme.COUNT, 140))
    return panel.no_value("No flow has ever written here")


def watermarks() -> table.Panel:
    """Returns a row a flow and topic."""
    panel = panels.rows(
        "Watermarks by flow and topic",
        "The slowest partition decides what is final. A quiet topic is moved by ticks ('classpulse tick'); one that "
        "never held a record holds nothing back.",
        Sql(load("pipeline/watermarks"), source=OPERATORS),
    )
    for name in ("Slowest watermark", "Fastest watermark"):
        panel.override_by_name(name, columns.number(theme.MOMENT, 150))
    panel.override_by_name("Partitions", [columns.width(90)])
    panel.override_by_name("Never held a record", [columns.width(150)])
    panel.override_by_name("Records read", [columns.prop("unit", theme.COUNT)])
    return panel.no_value("No flow has ever written here")


def night() -> table.Panel:
    """Returns when the last nightly run was."""
    panel = panels.rows(
        "Last nightly run",
        "When 'classpulse nightly' last did all its work, how many late events it put into their days, and how many "
        "days were not settled yet. Waits since: the first late event that it has not seen; after 26 hours an alert "
        "calls.",
        Sql(load("pipeline/night"), source=OPERATORS),
    )
    for name in ("Last done", "Waits since"):
        panel.override_by_name(name, columns.number(theme.MOMENT, 150))
    for name in ("Events added", "Days left"):
        panel.override_by_name(name, [columns.prop("unit", theme.COUNT)])
    return panel.no_value("Never: put 'classpulse nightly' into cron")


def waiting(limits: Thresholds) -> table.Panel:
    """Returns the days to which late events will be added."""
    panel = panels.rows(
        "Late events that wait",
        "Events that came too late for live results and are in no day yet, by flow and local day, newest first. The "
        "next nightly run adds them; where a time is given, one after it. "
        f"At most {limits.lines_shown} rows; of what came since the last run the first 50,000 events of eight days.",
        Sql(load("pipeline/waiting", lines_shown=limits.lines_shown), source=OPERATORS),
    )
    for name in ("Not before", "First came"):
        panel.override_by_name(name, columns.number(theme.MOMENT, 160))
    panel.override_by_name("Late events", [columns.prop("unit", theme.COUNT)])
    return panel.no_value("No late event waits")


def rejects(limits: Thresholds) -> table.Panel:
    """Returns the latest refused records, without what they held."""
    panel = panels.rows(
        "Rejected in the last 24 hours",
        "The latest refused records with the reason; the records themselves lie in the topic dead_letters. "
        f"At most {limits.students_shown}.",
        Sql(load("pipeline/rejects", students_shown=limits.students_shown), source=OPERATORS),
    )
    panel.override_by_name("Received", columns.number(theme.MOMENT, 100))
    panel.override_by_name("Reason", [columns.width(130)])
    for name in ("Partition", "Offset"):
        panel.override_by_name(name, [columns.width(80)])
    return panel.no_value("Nothing was rejected")


def reasons() -> table.Panel:
    """Returns why records were refused, and what to do; `classpulse doctor` says the same."""
    remedies = ", ".join(f"({quoted(reason)}, {quoted(todo)})" for reason, todo in REMEDIES.items())
    panel = panels.rows(
        "Why records were rejected, last 24 hours",
        "How many for each reason, what was wrong with the latest, and what its sender has to change.",
        Sql(load("pipeline/reasons", remedies=remedies), source=OPERATORS),
    )
    panel.override_by_name("Reason", [columns.width(130)])
    panel.override_by_name("Records", columns.number(theme.COUNT, 90))
    return panel.no_value("Nothing was rejected")


def anomalies(limits: Thresholds) -> table.Panel:
    """Returns what the flows found odd."""
    panel = panels.rows(
        "Oddities of the last seven days",
        "What the flows noticed by themselves, such as a producer that breaks the keying.",
        Sql(load("pipeline/anomalies", lines_shown=limits.lines_shown), source=OPERATORS),
    )
    panel.override_by_name("Detected", columns.number(theme.MOMENT, 100))
    return panel.no_value("Nothing odd")

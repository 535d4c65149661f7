"""What the workers measure of themselves (docs/architecture.md names the metrics)."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders import timeseries

from grafana import columns, panels, scales, theme
from grafana.prometheus import metric
from grafana.thresholds import Thresholds

JOB: Final = 'job="classpulse"'


def _lines(title: str, says: str, expression: str, legend: str, unit: str) -> timeseries.Panel:
    return (
        panels.days(title, says, metric(expression, legend))
        .unit(unit)
        .min(0)
        .no_value("No worker is measured: does Prometheus scrape them?")
    )


def throughput() -> timeseries.Panel:
    """Returns events per second by flow."""
    return _lines(
        "Events per second",
        "Records read from Kafka by each flow, ticks left out, averaged over five minutes.",
        "sum by (flow) (classpulse:events:rate5m)",
        "{{flow}}",
        "eps",
    )


def freshness(limits: Thresholds) -> timeseries.Panel:
    """Returns append to committed row."""
    return _lines(
        "Freshness, 99th percentile",
        "From a record's append to Kafka until its row is committed, of live records. The alert calls above 5 s.",
        "classpulse:freshness_seconds:p99",
        "{{flow}}",
        theme.SECONDS,
    ).thresholds(scales.lag_steps(limits))


def watermarks(limits: Thresholds) -> timeseries.Panel:
    """Returns how far the slowest watermark is behind."""
    return _lines(
        "Watermark lag",
        "The clock minus the lowest watermark of each flow: nothing newer can be final.",
        "classpulse:watermark_lag_seconds:max",
        "{{flow}}",
        theme.SECONDS,
    ).thresholds(scales.lag_steps(limits))


def lag() -> timeseries.Panel:
    """Returns records not read yet."""
    return _lines(
        "Consumer lag",
        "Records that lie in Kafka and were not read yet, by flow. A sawtooth is normal; growth is not.",
        "classpulse:consumer_lag:sum",
        "{{flow}}",
        theme.COUNT,
    )


def rejects() -> timeseries.Panel:
    """Returns refused records by reason."""
    return _lines(
        "Rejected per minute, by reason",
        "Records that no flow can use. Every flow of a topic refuses the same ones, so the highest flow is shown.",
        f"60 * max by (topic, reason) (sum by (flow, topic, reason) (rate(events_rejected_total{{{JOB}}}[5m])))",
        "{{reason}} ({{topic}})",
        theme.COUNT,
    ).decimals(1)


def late() -> timeseries.Panel:
    """Returns late and repeated events."""
    return _lines(
        "Late events per minute",
        "Events that came after their window was final: kept in the table events, added to their days by night.",
        f"60 * sum by (flow) (rate(late_events_total{{{JOB}}}[5m]))",
        "{{flow}}",
        theme.COUNT,
    ).decimals(1)


def writes() -> timeseries.Panel:
    """Returns how long the database takes."""
    return _lines(
        "Database write time, 99th percentile",
        "To stage and upsert one table's rows, by table.",
        f"histogram_quantile(0.99, sum by (table, le) (rate(analytics_db_write_duration_ms_bucket{{{JOB}}}[5m])))",
        "{{table}}",
        "ms",
    )


def failures() -> timeseries.Panel:
    """Returns transactions that failed."""
    panel = _lines(
        "Failed writes per minute",
        "Transactions that failed; they are tried again until they succeed, and nothing is lost meanwhile.",
        f"60 * sum by (flow) (rate(analytics_db_write_failures_total{{{JOB}}}[5m]))",
        "{{flow}}",
        theme.COUNT,
    ).decimals(1)
    return panel.axis_soft_max(1)


def snapshots(limits: Thresholds) -> timeseries.Panel:
    """Returns how old the last snapshot is."""
    return _lines(
        "Snapshot age",
        "Since each flow's state was last saved: what a crash would have to read again.",
        f"max by (flow) (snapshot_age_seconds{{{JOB}}})",
        "{{flow}}",
        theme.SECONDS,
    ).thresholds(scales.lag_steps(limits))


def up() -> timeseries.Panel:
    """Returns which workers answer."""
    return (
        _lines(
            "Workers that answer",
            "1 while Prometheus reaches the worker, 0 while it does not.",
            f"up{{{JOB}}}",
            "{{instance}}",
            theme.COUNT,
        )
        .decimals(0)
        .max(1)
    )


def processor() -> timeseries.Panel:
    """Returns cores by worker."""
    return _lines(
        "Processor by worker",
        "Cores in use. A worker has one: near 1 it is at its end, and more workers help.",
        f"rate(process_cpu_seconds_total{{{JOB}}}[2m]) * on (job, instance) group_left (flow) classpulse:worker_flow",
        "{{flow}} {{instance}}",
        theme.SHARE,
    ).override_by_regexp("/.*/", [columns.prop("max", 1)])


def memory() -> timeseries.Panel:
    """Returns memory by worker."""
    return _lines(
        "Memory by worker",
        "Resident memory of each worker's process.",
        f"process_resident_memory_bytes{{{JOB}}} * on (job, instance) group_left (flow) classpulse:worker_flow",
        "{{flow}} {{instance}}",
        "bytes",
    )


def windows() -> timeseries.Panel:
    """Returns the state that is still open."""
    return _lines(
        "Rows that may still change",
        "Rows of windows that are not final, by flow. It follows the number of students; steady growth means that "
        "a watermark stands still.",
        f"sum by (flow) (windows_open{{{JOB}}})",
        "{{flow}}",
        theme.COUNT,
    )


def overflow() -> timeseries.Panel:
    """Returns the scopes that were too many to be counted apart."""
    return _lines(
        "Places counted as ~other, per minute",
        "Classes, courses, subjects, chapters or grades of one minute beyond the most that are counted apart: as a "
        "rule an id that differs in each event. Their events are in the totals and under '~other'.",
        f"60 * sum(rate(activity_scopes_over_total{{{JOB}}}[5m]))",
        "places",
        theme.COUNT,
    ).decimals(1)

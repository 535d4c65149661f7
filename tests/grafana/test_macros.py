"""The test helper expands what Grafana expands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from grafana.macros import expanded


def test_variables_are_quoted_and_all_is_one_value() -> None:
    sql = "x IN (${class:sqlstring})"
    assert expanded(sql, {"class": ["7B", "o'x"]}) == "x IN ('7B','o''x')"
    assert expanded(sql) == "x IN ('__all')"


def test_a_dollar_or_a_macro_in_a_value_stays_what_it_is() -> None:
    sql = "x IN (${class:sqlstring}) AND y = '$__interval'"
    assert expanded(sql, {"class": ["7$B", "${class:sqlstring}", "$__interval"]}) == (
        "x IN ('7$B','${class:sqlstring}','$__interval') AND y = '60s'"
    )


def test_time_macros_become_buckets_and_ranges() -> None:
    start, end = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
    sql = "$__timeGroupAlias(bucket, $__interval) WHERE $__timeFilter(bucket)"
    assert expanded(sql, time_range=(start, end)) == (
        "time_bucket('60.000s',bucket) AS \"time\""
        " WHERE bucket BETWEEN '2026-03-02T00:00:00+00:00' AND '2026-03-03T00:00:00+00:00'"
    )


def test_what_grafana_does_not_know_is_an_error() -> None:
    with pytest.raises(ValueError, match="not expanded"):
        expanded("SELECT $__mystery")

"""The choices at the top of a board. "All" is the value `__all`, so that no statement grows with the school."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import QueryVariable
from grafana_foundation_sdk.models import common, dashboard

from grafana import postgres, queries

ALL: Final = "__all"


def choice(
    name: str, label: str, description: str, source: common.DataSourceRef = postgres.TEACHERS, file: str = ""
) -> QueryVariable:
    """Returns a multiple choice with "All", filled by `queries/variable_<file>.sql`; `file` is by default the name."""
    sql = queries.load(f"variable_{file or name}")
    return (
        QueryVariable(name)
        .label(label)
        .description(description)
        .datasource(source)
        .query(sql)
        .definition(sql)
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.DISABLED)
        .multi(True)
        .include_all(True)
        .all_value(f"'{ALL}'")
        .allow_custom_value(False)
        .current(dashboard.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def grade_class_course() -> list[QueryVariable]:
    """Returns the three choices of every class board, from the widest to the narrowest."""
    return [
        choice("grade", "Grade", "Year groups to show."),
        choice("class", "Class", "Classes to show, of the chosen grades."),
        choice("course", "Course", "Courses to show: students who take the course or are in it now."),
    ]


def one(name: str, label: str, description: str) -> QueryVariable:
    """Returns a choice of exactly one, filled by `queries/variable_<name>.sql`; at first the first one."""
    sql = queries.load(f"variable_{name}")
    return (
        QueryVariable(name)
        .label(label)
        .description(description)
        .datasource(postgres.TEACHERS)
        .query(sql)
        .definition(sql)
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.DISABLED)
        .multi(False)
        .include_all(False)
        .allow_custom_value(False)
    )

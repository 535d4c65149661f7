"""The demo's past lies on the last mornings, and its school is the same every time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from demo import grafana
from demo.feed import mornings
from demo.school import school_for
from simulation.day import SchoolDay


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Los_Angeles"])
def test_history_begins_at_eight_local_time_on_the_three_days_before_across_a_clock_change(zone: str) -> None:
    now = datetime(2026, 3, 30, 0, 30, tzinfo=ZoneInfo(zone))
    starts = [datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)) for ms in mornings(int(now.timestamp() * 1000), zone)]
    assert [f"{start:%d %H:%M}" for start in starts] == ["27 08:00", "28 08:00", "29 08:00"]


def test_the_school_makes_the_rate_and_is_the_same_every_time() -> None:
    school = school_for(100)
    assert school == school_for(100)
    day = SchoolDay(school, 1_700_000_000_000, 100, flat=True, classes=len(school.classes))
    made = sum(1 for _ in day.events(120))
    assert made == pytest.approx(100 * 120, rel=0.2)


def test_classes_differ_in_mood() -> None:
    means = [
        sum(student.diligence for student in group.students) / len(group.students) for group in school_for(200).classes
    ]
    assert max(means) - min(means) > 0.3


def test_grafana_is_found_with_the_home_that_holds_its_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRAFANA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(grafana, "HOMES", ())
    assert grafana.find() is None
    (tmp_path / "bin").mkdir()
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "defaults.ini").touch()
    program = tmp_path / "bin" / "grafana-server"
    program.touch(mode=0o755)
    assert grafana.find() == ([str(program)], tmp_path)


def test_grafana_home_decides_where_grafana_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    for home in (tmp_path / "home", other):
        for folder in ("bin", "conf"):
            (home / folder).mkdir(parents=True)
        (home / "conf" / "defaults.ini").touch()
        (home / "bin" / "grafana").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(other / "bin"))
    monkeypatch.setenv("GRAFANA_HOME", str(tmp_path / "home"))
    assert grafana.find() == ([str(tmp_path / "home" / "bin" / "grafana"), "server"], tmp_path / "home")
    (tmp_path / "home" / "bin" / "grafana").unlink()  # a package: the program on PATH, its home elsewhere
    assert grafana.find() == ([str(other / "bin" / "grafana"), "server"], tmp_path / "home")
    monkeypatch.setenv("GRAFANA_HOME", str(tmp_path / "none"))
    assert grafana.find() is None

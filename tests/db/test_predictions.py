"""`classpulse predict run risk`: as known then, with its judgement, set aside by people; on both databases."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from typer.testing import CliRunner

from cli.main import app
from models.logistic import Logistic
from models.risk.features import FEATURES
from models.risk.files import as_text
from tests.db.conftest import NOW, Database
from tests.db.content import at, item, milestone
from tests.db.memory import attempt

TERM = date(2026, 1, 19)  # six weeks before NOW: the sixth ended this morning at midnight
BINS = [{"n": 900, "mean_chance": 0.2, "share": 0.25}, {"n": 80, "mean_chance": 0.8, "share": 0.7}]


def judged(*, is_shown: bool) -> dict[str, Any]:
    return {"n": 980, "is_shown": is_shown, "calibration_error": 0.05, "calibration": BINS, "judged_on": "2014J"}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Week 4 speaks by what is missing and the mean score; week 20 has not beaten its baselines."""
    weights = {"missed_share": 1.5, "mean_score": -1.0}
    one = Logistic(
        -0.5,
        np.array([weights.get(name, 0.0) for name in FEATURES]),
        np.array([50.0 if name == "mean_score" else 0.0 for name in FEATURES]),
        np.array([20.0 if name == "mean_score" else 1.0 for name in FEATURES]),
    )
    path = tmp_path / "risk.json"
    sheet = {4: judged(is_shown=True), 20: judged(is_shown=False)}
    path.write_text(as_text({4: one, 20: one}, ["AAA2013J"], 9, sheet))
    return path


@pytest.fixture
def term(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    database.put("terms", {"term_id": "t", "starts": TERM, "ends": TERM + timedelta(days=200)})
    for who, left in (("ann", None), ("ben", None), ("gone", at(0, days=-10))):
        row = {"student_id": who, "course_id": "algebra", "class_id": "7B", "enrolled_at": at(0, days=-60)}
        database.put("enrolments", row | {"left_at": left})
    database.put("content_items", item("essay", 1, due_at=at(0, days=-20)), item("test", 2, due_at=at(0, days=-8)))
    database.put("milestones", milestone("ann", "assignment_submit", at(0, days=-22), item_id="essay"))
    database.put("quiz_attempts", attempt("ann", at(0, days=-9), 90, "test", course="algebra"))
    # what ben does today came after the week that is judged, and is not known then
    database.put("quiz_attempts", attempt("ben", at(0), 100, "test", course="algebra"))
    monkeypatch.setenv("DATABASE_URL", database.url)
    return database


def run(model: Path, as_of: str = "2026-03-02T10:00:20") -> dict[str, Any]:
    done = CliRunner().invoke(app, ["predict", "run", "risk", str(model), "--json", "--as-of", as_of])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_chances_are_as_known_then_with_reasons_and_their_judgement(term: Database, model: Path) -> None:
    said = run(model)
    assert (said["week"], said["by_week"], said["written"]) == (6, 4, 2)
    rows = {row["student_id"]: row for row in term.rows("SELECT * FROM student_predictions")}
    assert rows.keys() == {"ann", "ben"}
    ann, ben = rows["ann"], rows["ben"]
    assert (ann["probability"], ann["reasons"]) == (pytest.approx(1 / (1 + np.exp(2.5)), abs=1e-4), [])
    assert ben["probability"] == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-4)  # nothing of two due, no score
    assert ben["reasons"] == ["has not handed in 100% of what was due"]
    assert ben["changes"] == ["hands in what is missing: 38 %"]
    assert (ben["came_true"], ben["came_true_of"], ben["calibration_error"]) == (0.7, 80, 0.05)
    assert ben["predicted_at"] == NOW.replace(hour=0, minute=0, second=0)
    before = term.values("SELECT * FROM predictions ORDER BY student_id")
    run(model)
    assert term.values("SELECT * FROM predictions ORDER BY student_id") == before


def test_a_week_that_does_not_beat_its_baselines_is_shown_to_nobody(term: Database, model: Path) -> None:
    assert run(model, "2026-06-20T00:00:00")["written"] == 0
    assert run(model, "2026-02-10T00:00:00")["by_week"] is None  # week 3, and none was trained so early
    assert term.value("SELECT count(*) FROM predictions") == 0


def test_there_is_no_chance_without_its_calibration(term: Database, model: Path) -> None:
    run(model)
    with pytest.raises(psycopg.errors.CheckViolation):
        term.connection.execute("UPDATE predictions SET calibration = '{}'")


def test_what_a_person_sets_aside_is_kept_with_who_and_why(term: Database, model: Path) -> None:
    run(model)
    given = ("risk", "ben", "algebra", "7B", "Ms Lee", "was ill, and I know of it")
    assert term.value("SELECT dismiss_prediction(%s, %s, %s, %s, %s, %s)", *given)
    assert not term.value("SELECT dismiss_prediction('risk', 'ben', 'algebra', '7C', 'Ms Lee', 'not of her class')")
    query = "SELECT student_id, dismissed_by, dismissed_why FROM student_predictions ORDER BY 1"
    assert term.values(query) == [("ann", None, None), ("ben", "Ms Lee", "was ill, and I know of it")]

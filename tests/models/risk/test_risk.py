"""At risk, as known then: nothing later is seen, later presentations are judged by ended ones, reasons are true."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from cli.main import app
from dataflows.errors import UserError
from models.risk.evaluation import ended_before, evaluate, trained
from models.risk.features import FEATURES, week_of
from models.risk.files import as_text, load
from models.risk.oulad import Oulad, read
from models.risk.reasons import changes_of, reasons_of


@pytest.fixture(scope="module")
def oulad(request: pytest.FixtureRequest) -> Oulad:
    folder: Path = request.getfixturevalue("data_dir") / "oulad"
    return read(folder)


def known(data: Oulad, week: int, student: int) -> dict[str, float]:
    found = week_of(data, week)
    [at] = np.flatnonzero((found.rows["id_student"] == student).to_numpy())
    return dict(zip(FEATURES, found.features[at].tolist(), strict=True))


def small(**tables: Any) -> Oulad:
    """Two students of a course of 100 days with assessments on days 20 and 50; `tables` replaces."""
    course = {"code_module": "AAA", "code_presentation": "2013B"}
    person = {"num_of_prev_attempts": 0, "studied_credits": 60, "gender": "F", "age_band": "0-35", "imd_band": None}
    said: dict[str, list[dict[str, Any]]] = {
        "course": [{**course, "module_presentation_length": 100}],
        "student": [
            {"id_student": who, **course, **person, "disability": False, "final_result": result}
            for who, result in ((1, "Pass"), (2, "Fail"))
        ],
        "registration": [
            {"id_student": 1, **course, "date_registration": -30, "date_unregistration": None},
            {"id_student": 2, **course, "date_registration": 10, "date_unregistration": 60},
        ],
        "assessment": [
            {"id_assessment": 7, **course, "assessment_type": "TMA", "date": 20, "weight": 50.0},
            {"id_assessment": 8, **course, "assessment_type": "TMA", "date": 50, "weight": 50.0},
        ],
        "submission": [
            {"id_assessment": 7, "id_student": 1, "date_submitted": 18, "is_banked": 0, "score": 80},
            {"id_assessment": 8, "id_student": 1, "date_submitted": 55, "is_banked": 0, "score": 40},
        ],
    }
    frames = {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in (said | tables).items()}
    return Oulad(**frames)


def test_a_week_knows_what_was_known_then_and_nothing_later() -> None:
    data = small()
    third = known(data, 3, 1)
    assert (third["missed_share"], third["last_score"], third["days_silent"], third["missed_last"]) == (0, 80, 3, 0)
    eighth = known(data, 8, 1)
    assert (eighth["mean_score"], eighth["last_score"], eighth["late_share"]) == (60, 40, 0.5)
    assert known(data, 7, 1)["has_score"] == 1
    assert known(data, 2, 1)["has_score"] == 0  # day 14: handed in on day 18
    other = known(data, 8, 2)
    assert (other["missed_share"], other["missed_last"], other["never_handed_in"]) == (1, 1, 1)
    assert week_of(data, 1).rows["id_student"].to_list() == [1]  # the other registered on day 10
    assert week_of(data, 9).rows["id_student"].to_list() == [1]  # and left on day 60
    assert not len(week_of(data, 15).was)


def test_whatever_comes_later_changes_nothing(oulad: Oulad) -> None:
    week, day = 10, 70
    cut = replace(
        oulad,
        submission=oulad.submission.filter(pl.col("date_submitted") <= day),
        registration=oulad.registration.filter(pl.col("date_registration").fill_null(0) <= day).with_columns(
            date_unregistration=pl.when(pl.col("date_unregistration") <= day).then("date_unregistration")
        ),
    )
    assert np.array_equal(week_of(oulad, week).features, week_of(cut, week).features)


def test_a_presentation_is_judged_by_those_that_had_ended(oulad: Oulad) -> None:
    assert {of for _, of in ended_before(oulad, "2014B")} == {"2013B"}
    assert {of for _, of in ended_before(oulad, "2014J")} == {"2013B", "2013J", "2014B"}


def test_on_real_presentations_it_beats_its_baselines_where_it_is_shown(oulad: Oulad) -> None:
    found = evaluate(oulad, weeks=(1, 20))
    first, later = found["weeks"]
    assert found["shown_weeks"] == [20]
    assert first["n"] == 16_902
    model, last, base = later["model"], later["last_score"], later["base_rate"]
    assert model["roc_auc"] > 0.85 > 0.8 > last["roc_auc"]
    assert model["brier"] < last["brier"] < base["brier"]
    assert later["auc_interval"][0] > 0.86
    assert set(later["groups"]) == {"gender", "age_band", "imd_band", "disability"}
    assert "not shown: week 1" in found["answer"]


def test_a_model_is_a_file_of_its_own_version_and_the_same_data_give_the_same(oulad: Oulad, tmp_path: Path) -> None:
    runner = CliRunner()
    folder, files = tmp_path / "oulad", [tmp_path / "one.json", tmp_path / "two.json"]
    folder.mkdir()
    for name in ("course", "student", "registration", "assessment", "submission"):
        published = {"registration": "studentRegistration", "submission": "studentAssessment", "student": "studentInfo"}
        name_of = published.get(name, f"{name}s")
        getattr(oulad, name).write_csv(folder / f"{name_of}.csv")
    for path in files:
        done = runner.invoke(app, ["predict", "train", "risk", str(folder), "--out", str(path)])
        assert done.exit_code == 0, done.output
    assert files[0].read_bytes() == files[1].read_bytes()
    kept = load(files[0])
    assert kept.version.startswith("risk-")
    assert kept.version in done.output
    assert 20 in kept.weeks and kept.judged[20]["is_shown"] and not kept.judged[1]["is_shown"]
    mended = json.loads(files[0].read_text()) | {"features": ["other"]}
    files[1].write_text(json.dumps(mended))
    with pytest.raises(UserError, match="train it again"):
        load(files[1])


def test_reasons_are_true_of_the_student_and_changes_lower_the_chance(oulad: Oulad) -> None:
    model = trained(oulad, (12,))[12]
    found = week_of(oulad, 12)
    chances = model.chance(found.features)
    for at in np.argsort(-chances)[:200].tolist():
        said = dict(zip(FEATURES, found.features[at].tolist(), strict=True))
        reasons = reasons_of(model, found.features[at])
        assert 1 <= len(reasons) <= 3
        assert ("has no score yet" in reasons) <= (said["has_score"] == 0)
        assert ("has not handed in anything yet" in reasons) <= (said["never_handed_in"] == 1)
        for change in changes_of(model, found.features[at]):
            assert change["chance"] < chances[at]
    best = int(np.argmin(chances))
    assert changes_of(model, found.features[best]) == []
    assert as_text({12: model}, ["AAA2013B"], 1) == as_text({12: model}, ["AAA2013B"], 1)

"""The comparison of forgetting models on classes whose memory is known, and on real logs."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.forgetting.chart import SHOWN, chart
from bench.forgetting.forecasters import as_it_is, constant, fitted_ebbinghaus, moving_average
from bench.forgetting.logs import PRESENTATION, moodle, oulad
from bench.forgetting.quality import Quality, quality
from bench.forgetting.simulated import simulated
from dataflows.scores.forgetting import MODELS


@pytest.mark.parametrize("name", ["ebbinghaus", "fsrs"])
def test_the_model_by_which_a_class_forgets_forecasts_it_best(name: str) -> None:
    given, truth = simulated(MODELS[name], seed=1, pairs=3000)
    held_out = given.held_out(0.3, seed=1)
    training, unseen = given.of(~held_out), given.of(held_out)
    true = quality(truth[held_out], unseen)
    own = quality(as_it_is(MODELS[name]).forecast(unseen), unseen)
    others = [constant(training), moving_average(training), *(as_it_is(m) for n, m in MODELS.items() if n != name)]
    assert own.log_loss == pytest.approx(true.log_loss, abs=1e-9)
    assert own.calibration_error < 0.02
    assert own.log_loss < min(quality(other.forecast(unseen), unseen).log_loss for other in others)


def test_a_fit_finds_the_parameters_by_which_a_class_forgets() -> None:
    given, truth = simulated(MODELS["ebbinghaus"], seed=2, pairs=3000)
    fitted = fitted_ebbinghaus(given)
    assert fitted.fitted["retention_when_due"] == pytest.approx(0.8, abs=0.03)
    assert quality(fitted.forecast(given), given).log_loss <= quality(truth, given).log_loss + 1e-3


def test_the_chart_is_xml_with_a_line_for_each_forecaster_shown() -> None:
    one = Quality(0.5, 0.01, 0.02, 0.7, [(0.55, 0.5, 400), (0.9, 0.95, 900), (0.1, 0.0, 3)])
    root = ElementTree.fromstring(chart(dict.fromkeys(SHOWN, one)))
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}circle")) == 2 * len(SHOWN)  # a bin of three reviews is not drawn


def test_oulads_submissions_are_histories_by_student_and_presentation(data_dir: Path) -> None:
    given = oulad(data_dir, PRESENTATION)
    assert len(given.length) == 22_977
    assert given.length.max() == 14
    assert (given.elapsed_ms[given.forecast] > 0).all()


def test_the_moodle_log_holds_no_scored_attempt(data_dir: Path) -> None:
    found = moodle(data_dir)
    assert found["interactive_attempts_submitted"] == 77
    assert found["interactive_attempts_with_a_user"] == found["grading_events_that_name_a_score"] == 0

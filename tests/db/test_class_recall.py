"""A class's norm of a module is the same whether computed once for many classes, or curve by curve for each."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from tests.db.conftest import Database, ago
from tests.db.memory import curve

MODELS = ("ebbinghaus", "fsrs", "average")

CURVE_BY_CURVE = """
SELECT k.class_id, k.module, k.norm_students, count(*) AS students, avg(p.chance) - k.chance AS above,
       k.norm, avg(p.chance) AS told, k.norm_variance, coalesce(var_samp(p.chance), 0) AS varies
FROM class_recall k
JOIN memory_now c ON c.module = k.module AND c.pass_chance IS NOT NULL
CROSS JOIN LATERAL (
    SELECT pass_chance(retention(c.model, c.stability, c.decay_factor, k.age_days), c.last_score, c.pass_mark,
                       c.intercept, c.slope, c.score) AS chance
) p
WHERE NOT EXISTS (SELECT FROM enrolments e WHERE e.class_id = k.class_id AND e.student_id = c.user_id)
GROUP BY k.class_id, k.module, k.norm_students, k.chance, k.norm, k.norm_variance
"""


@pytest.mark.parametrize("seed", range(4))
def test_a_norm_is_what_everybody_elses_curves_tell_one_by_one(database: Database, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for place in range(12):
        able, days = rng.integers(20, 100), float(rng.choice([0.001, 0.3, 1.5, 2.25, 8, 200])) * rng.uniform(0.9, 1.1)
        for n in range(int(rng.integers(1, 9))):
            student = f"{place}-{n}"
            database.put("enrolments", {"student_id": student, "course_id": "algebra", "class_id": f"class{place}"})
            for module in rng.choice(["m1", "m2"], int(rng.integers(0, 3)), replace=False):
                scores = np.clip(able + rng.integers(-20, 20, int(rng.integers(1, 4))), 0, 100)
                last = ago(days=days * rng.uniform(0.5, 1.5))
                reviews = [(last - timedelta(days=3 * back), float(score)) for back, score in enumerate(scores)][::-1]
                database.put("memory_state", curve(student, reviews, str(module), MODELS[int(rng.integers(3))]))
    found = database.rows(CURVE_BY_CURVE)
    assert {row["norm"] is None for row in found} == {True, False}
    for row in found:
        key = row["class_id"], row["module"]
        assert row["norm_students"] == row["students"], key
        if row["above"] < 0.05:
            assert (row["norm"], row["norm_variance"]) == (None, None), key
        else:
            assert (row["norm"], row["norm_variance"]) == pytest.approx((row["told"], row["varies"]), abs=1e-12), key


def test_of_a_class_that_is_alone_there_is_no_norm(database: Database) -> None:
    database.put("enrolments", {"student_id": "ann", "course_id": "algebra", "class_id": "7B"})
    database.put("memory_state", curve("ann", [(ago(days=5), 10)]))
    query = "SELECT class_id, students, norm_students, norm, norm_variance FROM class_recall"
    assert database.values(query) == [("7B", 1, 0, None, None)]
    database.put("memory_state", curve("bob", [(ago(days=1), 100)]))
    ((_class, _students, others, norm, variance),) = database.values(query)
    assert (others, norm > 0.5, variance) == (1, True, 0)

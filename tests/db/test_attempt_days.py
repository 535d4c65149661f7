"""`attempts_by_day` adds up to what the attempts say, however they were written, corrected or taken back."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from tests.db.conftest import NOW, Database, ago

PASSED = """
SELECT coalesce(sum(attempts), 0), coalesce(sum(score_sum), 0), coalesce(sum(above_mark + CASE ceil(pass_mark / 10)
    WHEN 0 THEN s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 WHEN 7 THEN s7 + s8 + s9 WHEN 8 THEN s8 + s9
    WHEN 9 THEN s9 ELSE 0 END), 0)
FROM attempts_by_day
"""
ONE_BY_ONE = """
SELECT count(*), coalesce(sum(round(score * 10000)::bigint), 0), count(*) FILTER (WHERE passed)
FROM student_attempts
"""
BY_KEY = """
SELECT day, class_id, course, module, quiz_type, sum(attempts), sum(s0), sum(s7), sum(s9) FROM attempts_by_day
GROUP BY 1, 2, 3, 4, 5 HAVING sum(attempts) > 0 ORDER BY 1, 2, 3, 4, 5
"""
BY_KEY_ONE_BY_ONE = """
SELECT local_day(attempted_at), class_id, course, module, quiz_type, count(*), count(*) FILTER (WHERE score < 10),
       count(*) FILTER (WHERE score >= 70 AND score < 80), count(*) FILTER (WHERE score >= 90)
FROM student_attempts GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""
WRITE = """
INSERT INTO quiz_attempts (attempted_at, event_id, user_id, class_id, course, module, quiz_type, score)
VALUES (%(at)s, %(id)s, %(user)s, %(class)s, %(course)s, %(module)s, %(kind)s, %(score)s)
ON CONFLICT (attempted_at, event_id) DO UPDATE SET score = excluded.score, class_id = excluded.class_id
"""


def an_attempt(rng: random.Random) -> dict[str, Any]:
    number = rng.randrange(60)
    return {
        "at": ago(minutes=number * 47) + timedelta(days=number % 2),
        "id": str(number),
        "user": rng.choice(["ann", "ben", "cem", "tom"]),
        "class": rng.choice(["7A", "7B", None]),
        "course": rng.choice(["math", None]),
        "module": rng.choice(["plain", "odd", "full", "free", None]),
        "kind": rng.choice(["module", "diagnostic"]),
        "score": rng.choice([0, 9.99, 10, 69.9, 70, 72.5, 74.9, 75, 79.99, 89, 90, 99.5, 100]),
    }


def test_days_of_attempts_are_what_the_attempts_say(database: Database) -> None:
    rng = random.Random(5)
    database.watermark(NOW + timedelta(days=2))
    database.put("class_staff", {"class_id": "7A", "staff_id": "tom"})
    marks = {"plain": 80, "odd": 72.5, "full": 100, "free": 0}
    database.put(
        "content_items",
        *({"course_id": "math", "item_id": item, "kind": "module", "pass_mark": mark} for item, mark in marks.items()),
    )
    for round_ in range(4):
        for _ in range(30):
            database.connection.execute(WRITE, an_attempt(rng))
        database.connection.execute("DELETE FROM quiz_attempts WHERE event_id = %s", (str(rng.randrange(60)),))
        assert database.values(PASSED) == database.values(ONE_BY_ONE), round_
        assert database.values(BY_KEY) == database.values(BY_KEY_ONE_BY_ONE), round_
    assert database.values(ONE_BY_ONE)[0][0] > 20
    database.connection.execute("UPDATE content_items SET pass_mark = 75 WHERE item_id = 'plain'")
    assert database.values(PASSED) == database.values(ONE_BY_ONE)
    database.connection.execute("DELETE FROM quiz_attempts")
    assert database.values("SELECT DISTINCT attempts, score_sum, s0, s9 FROM attempt_days") == [(0, 0, 0, 0)]

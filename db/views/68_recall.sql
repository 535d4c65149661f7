-- What boards show of quizzes and forgetting of all classes. Building blocks, as in 71: a job computes the views *_live into tables on
-- TimescaleDB (r0012), on plain PostgreSQL they are asked as they are.
CREATE OR REPLACE VIEW cohort_forgetting_live AS SELECT * FROM forgetting_by_cohort;
CREATE OR REPLACE VIEW cohort_gaps_live AS SELECT * FROM knowledge_gaps_by_cohort;
CREATE OR REPLACE VIEW class_failures_live AS SELECT * FROM quiz_failure;
CREATE OR REPLACE VIEW module_days_live AS SELECT *, (SELECT classpulse_now()) AS as_of FROM module_performance;

-- A curve is due from its review's interval on and long overdue from twice that on, until the next review: each is a step up and
-- a step down on its day, so that the sums up to a day are the state at its end.
CREATE OR REPLACE VIEW curve_days_live AS
WITH reviews AS (
    SELECT reviewed_at, module,
           reviewed_at + interval_days * interval '1 day'   AS due_at,
           reviewed_at + interval_days * interval '2 days'  AS high_at,
           lead(reviewed_at, 1, 'infinity') OVER (PARTITION BY user_id, module ORDER BY reviewed_at, event_id) AS next_at,
           row_number() OVER (PARTITION BY user_id, module ORDER BY reviewed_at, event_id)                     AS number
    FROM memory_history
    WHERE counted
      AND user_id IN (SELECT student_id FROM enrolled_students UNION SELECT student_id FROM known_students)
)
SELECT s.day, r.module, sum(s.curves)::bigint AS curves, sum(s.due)::bigint AS due, sum(s.high)::bigint AS high,
       (SELECT classpulse_now()) AS as_of
FROM reviews r
CROSS JOIN LATERAL (
    VALUES (CASE WHEN number = 1 THEN local_day(reviewed_at) END, 1, 0, 0),
           (CASE WHEN due_at < next_at THEN local_day(due_at) END, 0, 1, 0),
           (CASE WHEN due_at < next_at AND next_at < 'infinity' THEN local_day(next_at) END, 0, -1, 0),
           (CASE WHEN high_at < next_at THEN local_day(high_at) END, 0, 0, 1),
           (CASE WHEN high_at < next_at AND next_at < 'infinity' THEN local_day(next_at) END, 0, 0, -1)
) AS s (day, curves, due, high)
WHERE s.day IS NOT NULL
GROUP BY s.day, r.module;

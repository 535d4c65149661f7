-- What boards show of quizzes and forgetting of all classes. Building blocks, as in 71: a job computes the views *_live into tables on
-- TimescaleDB (r0012), on plain PostgreSQL they are asked as they are.
CREATE OR REPLACE VIEW cohort_forgetting_live AS SELECT * FROM forgetting_by_cohort;
CREATE OR REPLACE VIEW cohort_gaps_live AS SELECT * FROM knowledge_gaps_by_cohort;
CREATE OR REPLACE VIEW class_failures_live AS SELECT * FROM quiz_failure;
CREATE OR REPLACE VIEW module_days_live AS SELECT *, (SELECT classpulse_now()) AS as_of FROM module_performance;

CREATE OR REPLACE VIEW all_students AS
SELECT student_id FROM enrolled_students UNION SELECT student_id FROM known_students;

-- A curve is due from its review's interval on and long overdue from twice that on, until the next review: each is a step up and
-- a step down on its day, so that the sums up to a day are the state at its end.
CREATE OR REPLACE VIEW curve_days_live AS
WITH reviews AS (
    SELECT reviewed_at, module,
           reviewed_at + interval_days * interval '1 day'   AS due_at,
           reviewed_at + interval_days * interval '2 days'  AS high_at,
           lead(reviewed_at, 1, 'infinity') OVER (PARTITION BY user_id, module ORDER BY reviewed_at) AS next_at,
           row_number() OVER (PARTITION BY user_id, module ORDER BY reviewed_at)                     AS number
    FROM memory_history
    WHERE counted
      AND user_id IN (SELECT student_id FROM all_students)
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

CREATE OR REPLACE VIEW curve_totals_live AS
SELECT count(DISTINCT user_id)                                            AS students,
       count(*)                                                           AS curves,
       count(DISTINCT module)                                             AS modules,
       four_decimals(percentile_cont(0.5) WITHIN GROUP (ORDER BY retention)) AS median_retention,
       count(*) FILTER (WHERE urgency <> 'low')                           AS due,
       count(*) FILTER (WHERE urgency = 'high')                           AS high,
       (SELECT classpulse_now())                                          AS as_of,
       four_decimals(avg(pass_chance))                                    AS pass_chance
FROM memory_now
WHERE user_id IN (SELECT student_id FROM all_students);

-- The 300 of each module that are remembered least, and the 300 that fall due next: more than a board lists.
CREATE OR REPLACE VIEW first_due_live AS
SELECT user_id, module, urgency_level, scheduled_at, retention, (SELECT classpulse_now()) AS as_of, pass_chance
FROM (
    SELECT s.user_id, s.module_id AS module, s.urgency_level, s.scheduled_at, m.retention, m.pass_chance,
           rank() OVER (PARTITION BY s.module_id ORDER BY m.pass_chance, s.scheduled_at) AS place
    FROM revision_signals s
    LEFT JOIN memory_scores m ON m.user_id = s.user_id AND m.module = s.module_id
    WHERE s.reviewed_at IS NULL AND s.user_id IN (SELECT student_id FROM all_students)
) r
WHERE place <= 300;

CREATE OR REPLACE VIEW first_coming_live AS
SELECT user_id, module, next_review_at, retention, last_score, as_of, pass_chance
FROM (
    SELECT user_id, module, next_review_at, retention, last_score, as_of, pass_chance,
           rank() OVER (PARTITION BY module ORDER BY next_review_at) AS place
    FROM memory_scores
    WHERE next_review_at > as_of AND user_id IN (SELECT student_id FROM all_students)
) r
WHERE place <= 300;

-- Classes side by side, all at once. Building blocks, as in 71: a job computes the views *_live into tables on TimescaleDB (r0020), on
-- plain PostgreSQL they are asked as they are.

-- What members of a class did that counts there: what names one of their classes in that one, what names none of them in each.
CREATE OR REPLACE VIEW class_member_days WITH (security_barrier) AS
SELECT m.class_id, m.student_id, d.day,
       -- a minute in which some of it named the class and some named none is one minute
       least(sum(coalesce(c.minutes_active, d.minutes_active)), max(d.minutes_active))::bigint AS minutes_active,
       sum(coalesce(c.interactions, d.interactions))::bigint AS interactions
FROM class_enrolled m
JOIN student_days d ON d.student_id = m.student_id
LEFT JOIN student_day_classes c ON c.day = d.day AND c.student_id = d.student_id
WHERE m.class_id IS NOT NULL
  AND (m.is_only OR m.class_id = ANY (fact_classes(CASE WHEN c.student_id IS NULL THEN d.class_id ELSE nullif(c.class_id, '') END,
                                                   ARRAY(SELECT o.class_id FROM class_enrolled o WHERE o.student_id = m.student_id))))
GROUP BY m.class_id, m.student_id, d.day;
COMMENT ON VIEW class_member_days IS 'A row is a student x class in which they are enrolled x local day: what counts in that class.';

CREATE OR REPLACE VIEW class_attempts WITH (security_barrier) AS
SELECT m.class_id, a.user_id AS student_id, a.attempted_at, a.event_id, a.course, a.module, a.quiz_type, a.score, a.pass_mark, a.passed
FROM class_enrolled m
JOIN marked_attempts a ON a.user_id = m.student_id
WHERE m.class_id IS NOT NULL
  AND (m.is_only OR m.class_id = ANY (fact_classes(a.class_id, ARRAY(SELECT o.class_id FROM class_enrolled o WHERE o.student_id = m.student_id))));
COMMENT ON VIEW class_attempts IS 'A row is a quiz attempt x class of the student in which it counts.';
COMMENT ON COLUMN class_attempts.class_id IS 'Class of the student in which the attempt counts.';

-- Who chooses some courses counts those who take any of them, each once.
CREATE OR REPLACE VIEW courses_taken AS
SELECT student_id, array_agg(DISTINCT course_id ORDER BY course_id) AS courses FROM enrolled_courses GROUP BY student_id;

-- Days of those who are enrolled in a class now, as they count there, by the courses they take. Who was active is counted under the day
-- on which they were active before: within any span, each student has one day whose previous one lies before the span, so that adding
-- up counts heads.
CREATE OR REPLACE VIEW class_days_live AS
SELECT d.class_id, d.day, d.previous_day, sum(d.students)::bigint AS students, sum(d.minutes_active)::bigint AS minutes_active,
       sum(d.attempts)::bigint AS attempts, sum(d.score_sum)::bigint AS score_sum, (SELECT classpulse_now()) AS as_of,
       coalesce(c.courses, '{}') AS courses
FROM (
    SELECT class_id, student_id, day, lag(day) OVER (PARTITION BY class_id, student_id ORDER BY day) AS previous_day, 1 AS students,
           minutes_active, 0::bigint AS attempts, 0::bigint AS score_sum
    FROM class_member_days
    WHERE minutes_active > 0
    UNION ALL
    SELECT class_id, student_id, local_day(attempted_at), NULL, 0, 0, count(*), sum(round(score * 10000)::bigint)::bigint
    FROM class_attempts
    GROUP BY 1, 2, 3
) d
LEFT JOIN courses_taken c ON c.student_id = d.student_id
GROUP BY d.class_id, c.courses, d.day, d.previous_day;

-- The attempts among them, by the course that they name.
CREATE OR REPLACE VIEW class_course_days_live AS
SELECT d.class_id, coalesce(c.courses, '{}') AS courses, d.course, d.day, sum(d.attempts)::bigint AS attempts,
       sum(d.score_sum)::bigint AS score_sum, (SELECT classpulse_now()) AS as_of
FROM (
    SELECT class_id, student_id, course, local_day(attempted_at) AS day, count(*) AS attempts,
           sum(round(score * 10000)::bigint)::bigint AS score_sum
    FROM class_attempts
    WHERE course IS NOT NULL
    GROUP BY 1, 2, 3, 4
) d
LEFT JOIN courses_taken c ON c.student_id = d.student_id
GROUP BY d.class_id, c.courses, d.course, d.day;

-- Over all enrolled: who never came has finished nothing; null where the class has no course whose items are known.
CREATE OR REPLACE VIEW class_totals_live AS
SELECT m.class_id,
       count(*)                                                       AS enrolled,
       CASE WHEN count(c.pct) > 0 THEN four_decimals(percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(c.pct, 0))) END AS median_finished,
       count(*) FILTER (WHERE r.score >= classpulse_risk_enters())    AS at_risk,
       (SELECT classpulse_now())                                      AS as_of
FROM class_members m
LEFT JOIN (SELECT student_id, avg(100 * completion) AS pct FROM student_courses GROUP BY student_id) c USING (student_id)
LEFT JOIN (SELECT student_id, max(score) AS score FROM student_risk GROUP BY student_id) r USING (student_id)
GROUP BY m.class_id;

CREATE OR REPLACE VIEW score_days_live AS
SELECT d.day, d.course, d.quiz_type, b.from_score::bigint AS from_score, sum(b.n)::bigint AS attempts,
       sum(CASE WHEN b.from_score >= d.pass_mark THEN b.n WHEN b.from_score = 10 * least(9, floor(d.pass_mark / 10)) THEN d.above_mark ELSE 0 END)::bigint AS passed,
       (SELECT classpulse_now()) AS as_of
FROM attempts_by_day d
CROSS JOIN LATERAL (VALUES (0, s0), (10, s1), (20, s2), (30, s3), (40, s4), (50, s5), (60, s6), (70, s7), (80, s8), (90, s9))
    AS b (from_score, n)
GROUP BY d.day, d.course, d.quiz_type, b.from_score
HAVING sum(b.n) <> 0;

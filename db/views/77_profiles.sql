-- A student over all courses and all time. Building blocks first.

-- Weeks (Mondays) that count for consistency: from the start of the latest term or from the student's enrolment, whichever is later, to
-- now, those of terms where they are known. Who is on no roster counts from the first day on. The running week counts once it has its
-- two days.
CREATE OR REPLACE VIEW student_consistency AS
WITH active AS (SELECT student_id, day FROM student_days WHERE interactions > 0),
     term AS (SELECT max(starts) AS starts FROM terms WHERE starts <= local_day((SELECT classpulse_now()))),
     members AS (
         SELECT student_id,
                greatest((SELECT starts FROM term),
                         CASE WHEN bool_or(is_enrolled) AND EXISTS (SELECT FROM terms) THEN min(enrolled)
                              ELSE coalesce(min(enrolled), least(min(first_day), min(placed))) END) AS since
         FROM (
             SELECT student_id, true AS is_enrolled, local_day(enrolled_at) AS enrolled, local_day(class_at) AS placed,
                    NULL::date AS first_day
             FROM student_enrolments
             UNION ALL SELECT student_id, false, NULL, NULL, min(day) FROM active GROUP BY student_id
         ) m
         GROUP BY student_id
     )
SELECT s.student_id,
       count(*) FILTER (WHERE w.days >= 2) / nullif(count(*) FILTER (WHERE w.days >= 2 OR c.monday < t.monday), 0)::double precision AS score
FROM (SELECT date_trunc('week', local_day(classpulse_now())::timestamp)::date AS monday OFFSET 0) t
CROSS JOIN members s
CROSS JOIN LATERAL (
    SELECT m::date AS monday FROM generate_series(date_trunc('week', s.since::timestamp), t.monday::timestamp, interval '7 days') m
    WHERE NOT EXISTS (SELECT FROM terms)
       OR EXISTS (SELECT FROM terms r WHERE r.starts < m::date + 7 AND r.ends >= m::date)
) c
LEFT JOIN (
    SELECT a.student_id, date_trunc('week', a.day::timestamp)::date AS monday, count(*) AS days
    FROM active a
    JOIN members m ON m.student_id = a.student_id AND a.day >= m.since
    WHERE NOT EXISTS (SELECT FROM terms) OR EXISTS (SELECT FROM terms r WHERE a.day BETWEEN r.starts AND r.ends)
    GROUP BY 1, 2
) w ON w.student_id = s.student_id AND w.monday = c.monday
GROUP BY s.student_id;

CREATE OR REPLACE VIEW student_preferences AS
SELECT h.student_id, h.hour AS preferred_hour, d.weekday AS preferred_day
FROM (
    SELECT DISTINCT ON (student_id) student_id, hour
    FROM (
        SELECT student_id, extract(hour FROM session_start AT TIME ZONE classpulse_timezone())::integer AS hour, count(*) AS sessions
        FROM sessions GROUP BY 1, 2
    ) n
    ORDER BY student_id, sessions DESC, hour
) h
LEFT JOIN (
    SELECT DISTINCT ON (student_id) student_id, trim(to_char(date '2000-01-03' + (isodow - 1), 'Day')) AS weekday
    FROM (
        SELECT student_id, extract(isodow FROM day)::integer AS isodow, sum(minutes_active) AS minutes
        FROM student_days WHERE interactions > 0 GROUP BY 1, 2
    ) n
    ORDER BY student_id, minutes DESC, isodow
) d ON d.student_id = h.student_id;

CREATE OR REPLACE VIEW student_risk WITH (security_barrier) AS
SELECT student_id, course_id, class_id, never_started, away, behind, failing, overdue_items, score, reasons, last_activity_at, as_of
FROM risk_rows;
COMMENT ON VIEW student_risk IS 'A row is a student x course in which they are enrolled.';
COMMENT ON COLUMN student_risk.never_started IS 'Not begun by day 7.';
COMMENT ON COLUMN student_risk.away IS 'No interaction for 7 study days.';
COMMENT ON COLUMN student_risk.behind IS 'Completion below the class''s 20th percentile.';
COMMENT ON COLUMN student_risk.failing IS 'Last two scores below the pass mark.';
COMMENT ON COLUMN student_risk.overdue_items IS 'Items whose due date was missed.';
COMMENT ON COLUMN student_risk.score IS 'Weights of the reasons added up, 0-1.6; null before day 14.';

CREATE OR REPLACE VIEW student_analytics_profiles WITH (security_barrier) AS
SELECT s.student_id,
       e.first_enrollment_at,
       coalesce(e.total_enrollments, 0)                        AS total_enrollments,
       coalesce(e.active_enrollments, 0)                       AS active_enrollments,
       coalesce(m.completed_courses, 0)                        AS completed_courses,
       coalesce(e.dropped_courses, 0)                          AS dropped_courses,
       four_decimals(coalesce(t.time_ms, 0) / 3600000.0::double precision)                     AS total_time_spent_hours,
       four_decimals(coalesce(t.time_ms, 0) / (nullif(d.active_days, 0) * 60000.0::double precision)) AS avg_daily_minutes,
       p.preferred_hour,
       p.preferred_day,
       four_decimals(m.completion_days)                        AS avg_course_completion_days,
       four_decimals(c.score)                                  AS learning_consistency_score,
       four_decimals(q.score_sum / (q.attempts * 10000.0::double precision)) AS overall_avg_score,
       four_decimals(100 * q.passed / q.attempts::double precision) AS quiz_accuracy,
       r.score                                                 AS at_risk_score,
       s.last_activity_at,
       floor(date_part('epoch', k.now - s.last_activity_at) / 86400)::bigint AS days_since_active,
       k.now                                                   AS updated_at
FROM (SELECT classpulse_now() AS now OFFSET 0) k
CROSS JOIN (
    SELECT student_id, max(at) AS last_activity_at
    FROM (
        SELECT student_id, last_interaction_at AS at FROM student_state WHERE coalesce(role, 'student') = 'student'
        UNION ALL SELECT student_id, NULL FROM enrolments WHERE role = 'student'
        UNION ALL SELECT student_id, max(session_end) FROM sessions GROUP BY student_id
        UNION ALL SELECT user_id, max(attempted_at) FROM quiz_attempts GROUP BY user_id
        UNION ALL SELECT student_id, max(end_time) FROM chapter_visit_facts GROUP BY student_id
    ) seen
    GROUP BY student_id
) s
LEFT JOIN (
    SELECT n.student_id, min(n.enrolled_at) AS first_enrollment_at, count(*) AS total_enrollments,
           count(*) FILTER (WHERE n.is_active AND NOT n.is_completed) AS active_enrollments,
           count(*) FILTER (WHERE n.has_left AND NOT n.is_completed)  AS dropped_courses
    FROM (
        SELECT r.student_id, r.enrolled_at, r.has_left, r.has_come AND NOT r.has_left AS is_active,
               EXISTS (SELECT FROM milestones o WHERE o.student_id = r.student_id AND o.course_id = r.course_id
                         AND o.kind = 'course_complete') AS is_completed
        FROM student_enrolments r
        WHERE r.course_id <> '*'
    ) n
    GROUP BY n.student_id
) e ON e.student_id = s.student_id
LEFT JOIN (
    SELECT o.student_id, count(*) AS completed_courses,
           avg(round(date_part('epoch', o.completed_at - r.enrolled_at) * 1000)::bigint)::double precision / 86400000 AS completion_days
    FROM (
        SELECT student_id, course_id, min(event_time) AS completed_at FROM milestones WHERE kind = 'course_complete'
        GROUP BY student_id, course_id
    ) o
    LEFT JOIN enrolments r ON r.student_id = o.student_id AND r.course_id = o.course_id AND r.enrolled_at <= o.completed_at
    GROUP BY o.student_id
) m ON m.student_id = s.student_id
LEFT JOIN (SELECT student_id, sum(time_ms)::bigint AS time_ms FROM student_chapters GROUP BY student_id) t ON t.student_id = s.student_id
LEFT JOIN (
    SELECT student_id, count(*) AS active_days FROM student_days WHERE interactions > 0 GROUP BY student_id
) d ON d.student_id = s.student_id
LEFT JOIN student_preferences p ON p.student_id = s.student_id
LEFT JOIN student_consistency c ON c.student_id = s.student_id
LEFT JOIN (
    SELECT user_id, count(*) AS attempts, sum(round(10000 * score)::bigint)::bigint AS score_sum, count(*) FILTER (WHERE passed) AS passed
    FROM student_attempts WHERE quiz_type <> 'diagnostic' GROUP BY user_id
) q ON q.user_id = s.student_id
LEFT JOIN (SELECT student_id, max(score) AS score FROM student_risk GROUP BY student_id) r ON r.student_id = s.student_id
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = s.student_id);
COMMENT ON VIEW student_analytics_profiles IS 'A row is a student, enrolled or seen.';
COMMENT ON COLUMN student_analytics_profiles.first_enrollment_at IS 'First enrolment ever.';
COMMENT ON COLUMN student_analytics_profiles.total_enrollments IS 'Courses, left or not.';
COMMENT ON COLUMN student_analytics_profiles.active_enrollments IS 'Neither left nor completed.';
COMMENT ON COLUMN student_analytics_profiles.completed_courses IS 'With course_complete.';
COMMENT ON COLUMN student_analytics_profiles.dropped_courses IS 'Left without completing.';
COMMENT ON COLUMN student_analytics_profiles.total_time_spent_hours IS 'Hours.';
COMMENT ON COLUMN student_analytics_profiles.avg_daily_minutes IS 'Minutes on an active day.';
COMMENT ON COLUMN student_analytics_profiles.preferred_hour IS 'Local hour in which most sessions begin.';
COMMENT ON COLUMN student_analytics_profiles.preferred_day IS 'Weekday with most active minutes.';
COMMENT ON COLUMN student_analytics_profiles.avg_course_completion_days IS 'Days from enrolment to completion.';
COMMENT ON COLUMN student_analytics_profiles.learning_consistency_score IS 'Study weeks with two active days of all study weeks, 0-1.';
COMMENT ON COLUMN student_analytics_profiles.overall_avg_score IS 'Mean score without diagnostics, 0-100.';
COMMENT ON COLUMN student_analytics_profiles.quiz_accuracy IS 'Attempts that passed, without diagnostics, 0-100.';
COMMENT ON COLUMN student_analytics_profiles.at_risk_score IS 'The highest of the courses.';
COMMENT ON COLUMN student_analytics_profiles.days_since_active IS 'Whole days.';
COMMENT ON COLUMN student_analytics_profiles.updated_at IS 'As of now.';

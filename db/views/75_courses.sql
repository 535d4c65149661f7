-- Courses by student and day, and the daily streak. Building blocks first.

-- Monday to Friday up to a day: the difference of two says how many lie between.
CREATE OR REPLACE FUNCTION weekdays_until(day date) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((day - date '2000-01-03') / 7) * 5 + least((day - date '2000-01-03') % 7 + 1, 5); -- from a Monday on

-- Consecutive days with an interaction, on each of them; empty Saturdays and Sundays are skipped.
CREATE OR REPLACE VIEW student_streaks AS
SELECT student_id, day, row_number() OVER (PARTITION BY student_id, island ORDER BY day) AS streak_days
FROM (
    SELECT student_id, day, count(*) FILTER (WHERE is_new) OVER (PARTITION BY student_id ORDER BY day) AS island
    FROM (
        SELECT student_id, day,
               coalesce(weekdays_until(day - 1) - weekdays_until(lag(day) OVER (PARTITION BY student_id ORDER BY day)) > 0, true)
                   AS is_new
        FROM student_days
        WHERE interactions > 0
    ) d
) i;

-- What each fact adds to a student's day in a course; one column each, so that a day is their sum.
CREATE OR REPLACE VIEW student_course_facts AS
SELECT f.student_id, f.course_id, local_day(f.start_time) AS day, f.start_time AS at, f.end_time AS last_at,
       round(1000 * counted_seconds(f.source, f.time_spent_seconds, i.expected_seconds))::bigint AS time_ms,
       0::bigint AS video_ms, 0::bigint AS quiz_ms, NULL::text AS video_id, NULL::bigint AS watch_pct, NULL::text AS started,
       NULL::text AS completed, NULL::bigint AS score, NULL::boolean AS passed, 0 AS assignments, 0 AS finished
FROM chapter_visit_facts f
LEFT JOIN content_items i ON i.course_id = f.course_id AND i.item_id = f.chapter_id
WHERE f.course_id IS NOT NULL
UNION ALL
SELECT student_id, course_id, local_day(start_time), start_time, start_time, 0,
       round(1000 * watched_seconds / coalesce(nullif(avg_playback_rate, 0), 1))::bigint, 0, video_id, round(10000 * watch_pct)::bigint,
       NULL, NULL, NULL, NULL, 0, 0
FROM video_views
WHERE course_id IS NOT NULL
UNION ALL
SELECT user_id, course, local_day(attempted_at), attempted_at, attempted_at, 0, 0, coalesce(round(1000 * time_taken_seconds), 0)::bigint,
       NULL, NULL, NULL, NULL, round(10000 * score)::bigint, passed, 0, 0
FROM student_attempts
WHERE course IS NOT NULL
UNION ALL
SELECT student_id, course_id, local_day(event_time), event_time, event_time, 0, 0, 0, NULL, NULL,
       CASE WHEN kind = 'lesson_start' THEN coalesce(item_id, chapter_id) END,
       CASE WHEN kind = 'lesson_complete' THEN coalesce(item_id, chapter_id) END,
       NULL, NULL, (kind = 'assignment_submit')::integer, 0
FROM milestones
WHERE course_id IS NOT NULL AND kind NOT IN ('course_enroll', 'course_unenroll', 'course_complete')
UNION ALL
SELECT t.student_id, t.course_id, local_day(min(t.at)), min(t.at), min(t.at), 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, 0, 1
FROM course_touches t
JOIN content_items i ON i.course_id = t.course_id AND i.item_id = t.item_id AND NOT is_course_itself(i.course_id, i.item_id, i.kind)
WHERE t.finished
GROUP BY t.student_id, t.course_id, t.item_id;

-- Sessions in which something of the course happened.
CREATE OR REPLACE VIEW student_course_sessions AS
SELECT student_id, course_id, day, count(*) AS sessions, count(duration_ms) AS closed_sessions, sum(duration_ms)::bigint AS duration_ms
FROM (
    SELECT DISTINCT f.student_id, f.course_id, local_day(s.session_start) AS day, s.session_start,
           CASE WHEN NOT s.is_open THEN round(1000 * s.duration_seconds)::bigint END AS duration_ms
    FROM student_course_facts f
    JOIN sessions s ON s.student_id = f.student_id AND f.at BETWEEN s.session_start AND s.session_end
) t
GROUP BY student_id, course_id, day;

-- Counts and times are of the day; completion, last activity and streak are as of its end.
CREATE OR REPLACE VIEW student_course_metrics WITH (security_barrier) AS
SELECT d.student_id,
       d.course_id,
       d.day                                                   AS metric_date,
       CASE WHEN c.completed_day <= d.day THEN 100
            ELSE four_decimals(100 * d.finished_items / l.items::double precision) END AS completion_pct,
       d.lessons_completed,
       d.lessons_started,
       coalesce(l.items, 0)                                    AS total_lessons,
       greatest(d.time_ms, d.video_ms + d.quiz_ms) / 1000.0::double precision                 AS time_spent_total,
       d.video_ms / 1000.0::double precision                   AS time_spent_video,
       greatest(d.time_ms - d.video_ms - d.quiz_ms, 0) / 1000.0::double precision             AS time_spent_reading,
       d.quiz_ms / 1000.0::double precision                    AS time_spent_quiz,
       coalesce(s.sessions, 0)                                 AS sessions_count,
       four_decimals(s.duration_ms / (nullif(s.closed_sessions, 0) * 1000.0::double precision)) AS avg_session_duration,
       d.videos_watched,
       four_decimals(d.watch_sum / (d.watch_count * 10000.0::double precision))               AS video_watch_pct_avg,
       d.quizzes_attempted,
       d.quizzes_passed,
       four_decimals(d.score_sum / (d.quizzes_attempted * 10000.0::double precision))         AS quiz_avg_score,
       d.assignments_submitted,
       d.last_activity_at,
       coalesce(k.streak_days, 0)                              AS streak_days
FROM (
    SELECT student_id, course_id, day,
           sum(time_ms)::bigint AS time_ms, sum(video_ms)::bigint AS video_ms, sum(quiz_ms)::bigint AS quiz_ms,
           count(DISTINCT video_id) AS videos_watched, sum(watch_pct)::bigint AS watch_sum, nullif(count(watch_pct), 0) AS watch_count,
           count(DISTINCT started) AS lessons_started, count(DISTINCT completed) AS lessons_completed,
           count(score) AS quizzes_attempted, count(*) FILTER (WHERE passed) AS quizzes_passed,
           sum(score)::bigint AS score_sum, sum(assignments)::bigint AS assignments_submitted, max(last_at) AS last_activity_at,
           sum(sum(finished)) OVER (PARTITION BY student_id, course_id ORDER BY day)::bigint AS finished_items
    FROM student_course_facts
    GROUP BY student_id, course_id, day
) d
LEFT JOIN (SELECT course_id, count(*) AS items FROM content_items WHERE NOT is_course_itself(course_id, item_id, kind) GROUP BY course_id) l ON l.course_id = d.course_id
LEFT JOIN student_course_sessions s ON s.student_id = d.student_id AND s.course_id = d.course_id AND s.day = d.day
LEFT JOIN student_streaks k ON k.student_id = d.student_id AND k.day = d.day
LEFT JOIN (
    SELECT student_id, course_id, min(local_day(event_time)) AS completed_day FROM milestones WHERE kind = 'course_complete'
    GROUP BY student_id, course_id
) c ON c.student_id = d.student_id AND c.course_id = d.course_id
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = d.student_id);
COMMENT ON VIEW student_course_metrics IS 'A row is a student x course x local day.';
COMMENT ON COLUMN student_course_metrics.metric_date IS 'Local day.';
COMMENT ON COLUMN student_course_metrics.completion_pct IS 'Finished items of all at the day''s end, 0-100.';
COMMENT ON COLUMN student_course_metrics.lessons_completed IS 'On this day.';
COMMENT ON COLUMN student_course_metrics.lessons_started IS 'On this day.';
COMMENT ON COLUMN student_course_metrics.total_lessons IS 'Items of the course.';
COMMENT ON COLUMN student_course_metrics.time_spent_total IS 'Seconds.';
COMMENT ON COLUMN student_course_metrics.time_spent_video IS 'Seconds.';
COMMENT ON COLUMN student_course_metrics.time_spent_reading IS 'Seconds: the total without videos and quizzes.';
COMMENT ON COLUMN student_course_metrics.time_spent_quiz IS 'Seconds.';
COMMENT ON COLUMN student_course_metrics.sessions_count IS 'Sessions in which something of the course happened.';
COMMENT ON COLUMN student_course_metrics.videos_watched IS 'Different videos.';
COMMENT ON COLUMN student_course_metrics.video_watch_pct_avg IS 'Mean share of a video that was seen, 0-100.';
COMMENT ON COLUMN student_course_metrics.quizzes_attempted IS 'Attempts.';
COMMENT ON COLUMN student_course_metrics.quizzes_passed IS 'Attempts that passed.';
COMMENT ON COLUMN student_course_metrics.quiz_avg_score IS '0-100.';
COMMENT ON COLUMN student_course_metrics.assignments_submitted IS 'Hand-ins.';
COMMENT ON COLUMN student_course_metrics.streak_days IS 'Consecutive days with an interaction; empty Saturdays and Sundays are skipped.';

CREATE OR REPLACE VIEW student_course_completion WITH (security_barrier) AS
SELECT student_id, course_id, finished_items, items AS total_items, four_decimals(100 * completion) AS completion_pct, completed_at,
       last_activity_at
FROM student_courses;
COMMENT ON VIEW student_course_completion IS 'A row is a student x course, as of now; who is enrolled and never came is a row too.';
COMMENT ON COLUMN student_course_completion.finished_items IS 'Items finished.';
COMMENT ON COLUMN student_course_completion.total_items IS 'Items of the course.';
COMMENT ON COLUMN student_course_completion.completed_at IS 'When the course was completed.';

-- Enrolments and revenue by day and course; money in the currency of the events.
CREATE OR REPLACE VIEW enrolment_revenue WITH (security_barrier) AS
SELECT local_day(event_time) AS day,
       course_id,
       count(*) FILTER (WHERE kind = 'course_enroll')   AS enrolments,
       count(*) FILTER (WHERE kind = 'course_unenroll') AS unenrolments,
       count(*) FILTER (WHERE kind = 'course_complete') AS completions,
       count(*) FILTER (WHERE kind = 'course_enroll' AND price > 0) AS paid_enrolments,
       coalesce(sum(round(100 * price)::bigint) FILTER (WHERE kind = 'course_enroll'), 0) / 100.0::double precision AS revenue
FROM milestones m
WHERE kind IN ('course_enroll', 'course_unenroll', 'course_complete')
  AND NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = m.student_id)
GROUP BY 1, 2;
COMMENT ON VIEW enrolment_revenue IS 'A row is a local day x course with enrolments, leavings or completions.';
COMMENT ON COLUMN enrolment_revenue.enrolments IS 'Enrolled on this day.';
COMMENT ON COLUMN enrolment_revenue.unenrolments IS 'Left on this day.';
COMMENT ON COLUMN enrolment_revenue.completions IS 'Courses completed on this day.';
COMMENT ON COLUMN enrolment_revenue.paid_enrolments IS 'With a price above 0.';
COMMENT ON COLUMN enrolment_revenue.revenue IS 'Prices added up, in the events'' currency.';

-- What is counted over all time and all students: distinct students, medians, cohorts. Building blocks: no reader is granted them.
-- On TimescaleDB a job computes the views *_live into tables (r0007), on plain PostgreSQL they are asked as they are.

-- A percentile of amounts that come as counts, in ascending order: linear between the two nearest, as percentile_cont.
CREATE OR REPLACE FUNCTION weighted_percentile(fraction double precision, amounts double precision[], counts bigint[])
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    total  bigint := (SELECT sum(n) FROM unnest(counts) n);
    place  double precision := fraction * (total - 1);
    upto   bigint := 0;
    lower  double precision;
BEGIN
    FOR i IN 1 .. coalesce(array_length(counts, 1), 0) LOOP
        upto := upto + counts[i];
        IF lower IS NULL AND floor(place) < upto THEN
            lower := amounts[i];
        END IF;
        IF ceil(place) < upto THEN
            RETURN lower + (place - floor(place)) * (amounts[i] - lower);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION weighted_percentile(double precision, double precision[], bigint[]) IS
    'A percentile (0-1) of ascending amounts with their counts.';

CREATE OR REPLACE VIEW completed_chapters AS
SELECT student_id, chapter_id FROM milestones WHERE kind = 'lesson_complete' AND chapter_id IS NOT NULL
UNION SELECT student_id, item_id FROM milestones WHERE kind = 'lesson_complete' AND item_id IS NOT NULL;

-- A student's visits of a chapter, over all time.
CREATE OR REPLACE VIEW student_chapters AS
SELECT v.*,
       c.student_id IS NOT NULL AS completed,
       CASE WHEN v.scroll_depth IS NOT NULL
            THEN v.scroll_depth < 50 AND c.student_id IS NULL AND v.last_visited_at <= (SELECT classpulse_now() - interval '7 days')
       END AS drop_off
FROM (
    SELECT f.student_id,
           f.course_id,
           f.chapter_id,
           count(*)            AS visits,
           sum(round(1000 * counted_seconds(f.source, f.time_spent_seconds, i.expected_seconds))::bigint)::bigint AS time_ms,
           max(f.end_time)     AS last_visited_at,
           max(f.scroll_depth) AS scroll_depth
    FROM chapter_visit_facts f
    LEFT JOIN content_items i ON i.course_id = f.course_id AND i.item_id = f.chapter_id
    WHERE NOT EXISTS (SELECT FROM known_staff s WHERE s.staff_id = f.student_id)
    GROUP BY f.student_id, f.course_id, f.chapter_id
) v
LEFT JOIN completed_chapters c ON c.student_id = v.student_id AND c.chapter_id = v.chapter_id;

CREATE OR REPLACE VIEW chapter_summary_live AS
SELECT s.course_id, s.chapter_id, s.visits, s.time_ms, s.students, s.known_students, s.dropped_students, s.completed_students,
       m.median_seconds, classpulse_now() AS as_of
FROM (
    SELECT course_id, chapter_id, sum(visits)::bigint AS visits, sum(time_ms)::bigint AS time_ms, count(*) AS students,
           count(scroll_depth) AS known_students, count(*) FILTER (WHERE drop_off) AS dropped_students,
           count(*) FILTER (WHERE completed) AS completed_students
    FROM student_chapters
    GROUP BY course_id, chapter_id
) s
LEFT JOIN (
    SELECT coalesce(course_id, '') AS course_key, chapter_id,
           weighted_percentile(0.5, array_agg(seconds ORDER BY log_bucket), array_agg(visits ORDER BY log_bucket)) AS median_seconds
    FROM (
        SELECT course_id, chapter_id, log_bucket, sum(visits)::bigint AS visits,
               sum(time_ms)::double precision / (sum(visits) * 1000)::double precision AS seconds
        FROM chapter_spread_1d
        GROUP BY course_id, chapter_id, log_bucket
    ) h
    GROUP BY course_id, chapter_id
) m ON m.course_key = coalesce(s.course_id, '') AND m.chapter_id = s.chapter_id;

CREATE OR REPLACE VIEW course_summary_live AS
SELECT s.course_id, s.visits, s.time_ms, s.students, s.known_pairs, s.dropped_pairs, m.median_seconds, classpulse_now() AS as_of
FROM (
    SELECT course_id, sum(visits)::bigint AS visits, sum(time_ms)::bigint AS time_ms, count(DISTINCT student_id) AS students,
           count(scroll_depth) AS known_pairs, count(*) FILTER (WHERE drop_off) AS dropped_pairs
    FROM student_chapters
    WHERE course_id IS NOT NULL
    GROUP BY course_id
) s
LEFT JOIN (
    SELECT course_id,
           weighted_percentile(0.5, array_agg(seconds ORDER BY log_bucket), array_agg(visits ORDER BY log_bucket)) AS median_seconds
    FROM (
        SELECT course_id, log_bucket, sum(visits)::bigint AS visits,
               sum(time_ms)::double precision / (sum(visits) * 1000)::double precision AS seconds
        FROM course_spread_1d
        GROUP BY course_id, log_bucket
    ) h
    GROUP BY course_id
) m USING (course_id);

-- Whatever a student did with an item of a course, and whether that finished the item. A quiz finishes itself, not its module.
CREATE OR REPLACE VIEW course_touches AS
SELECT student_id, course_id, chapter_id AS item_id, end_time AS at, coalesce(scroll_depth >= 100, false) AS finished
FROM chapter_visit_facts WHERE course_id IS NOT NULL
UNION ALL
SELECT m.student_id, m.course_id, i.item_id, m.event_time,
       m.kind = 'lesson_complete' OR (m.kind IN ('quiz_submit', 'assignment_submit') AND i.item_id = m.item_id)
FROM milestones m
CROSS JOIN LATERAL (SELECT m.item_id UNION SELECT m.chapter_id) i
WHERE m.course_id IS NOT NULL AND m.kind NOT IN ('course_enroll', 'course_unenroll', 'course_complete')
UNION ALL
SELECT student_id, course_id, video_id, start_time, completed FROM video_views WHERE course_id IS NOT NULL
UNION ALL
SELECT user_id, course, module, event_time, kind = 'module_completed' FROM learning_events
WHERE course IS NOT NULL AND kind IN ('module_started', 'module_completed')
UNION ALL
SELECT a.user_id, a.course, a.module, a.attempted_at, a.quiz_type = 'module' AND coalesce(lower(i.kind) <> 'module', true)
FROM quiz_attempts a
LEFT JOIN content_items i ON i.course_id = a.course AND i.item_id = a.module
WHERE a.course IS NOT NULL;

-- What a student has handed in: finished, or taken the quiz of a module. Twice where it was done twice.
CREATE OR REPLACE VIEW handed_in WITH (security_barrier) AS
SELECT student_id, course_id, item_id
FROM (
    SELECT student_id, course_id, item_id FROM course_touches WHERE finished
    UNION ALL
    SELECT a.user_id, a.course, a.module
    FROM quiz_attempts a
    JOIN content_items i ON i.course_id = a.course AND i.item_id = a.module AND lower(i.kind) = 'module'
    WHERE a.quiz_type = 'module'
) h
WHERE item_id IS NOT NULL AND NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = h.student_id);
COMMENT ON VIEW handed_in IS 'A row is a student x item of a course that was finished (again where it was finished again).';

-- Students of a course, those too who are enrolled and never came: when they were last there, and how much of it they have finished.
CREATE OR REPLACE VIEW course_progress_live AS
SELECT t.student_id,
       t.course_id,
       t.last_activity_at,
       t.finished_items,
       l.items,
       c.completed_at,
       CASE WHEN c.completed_at IS NOT NULL THEN 1 ELSE t.finished_items / l.items::double precision END AS completion,
       (SELECT classpulse_now()) AS as_of
FROM (
    SELECT s.student_id, s.course_id, max(s.last_at) AS last_activity_at,
           count(*) FILTER (WHERE s.finished AND i.item_id IS NOT NULL) AS finished_items
    FROM (
        SELECT student_id, course_id, item_id, max(at) AS last_at, bool_or(finished) AS finished
        FROM course_touches
        GROUP BY student_id, course_id, item_id
        UNION ALL SELECT student_id, course_id, NULL, last_at, false FROM course_activity
        UNION ALL SELECT student_id, course_id, NULL, NULL, false FROM enrolled_students WHERE course_id <> '*'
    ) s
    LEFT JOIN content_items i ON i.course_id = s.course_id AND i.item_id = s.item_id AND NOT is_course_itself(i.course_id, i.item_id, i.kind)
    GROUP BY s.student_id, s.course_id
) t
LEFT JOIN (SELECT course_id, count(*) AS items FROM content_items WHERE NOT is_course_itself(course_id, item_id, kind) GROUP BY course_id) l ON l.course_id = t.course_id
LEFT JOIN (
    SELECT student_id, course_id, min(event_time) AS completed_at FROM milestones WHERE kind = 'course_complete'
    GROUP BY student_id, course_id
) c ON c.student_id = t.student_id AND c.course_id = t.course_id
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = t.student_id);

-- A session that goes on may still have its second page: it is no bounce before it ends.
CREATE OR REPLACE VIEW sessions WITH (security_barrier) AS
SELECT s.session_start, s.session_id, s.student_id, s.class_id, s.session_end, s.duration_seconds, s.events, s.pages, s.is_bounce,
       s.is_open, s.device_type, s.browser, s.country_code
FROM (
    SELECT session_start, session_id, student_id, class_id, session_end, duration_seconds, events, pages, is_bounce,
           false AS is_open, device_type, browser, country_code
    FROM sessions_closed
    UNION ALL
    SELECT session_start, session_id, student_id, class_id, session_end, duration_seconds, events, pages, false,
           true, device_type, browser, country_code
    FROM sessions_open
) s
WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = s.student_id);
COMMENT ON VIEW sessions IS 'A row is a session, open or closed.';

-- Days of all students, up to today. A student is among the active users of 7 days from an active day on, until the next one or 7 days later.
CREATE OR REPLACE VIEW click_days_live AS
WITH active AS MATERIALIZED (
         SELECT student_id, day, minutes_active, interactions,
                lead(day) OVER (PARTITION BY student_id ORDER BY day) AS next_day
         FROM student_days d
         WHERE interactions > 0 AND NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = d.student_id)
     ),
     changes AS (
         SELECT day, 1 AS users_7d, 1 AS users_30d, 1 AS users_1d, minutes_active, interactions FROM active
         UNION ALL SELECT least(day + 7, next_day), -1, 0, 0, 0, 0 FROM active
         UNION ALL SELECT least(day + 30, next_day), 0, -1, 0, 0, 0 FROM active
     ),
     calendar AS (
         SELECT d::date AS day FROM (SELECT min(day) AS first, greatest(max(day), local_day((SELECT classpulse_now()))) AS last FROM active) b,
                generate_series(b.first::timestamp, b.last::timestamp, interval '1 day') d
         WHERE b.first IS NOT NULL
     ),
     users AS (
         SELECT day,
                coalesce(sum(users_1d), 0)::bigint                       AS active_users,
                sum(coalesce(sum(users_7d), 0)) OVER (ORDER BY day)::bigint  AS active_users_7d,
                sum(coalesce(sum(users_30d), 0)) OVER (ORDER BY day)::bigint AS active_users_30d,
                coalesce(sum(minutes_active), 0)::bigint                 AS minutes_active,
                coalesce(sum(interactions), 0)::bigint                   AS interactions
         FROM calendar
         LEFT JOIN changes USING (day)
         GROUP BY day
     ),
     clicks AS (
         SELECT day, sum(clicks)::bigint AS clicks, sum(pages)::bigint AS pages, sum(searches)::bigint AS searches,
                sum(scrolls)::bigint AS scrolls, sum(scroll_sum)::bigint AS scroll_sum
         FROM student_click_days d
         WHERE NOT EXISTS (SELECT FROM known_staff f WHERE f.staff_id = d.student_id)
         GROUP BY day
     ),
     spread AS (
         -- how long a session lasts is known when it is over
         SELECT local_day(session_start) AS day, is_open, CASE WHEN NOT is_open THEN log_bucket(duration_seconds) END AS log_bucket,
                count(*) AS sessions, count(*) FILTER (WHERE is_bounce) AS bounces,
                sum(round(1000 * duration_seconds)::bigint)::bigint AS duration_ms
         FROM sessions
         GROUP BY 1, 2, 3
     ),
     visits AS (
         SELECT day, sum(sessions)::bigint AS sessions, sum(bounces)::bigint AS bounces,
                coalesce(sum(sessions) FILTER (WHERE NOT is_open), 0)::bigint    AS closed_sessions,
                coalesce(sum(duration_ms) FILTER (WHERE NOT is_open), 0)::bigint AS duration_ms,
                weighted_percentile(0.5, array_agg(duration_ms / (sessions * 1000.0::double precision) ORDER BY log_bucket)
                                             FILTER (WHERE NOT is_open),
                                    array_agg(sessions ORDER BY log_bucket) FILTER (WHERE NOT is_open)) AS median_session_seconds
         FROM spread
         GROUP BY day
     )
SELECT u.day, u.active_users, u.active_users_7d, u.active_users_30d, u.minutes_active,
       coalesce(c.clicks, 0) AS clicks, coalesce(c.pages, 0) AS pages, coalesce(c.searches, 0) AS searches,
       coalesce(c.scrolls, 0) AS scrolls, coalesce(c.scroll_sum, 0) AS scroll_sum, u.interactions,
       coalesce(v.sessions, 0) AS sessions, coalesce(v.bounces, 0) AS bounces, coalesce(v.duration_ms, 0) AS duration_ms,
       v.median_session_seconds, classpulse_now() AS as_of, coalesce(v.closed_sessions, 0) AS closed_sessions
FROM users u
LEFT JOIN clicks c USING (day)
LEFT JOIN visits v USING (day);

-- Pages by week (Monday): years of them are read in the time of months. Who came on two days of a week cannot be told from one of each.
CREATE OR REPLACE VIEW page_weeks_live AS
SELECT date_trunc('week', day::timestamp)::date AS week, page_url, sum(views)::bigint AS views, sum(scrolls)::bigint AS scrolls,
       (SELECT classpulse_now()) AS as_of
FROM page_days
GROUP BY 1, 2;

-- Students by the week (Monday) of their first enrolment, and how many of them were active so many weeks later, up to this week.
-- Where nobody said when a student was enrolled: when they were first active, or when the roster first placed them in the class.
CREATE OR REPLACE VIEW cohort_weeks_live AS
WITH active AS MATERIALIZED (
         SELECT student_id, date_trunc('week', day::timestamp)::date AS week, min(day) AS first_day
         FROM student_days WHERE interactions > 0
         GROUP BY 1, 2
     ),
     members AS MATERIALIZED (
         SELECT e.student_id,
                date_trunc('week', coalesce(e.enrolled, least(a.first_day, e.placed))::timestamp)::date AS cohort_week
         FROM (
             SELECT student_id, local_day(min(enrolled_at)) AS enrolled, local_day(min(class_at)) AS placed
             FROM student_enrolments
             GROUP BY student_id
         ) e
         LEFT JOIN (SELECT student_id, min(first_day) AS first_day FROM active GROUP BY student_id) a ON a.student_id = e.student_id
     ),
     sizes AS (SELECT cohort_week, count(*) AS students FROM members WHERE cohort_week IS NOT NULL GROUP BY cohort_week),
     seen AS (
         SELECT m.cohort_week, w.week, count(*) AS active_students
         FROM members m
         JOIN active w ON w.student_id = m.student_id AND w.week >= m.cohort_week
         GROUP BY m.cohort_week, w.week
     )
SELECT z.cohort_week, n::bigint AS week_number, z.students, coalesce(s.active_students, 0) AS active_students,
       classpulse_now() AS as_of
FROM sizes z
CROSS JOIN (
    SELECT greatest(max(week), date_trunc('week', local_day((SELECT classpulse_now()))::timestamp)::date) AS last FROM active
) l
CROSS JOIN LATERAL generate_series(0, (l.last - z.cohort_week) / 7) n
LEFT JOIN seen s ON s.cohort_week = z.cohort_week AND s.week = z.cohort_week + 7 * n;

-- Sessions of the last 30 days by country, device and browser.
CREATE OR REPLACE VIEW place_counts_live AS
SELECT CASE WHEN grouping(s.country_code) = 0 THEN 'country' WHEN grouping(s.device_type) = 0 THEN 'device' ELSE 'browser' END AS kind,
       coalesce(s.country_code, s.device_type, s.browser) AS name,
       count(*)                                         AS sessions,
       count(*) FILTER (WHERE s.is_bounce)              AS bounces,
       coalesce(sum(round(1000 * s.duration_seconds)::bigint) FILTER (WHERE NOT s.is_open), 0)::bigint AS duration_ms,
       count(DISTINCT s.student_id)                     AS students,
       classpulse_now()                                 AS as_of,
       count(*) FILTER (WHERE NOT s.is_open)            AS closed_sessions
FROM sessions s
WHERE s.session_start > (SELECT classpulse_now() - interval '30 days')
GROUP BY GROUPING SETS ((s.country_code), (s.device_type), (s.browser));

-- Sums of milliseconds and of hundredths: the same whatever the order.
CREATE OR REPLACE VIEW video_totals_live AS
SELECT v.video_id,
       max(v.course_id)                                        AS course_id,
       max(v.lesson_id)                                        AS lesson_id,
       count(*)                                                AS views,
       count(DISTINCT v.student_id)                            AS students,
       sum(round(1000 * v.watched_seconds)::bigint) / 1000.0::double precision   AS watched_seconds,
       sum(round(1000 * v.unique_seconds)::bigint) / 1000.0::double precision    AS unique_seconds,
       sum(round(1000 * v.rewatched_seconds)::bigint) / 1000.0::double precision AS rewatched_seconds,
       max(v.video_duration_s)                                 AS video_duration_s,
       four_decimals(percentile_cont(0.5) WITHIN GROUP (ORDER BY v.watch_pct))   AS median_watch_pct,
       four_decimals(count(*) FILTER (WHERE v.completed) / count(*)::double precision) AS completed_share,
       sum(v.seeks)::bigint                                    AS seeks,
       four_decimals(sum(round(1000 * v.watched_seconds)::bigint * round(10000 * v.avg_playback_rate)::bigint)
                     / nullif(10000 * sum(round(1000 * v.watched_seconds)::bigint) FILTER (WHERE v.avg_playback_rate IS NOT NULL), 0)
                     ::double precision)                       AS avg_playback_rate,
       classpulse_now()                                        AS as_of
FROM video_views v
WHERE NOT EXISTS (SELECT FROM known_staff s WHERE s.staff_id = v.student_id)
GROUP BY v.video_id;

-- Views of each twentieth of a video, and how many passed it twice.
CREATE OR REPLACE VIEW video_parts_live AS
SELECT v.video_id, n::bigint AS bin, count(*) AS views,
       count(*) FILTER (WHERE (v.bins >> n) & 1 = 1)           AS watched,
       count(*) FILTER (WHERE (v.rewatched_bins >> n) & 1 = 1) AS rewatched,
       classpulse_now()                                        AS as_of
FROM video_views v, generate_series(0, 19) n
WHERE v.video_duration_s IS NOT NULL
  AND NOT EXISTS (SELECT FROM known_staff s WHERE s.staff_id = v.student_id)
GROUP BY v.video_id, n;

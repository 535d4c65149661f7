-- Chapters by class, for alert rules: whether they are worked on, and how long they take.

-- Chapters that have been open for 7 days and not for 14: since they are available, else since anybody's first visit. Worked on:
-- half of it scrolled, completed, or a quarter of the expected time spent; where neither can be known, visited.
CREATE OR REPLACE VIEW chapter_reach WITH (security_barrier) AS
WITH opened AS MATERIALIZED (
         SELECT i.course_id, i.item_id AS chapter_id, coalesce(i.title, i.item_id) AS title, i.expected_seconds,
                coalesce(i.available_from, f.first_day) AS opened_at, k.now AS as_of
         FROM (SELECT classpulse_now() AS now OFFSET 0) k
         CROSS JOIN content_items i
         LEFT JOIN (SELECT course_id, chapter_id, min(bucket) AS first_day FROM chapter_time_1d GROUP BY course_id, chapter_id) f
           ON f.course_id = i.course_id AND f.chapter_id = i.item_id
         WHERE lower(i.kind) = 'chapter'
           AND coalesce(i.available_from, f.first_day) <= k.now - interval '7 days'
           AND coalesce(i.available_from, f.first_day) > k.now - interval '14 days'
     ),
     visited AS MATERIALIZED (
         SELECT v.student_id, v.course_id, v.chapter_id,
                coalesce(max(v.scroll_depth) >= 50, false)
                    OR coalesce(sum(v.time_spent_seconds) >= 0.25 * o.expected_seconds, false)
                    OR max(v.scroll_depth) IS NULL AND o.expected_seconds IS NULL AS worked
         FROM opened o
         JOIN chapter_visit_facts v ON v.course_id = o.course_id AND v.chapter_id = o.chapter_id
                                   AND v.start_time > (SELECT classpulse_now() - interval '15 days') AND v.start_time <= o.as_of
         GROUP BY v.student_id, v.course_id, v.chapter_id, o.expected_seconds
     )
SELECT e.class_id, o.course_id, o.chapter_id, o.title, o.opened_at,
       count(*)                                                        AS enrolled,
       count(v.student_id)                                             AS visited,
       count(*) FILTER (WHERE v.worked OR c.student_id IS NOT NULL)    AS worked,
       o.as_of
FROM opened o
JOIN enrolled_students e ON e.course_id = o.course_id AND e.class_id IS NOT NULL
LEFT JOIN visited v ON v.student_id = e.student_id AND v.course_id = o.course_id AND v.chapter_id = o.chapter_id
LEFT JOIN completed_chapters c ON c.student_id = e.student_id AND c.chapter_id = o.chapter_id
GROUP BY e.class_id, o.course_id, o.chapter_id, o.title, o.opened_at, o.as_of;
COMMENT ON VIEW chapter_reach IS 'A row is a class x chapter that has been open for 7 days and not for 14.';
COMMENT ON COLUMN chapter_reach.opened_at IS 'available_from, else the day of anybody''s first visit.';
COMMENT ON COLUMN chapter_reach.visited IS 'Students who came.';
COMMENT ON COLUMN chapter_reach.worked IS 'Students who worked on it.';

-- How long a class's visits of a chapter took in the last 7 days, today included, and everybody's in the 28 days before those.
CREATE OR REPLACE VIEW pace_since AS
SELECT (local_day(classpulse_now()) - 6)::timestamp AT TIME ZONE classpulse_timezone() AS since;

CREATE OR REPLACE VIEW chapter_pace WITH (security_barrier) AS
SELECT w.class_id, w.course_id, w.chapter_id, coalesce(i.title, w.chapter_id) AS title, w.students, w.median_seconds,
       b.visits AS usual_visits, b.median_seconds AS usual_seconds, k.now AS as_of
FROM (SELECT classpulse_now() AS now OFFSET 0) k
CROSS JOIN (
    SELECT e.class_id, f.course_id, f.chapter_id, count(DISTINCT f.student_id) AS students,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY counted_seconds(f.source, f.time_spent_seconds, i.expected_seconds)) AS median_seconds
    FROM chapter_visit_facts f
    JOIN enrolled_students e ON e.student_id = f.student_id AND e.course_id = f.course_id AND e.class_id IS NOT NULL
    LEFT JOIN content_items i ON i.course_id = f.course_id AND i.item_id = f.chapter_id
    LEFT JOIN enrolled_students o ON o.student_id = f.student_id AND o.course_id = f.course_id AND o.class_id = f.class_id
    WHERE (o.class_id IS NULL OR o.class_id = e.class_id) -- of two classes, the one in which it was visited
      AND f.start_time >= (SELECT since FROM pace_since) AND f.start_time <= (SELECT classpulse_now())
    GROUP BY e.class_id, f.course_id, f.chapter_id
) w
LEFT JOIN content_items i ON i.course_id = w.course_id AND i.item_id = w.chapter_id
LEFT JOIN (
    SELECT course_id, chapter_id, sum(visits)::bigint AS visits,
           weighted_percentile(0.5, array_agg(seconds ORDER BY log_bucket), array_agg(visits ORDER BY log_bucket)) AS median_seconds
    FROM (
        SELECT course_id, chapter_id, log_bucket, sum(visits)::bigint AS visits,
               sum(time_ms)::double precision / (sum(visits) * 1000)::double precision AS seconds
        FROM chapter_spread_1d
        WHERE bucket < (SELECT since FROM pace_since) AND bucket >= (SELECT since - interval '28 days' FROM pace_since)
        GROUP BY course_id, chapter_id, log_bucket
    ) h
    GROUP BY course_id, chapter_id
) b ON b.course_id = w.course_id AND b.chapter_id = w.chapter_id
WHERE coalesce(i.available_from <= k.now - interval '7 days', true);
COMMENT ON VIEW chapter_pace IS 'A row is a class x chapter visited in the last 7 local days, open for 7 days where that is known.';
COMMENT ON COLUMN chapter_pace.students IS 'Who visited it in the 7 days.';
COMMENT ON COLUMN chapter_pace.median_seconds IS 'Of the 7 days.';
COMMENT ON COLUMN chapter_pace.usual_visits IS 'Visits in the 28 days before.';
COMMENT ON COLUMN chapter_pace.usual_seconds IS 'Median of them.';

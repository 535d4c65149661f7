-- The counts of `activity` say how far back so many lie: an hour of a large school is millions of rows.
WITH counted AS (
    SELECT window_start, sum(sum(events)) OVER (ORDER BY window_start DESC) AS so_far
    FROM activity
    WHERE window_start > %(now)s::timestamptz - interval '1 hour'
      -- a minute's margin: the archive may not have what the counts have
      AND window_start <= least(%(before)s::timestamptz, %(now)s::timestamptz) - interval '1 minute'
      AND scope = CASE WHEN %(classes)s::text[] IS NULL THEN 'all' ELSE 'class' END
      AND (%(classes)s::text[] IS NULL OR scope_id = ANY (%(classes)s::text[]))
    GROUP BY window_start
),
since AS ( -- twice as many, for what counts there and is not shown; where there are fewer, an hour, or from the first of them
    SELECT coalesce(
               max(window_start) FILTER (WHERE so_far >= 2 * %(limit)s::bigint),
               (SELECT %(now)s::timestamptz - interval '1 hour'
                FROM activity
                WHERE scope = 'all' AND scope_id = 'all' AND window_start > %(now)s::timestamptz - interval '1 hour'
                HAVING coalesce(sum(events), 0) < 100000),
               min(window_start),
               least(%(before)s::timestamptz, %(now)s::timestamptz) - interval '2 minutes'
           ) AS at
    FROM counted
),
latest AS MATERIALIZED (
    SELECT event_time, event_id, student_id, class_id, course_id, chapter_id, event_type, event_name, device_type
    FROM latest_events
    WHERE event_time >= (SELECT at FROM since)
      AND event_time <= %(now)s::timestamptz
      AND (%(before)s::timestamptz IS NULL OR (event_time, event_id) < (%(before)s::timestamptz, %(before_id)s::text))
      AND {{allowed}}
    ORDER BY event_time DESC, event_id DESC
    LIMIT %(limit)s
)
-- Names are looked up for those alone who are listed.
SELECT event_time, event_id, student_id,
       (SELECT display_name FROM student_names n WHERE n.student_id = latest.student_id) AS display_name,
       class_id, course_id, chapter_id, event_type, event_name, device_type
FROM latest
ORDER BY event_time DESC, event_id DESC

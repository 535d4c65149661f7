-- Who had not come ten minutes into a lesson of today: the lesson that missed most. Where nobody came it was no lesson online.
WITH late AS (
    SELECT t.class_id, t.period, count(*) AS enrolled,
           count(*) FILTER (WHERE NOT EXISTS (
               SELECT FROM sessions s
               WHERE s.student_id = m.student_id AND s.session_start <= t.began + interval '{{absent_minute}} minutes'
                 AND s.session_end >= t.began AND s.session_start > t.began - interval '1 day')) AS absent
    FROM todays_lessons t
    JOIN class_students m ON m.class_id = t.class_id AND m.is_enrolled
    -- by then the content flow, which is slower than the clock, has read the ten minutes
    WHERE t.began + interval '{{absent_minute}} minutes' <= (SELECT min(as_of) FROM data_freshness WHERE flow = 'content')
    GROUP BY t.class_id, t.period
),
most AS (
    SELECT DISTINCT ON (class_id) class_id, period, enrolled, absent
    FROM late
    WHERE enrolled >= {{present_least}} AND absent < enrolled
    ORDER BY class_id, absent DESC, period
)
SELECT c.class_id,
       coalesce(m.absent > 0, false) AS firing,
       coalesce(m.absent, 0) AS absent,
       coalesce(m.enrolled, 0) AS enrolled,
       m.period,
       c.title AS class,
       1 AS reason,
       c.content_behind AS behind,
       c.as_of
FROM alert_classes c
LEFT JOIN most m ON m.class_id = c.class_id

-- Who had not come ten minutes into a lesson of today: the lesson that missed most. Where nobody came it was no lesson online. Who is
-- carried over from before the bell came if they stay beyond the ten minutes, or did something in two of them: one click is no lesson.
WITH here AS MATERIALIZED (
    SELECT student_id, session_start, session_end FROM sessions
    WHERE session_start > (SELECT classpulse_now()) - interval '2 days' AND session_start <= (SELECT classpulse_now())
),
-- a minute's score is that of its end: less than a minute after an interaction its recency is over exp(-60 / 300)
worked AS MATERIALIZED (
    SELECT b.began, s.student_id
    FROM (SELECT DISTINCT began FROM todays_lessons) b
    CROSS JOIN LATERAL (
        SELECT e.student_id FROM student_engagement e
        WHERE e."time" >= b.began AND e."time" < b.began + interval '{{absent_minute}} minutes' AND e.recency > 0.8187
        GROUP BY e.student_id HAVING count(*) >= 2
    ) s
),
late AS (
    SELECT t.class_id, t.period, count(*) AS enrolled,
           count(*) - count(*) FILTER (WHERE h.came) AS absent
    FROM todays_lessons t
    JOIN class_members m ON m.class_id = t.class_id
    LEFT JOIN (
        SELECT DISTINCT l.class_id, l.period, e.student_id, true AS came
        FROM todays_lessons l
        JOIN class_members e ON e.class_id = l.class_id
        JOIN here s ON s.student_id = e.student_id AND s.session_start <= l.began + interval '{{absent_minute}} minutes'
                   AND s.session_end >= l.began AND s.session_start > l.began - interval '1 day'
        WHERE s.session_start >= l.began
           OR s.session_end >= l.began + interval '{{absent_minute}} minutes'
           OR EXISTS (SELECT FROM worked w WHERE w.began = l.began AND w.student_id = e.student_id)
    ) h ON h.class_id = t.class_id AND h.period = t.period AND h.student_id = m.student_id
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

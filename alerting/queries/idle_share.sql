WITH one AS (
    -- who may be watching a video whose length is not known is not idle to this rule
    SELECT c.*, a.idle_students - a.idle_players AS idle, a.present, a.enrolled,
           coalesce(a.present >= {{present_least}} AND c.in_term AND (c.began IS NOT NULL OR NOT c.has_timetable), false) AS counts,
           coalesce(a.idle_students - a.idle_players > {{idle_share_high}} * a.present, false) AS idles
    FROM alert_classes c
    JOIN class_presence a ON a.class_id = c.class_id
),
many AS (
    SELECT o.*,
           count(*) FILTER (WHERE counts AND idles) OVER () >= {{many_classes}}
               AND count(*) FILTER (WHERE counts AND idles) OVER () >= {{many_share}} * count(*) FILTER (WHERE counts) OVER () AS broke
    FROM one o
),
-- so many classes do not fall idle at once: the tracker broke
idle AS (
    SELECT m.*, m.counts AND m.idles AND NOT m.broke AS firing FROM many m
),
places AS (
    SELECT p.class_id, coalesce(i.title, p.chapter_id) AS title, sum(p.students) AS students
    FROM present_now p
    LEFT JOIN course_items i ON i.course_id = p.course_id AND i.item_id = p.chapter_id
    WHERE p.status = 'idle' AND p.chapter_id IS NOT NULL AND p.class_id = ANY (ARRAY(SELECT class_id FROM idle WHERE firing))
    GROUP BY 1, 2
),
most AS MATERIALIZED (
    SELECT DISTINCT ON (class_id) class_id, '*' || title || '* (' || students || ')' AS place
    FROM places ORDER BY class_id, students DESC, title
)
SELECT c.class_id,
       c.firing,
       c.idle,
       c.present,
       c.enrolled,
       c.period,
       c.idle_after_s / 60 AS minutes,
       c.title AS class,
       -- what only a message says is asked of those alone that send one
       CASE WHEN c.firing THEN (SELECT CASE WHEN b.low = b.high THEN b.low::text ELSE b.low || '–' || b.high END
                                FROM idle_before b WHERE b.class_id = c.class_id AND b.low IS NOT NULL) END AS usual,
       CASE WHEN c.firing THEN (SELECT m.place FROM most m WHERE m.class_id = c.class_id) END AS most,
       CASE WHEN c.counts AND c.idles AND c.broke THEN 4
            WHEN c.has_timetable AND c.began IS NULL THEN 3 WHEN c.present < {{present_least}} THEN 2 ELSE 1 END AS reason,
       c.engagement_behind AS behind,
       c.as_of
FROM idle c

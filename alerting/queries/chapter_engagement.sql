-- Chapters that have been open for 7 days, and not for 14: those that few of the class worked on.
WITH low AS (
    SELECT class_id, count(*) AS chapters,
           string_agg('*' || title || '* (' || worked || ' of ' || enrolled || ')', ', '
                      ORDER BY worked::double precision / enrolled, title) AS which
    FROM chapter_reach
    WHERE enrolled >= {{students_least}} AND worked < {{chapter_low_share}} * enrolled
    GROUP BY class_id
)
SELECT c.class_id,
       coalesce(c.in_term AND l.chapters > 0, false) AS firing,
       coalesce(l.chapters, 0) AS chapters,
       c.title AS class,
       l.which,
       CASE WHEN c.in_term THEN 1 ELSE 2 END AS reason,
       c.content_behind AS behind,
       c.as_of
FROM alert_classes c
LEFT JOIN low l ON l.class_id = c.class_id

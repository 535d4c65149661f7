-- Chapters that took the class much longer in the last 7 days than they took everybody in the 28 days before.
WITH slow AS (
    SELECT class_id, count(*) AS chapters,
           string_agg('*' || title || '* (' || round(median_seconds / 60) || ' min, usual ' || round(usual_seconds / 60) || ')', ', '
                      ORDER BY median_seconds / usual_seconds DESC, title) AS which
    FROM chapter_pace
    WHERE students >= {{students_least}} AND usual_visits >= {{students_least}} AND usual_seconds > 0
      AND median_seconds >= {{chapter_slow_times}} * usual_seconds
    GROUP BY class_id
)
SELECT c.class_id,
       coalesce(c.in_term AND s.chapters > 0, false) AS firing,
       coalesce(s.chapters, 0) AS chapters,
       c.title AS class,
       s.which,
       CASE WHEN c.in_term THEN 1 ELSE 2 END AS reason,
       c.content_behind AS behind,
       c.as_of
FROM alert_classes c
LEFT JOIN slow s ON s.class_id = c.class_id

WITH latest AS (
    SELECT max(window_start) AS window_start
    FROM activity
    WHERE scope = 'all'
      AND window_start > classpulse_now() - interval '5 minutes'
      AND window_start <= (SELECT least(classpulse_now(), max(as_of)) FROM data_freshness WHERE flow = 'engagement')
),
cells AS (
    SELECT coalesce(title, class_id) AS class, chapter_id AS chapter, active_5m AS students
    FROM class_chapter_activity
    LEFT JOIN class_list USING (class_id)
    WHERE window_start = (SELECT window_start FROM latest)
      AND active_5m > 0
      AND ('__all' IN (${class:sqlstring}) OR class_id IN (${class:sqlstring}))
      AND ('__all' IN (${grade:sqlstring}) OR grade IN (${grade:sqlstring}))
),
busiest AS (
    SELECT chapter FROM cells GROUP BY chapter ORDER BY sum(students) DESC, chapter LIMIT {{chapters_shown}}
),
titled AS ( -- a column a chapter, whatever courses call theirs
    SELECT chapter, i.title || CASE WHEN count(*) OVER (PARTITION BY i.title) > 1 THEN ' · ' || coalesce(c.title, i.course_id) ELSE '' END AS title
    FROM busiest
    LEFT JOIN (SELECT DISTINCT ON (item_id) item_id, course_id, title FROM course_items WHERE title IS NOT NULL ORDER BY item_id, course_id) i
      ON i.item_id = chapter
    LEFT JOIN course_titles c ON c.course_id = i.course_id
)
SELECT class                      AS "Class",
       coalesce(title, chapter)   AS "Chapter",
       students                   AS "Students"
FROM cells
JOIN titled USING (chapter)
ORDER BY 2, 1

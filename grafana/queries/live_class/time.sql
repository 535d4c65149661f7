SELECT coalesce(i.title, v.chapter_id)
           -- courses may share a title
           || CASE WHEN count(i.title) OVER (PARTITION BY i.title) > 1 THEN ' · ' || coalesce(t.title, v.course_id) ELSE '' END AS "Chapter",
       v.seconds          AS "Time",
       v.cut              AS "Cut as idle",
       v.students         AS "Students"
FROM (
    SELECT c.course_id, c.chapter_id, sum(c.time_spent_seconds) AS seconds,
           sum(greatest(c.raw_seconds - c.time_spent_seconds, 0)) AS cut, count(DISTINCT c.student_id) AS students
    FROM chapter_visits c
    LEFT JOIN class_list l ON l.class_id = c.class_id
    WHERE $__timeFilter(c.start_time)
      AND ('__all' IN (${class:sqlstring}) OR c.class_id IN (${class:sqlstring}))
      AND ('__all' IN (${grade:sqlstring}) OR l.grade IN (${grade:sqlstring}))
      AND ('__all' IN (${course:sqlstring}) OR c.course_id IN (${course:sqlstring}))
    GROUP BY c.course_id, c.chapter_id
    ORDER BY 3 DESC, c.chapter_id
    LIMIT {{chapters_shown}}
) v
LEFT JOIN course_items i ON i.course_id = v.course_id AND i.item_id = v.chapter_id
LEFT JOIN course_titles t ON t.course_id = v.course_id
ORDER BY v.seconds DESC, v.chapter_id

WITH chapters AS (
    SELECT course_id, chapter_id, sum(visits)::bigint AS visits, sum(time_ms)::bigint AS time_ms, sum(raw_ms)::bigint AS raw_ms
    FROM chapter_time_by_day
    WHERE $__timeFilter(bucket) AND {{in_course}}
    GROUP BY course_id, chapter_id
    ORDER BY sum(time_ms) DESC, chapter_id
    LIMIT {{chapters_shown}}
)
SELECT coalesce(i.title, c.chapter_id)
           -- courses may share a title
           || CASE WHEN count(i.title) OVER (PARTITION BY i.title) > 1 THEN ' · ' || coalesce(t.title, c.course_id) ELSE '' END AS "Chapter",
       c.time_ms / 1000                           AS "Time",
       (c.raw_ms - c.time_ms) / 1000              AS "Cut as idle",
       c.visits                                   AS "Visits",
       coalesce(t.title, c.course_id)             AS "Course",
       c.chapter_id
FROM chapters c
LEFT JOIN course_items i ON i.course_id = c.course_id AND i.item_id = c.chapter_id
LEFT JOIN course_titles t ON t.course_id = c.course_id
ORDER BY c.time_ms DESC, c.chapter_id

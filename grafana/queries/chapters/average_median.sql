WITH busiest AS (
    SELECT course_id, chapter_id, sum(visits)::bigint AS visits, sum(time_ms)::bigint AS time_ms
    FROM chapter_time_by_day
    WHERE $__timeFilter(bucket) AND {{in_course}}
    GROUP BY course_id, chapter_id
    ORDER BY sum(time_ms) DESC, chapter_id
    LIMIT {{chapters_shown}}
),
{{spread}},
medians AS (
    SELECT course_id, chapter_id,
           weighted_percentile(0.5, array_agg(seconds ORDER BY log_bucket), array_agg(visits ORDER BY log_bucket)) AS seconds
    FROM spread
    GROUP BY course_id, chapter_id
)
SELECT coalesce(i.title, b.chapter_id)
           -- courses may share a title
           || CASE WHEN count(i.title) OVER (PARTITION BY i.title) > 1 THEN ' · ' || coalesce(t.title, b.course_id) ELSE '' END AS "Chapter",
       round(b.time_ms / (b.visits * 1000.0), 1)::double precision  AS "Average",
       m.seconds                                                    AS "Median",
       i.expected_seconds                                           AS "Expected",
       b.visits                                                     AS "Visits",
       b.chapter_id
FROM busiest b
LEFT JOIN medians m ON m.course_id = b.course_id AND m.chapter_id = b.chapter_id
LEFT JOIN course_items i ON i.course_id = b.course_id AND i.item_id = b.chapter_id
LEFT JOIN course_titles t ON t.course_id = b.course_id
ORDER BY i.position NULLS LAST, b.chapter_id

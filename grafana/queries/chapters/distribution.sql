WITH busiest AS (
    SELECT course_id, chapter_id
    FROM chapter_time_by_day
    WHERE $__timeFilter(bucket) AND {{in_course}}
    GROUP BY course_id, chapter_id
    ORDER BY sum(time_ms) DESC, chapter_id
    LIMIT {{chapters_shown}}
),
{{spread}},
boxes AS (
    SELECT course_id, chapter_id, sum(visits)::bigint AS visits,
           array_agg(seconds ORDER BY log_bucket) AS seconds, array_agg(visits ORDER BY log_bucket) AS counts
    FROM spread
    GROUP BY course_id, chapter_id
)
SELECT coalesce(i.title, b.chapter_id)
           -- courses may share a title
           || CASE WHEN count(i.title) OVER (PARTITION BY i.title) > 1 THEN ' · ' || coalesce(t.title, b.course_id) ELSE '' END AS "Chapter",
       weighted_percentile(0.05, b.seconds, b.counts) AS "5 %",
       weighted_percentile(0.25, b.seconds, b.counts) AS "25 %",
       weighted_percentile(0.50, b.seconds, b.counts) AS "Median",
       weighted_percentile(0.75, b.seconds, b.counts) AS "75 %",
       weighted_percentile(0.95, b.seconds, b.counts) AS "95 %",
       b.visits                                       AS "Visits",
       b.chapter_id
FROM boxes b
LEFT JOIN course_items i ON i.course_id = b.course_id AND i.item_id = b.chapter_id
LEFT JOIN course_titles t ON t.course_id = b.course_id
ORDER BY i.position NULLS LAST, b.chapter_id

-- Which chapters a class was on, minute by minute; those first where most are.
WITH cells AS (
    SELECT window_start AS minute, chapter_id, active_5m
    FROM class_chapter_activity
    WHERE window_start > date_trunc('minute', %(now)s::timestamptz) - %(minutes)s::integer * interval '1 minute'
      AND window_start <= %(now)s::timestamptz
      AND class_id = %(class_id)s
      AND active_5m > 0
),
-- A chapter's title, where its courses agree on it.
titles AS (
    SELECT item_id, CASE WHEN min(title) = max(title) THEN min(title) END AS title
    FROM course_items
    WHERE item_id IN (SELECT chapter_id FROM cells)
    GROUP BY item_id
)
SELECT chapter_id, title, minute, active_5m
FROM cells
LEFT JOIN titles ON item_id = chapter_id
ORDER BY sum(active_5m) OVER (PARTITION BY chapter_id) DESC, chapter_id, minute

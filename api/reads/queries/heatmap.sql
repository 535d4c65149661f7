-- Which chapters a class was on, minute by minute; those first where most are.
WITH cells AS (
    -- by a range of scope ids, not through class_chapter_activity, which would add up every class first; 0 comes after /
    SELECT window_start AS minute, replace(split_part(scope_id, '/', 2), '%%2F', '/') AS chapter_id, active_5m
    FROM activity
    WHERE scope = 'class_chapter'
      AND scope_id COLLATE "C" >= replace(%(class_id)s, '/', '%%2F') || '/'
      AND scope_id COLLATE "C" < replace(%(class_id)s, '/', '%%2F') || '0'
      AND window_start > date_trunc('minute', %(now)s::timestamptz) - %(minutes)s::integer * interval '1 minute'
      AND window_start <= %(now)s::timestamptz
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

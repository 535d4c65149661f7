titles AS (
    SELECT item_id, max(title) AS title FROM course_items GROUP BY item_id
)

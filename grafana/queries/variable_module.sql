SELECT m.module AS __value, coalesce(i.title, m.module) AS __text
FROM (SELECT DISTINCT module FROM score_distribution WHERE module IS NOT NULL) m
LEFT JOIN (SELECT item_id, max(title) AS title FROM course_items GROUP BY item_id) i ON i.item_id = m.module
ORDER BY 2

SELECT class_id AS __value, coalesce(title, class_id) AS __text
FROM class_list
WHERE ('__all' IN (${grade:sqlstring}) OR grade IN (${grade:sqlstring}))
ORDER BY 2

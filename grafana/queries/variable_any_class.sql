SELECT class_id AS __value, coalesce(title, class_id) AS __text
FROM class_list
ORDER BY 2

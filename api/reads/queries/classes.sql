SELECT class_id, title, grade
FROM class_list
WHERE {{allowed}}
ORDER BY class_id

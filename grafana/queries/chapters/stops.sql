SELECT coalesce(x.title, item_id) AS "Stopped at",
       share                    AS "Of those who left",
       students                 AS "Students",
       coalesce(t.title, course_id) AS "Course"
FROM course_drop_off_index x
LEFT JOIN course_titles t USING (course_id)
WHERE place <= 3 AND {{in_course}}
ORDER BY students DESC, course_id, item_id
LIMIT {{lines_shown}}

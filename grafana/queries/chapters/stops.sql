SELECT coalesce(title, item_id) AS "Stopped at",
       share                    AS "Of those who left",
       students                 AS "Students",
       course_id                AS "Course"
FROM course_drop_off_index
WHERE place <= 3 AND {{in_course}}
ORDER BY students DESC, course_id, item_id
LIMIT {{lines_shown}}

WITH {{course_numbers}}
SELECT coalesce(title, course_id) AS "Course",
       a.drop_off_rate       AS "Drop-off",
       a.unique_students     AS "Students so far",
       a.time_per_student    AS "Time a student",
       n.leavings            AS "Left"
FROM course_analytics a
LEFT JOIN numbers n USING (course_id)
LEFT JOIN course_titles USING (course_id)
WHERE {{in_course}} AND a.unique_students >= {{students_least}}
ORDER BY a.drop_off_rate DESC NULLS LAST, a.time_per_student, course_id
LIMIT {{lines_shown}}

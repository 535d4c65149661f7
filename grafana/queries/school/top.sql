WITH {{course_numbers}}
SELECT coalesce(title, course_id) AS "Course",
       a.unique_students     AS "Students so far",
       a.time_per_student    AS "Time a student",
       n.enrolments          AS "Enrolments",
       n.completions         AS "Completions",
       n.revenue             AS "Revenue"
FROM course_analytics a
FULL JOIN numbers n USING (course_id)
LEFT JOIN course_titles USING (course_id)
WHERE {{in_course}}
ORDER BY a.unique_students DESC NULLS LAST, a.time_per_student DESC NULLS LAST, course_id
LIMIT {{lines_shown}}

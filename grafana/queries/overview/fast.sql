WITH fast AS (
    SELECT f.*, coalesce(l.title, f.class_id) AS class
    FROM fast_readers f
    LEFT JOIN class_list l USING (class_id)
    WHERE '__all' NOT IN (${class:sqlstring}) -- a class costs milliseconds, a large school seconds
      AND {{in_class}}
      AND ('__all' IN (${course:sqlstring}) OR course_id IN (${course:sqlstring}))
      AND chapters >= {{fast_chapters}}
      AND NOT passed
)
SELECT coalesce(n.display_name, student_id)  AS "Student",
       class                                 AS "Class",
       coalesce(t.title, course_id)          AS "Course",
       chapters                              AS "Chapters read fast",
       last_score                            AS "Last score",
       pass_mark                             AS "Pass mark",
       attempted_at                          AS "Taken",
       student_id
FROM fast
LEFT JOIN course_titles t USING (course_id)
LEFT JOIN student_names n USING (student_id)
ORDER BY chapters DESC, last_score, 1, course_id
LIMIT {{students_shown}}

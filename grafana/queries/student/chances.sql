-- What a judged model said last of the student, course by course.
SELECT coalesce(t.title, p.course_id)                          AS "Course",
       p.week                                                  AS "Week",
       p.probability                                           AS "Chance",
       p.came_true                                             AS "Came true",
       p.calibration_error                                     AS "Off by",
       array_to_string(p.reasons, '; ')                        AS "Why",
       array_to_string(p.changes, '; ')                        AS "What would change it",
       p.dismissed_by || ': ' || p.dismissed_why               AS "Set aside",
       p.model_version                                         AS "Model"
FROM student_predictions p
LEFT JOIN course_titles t USING (course_id)
WHERE p.student_id IN (${student:sqlstring}) AND p.kind = 'risk'
ORDER BY p.probability DESC, p.course_id

SELECT count(DISTINCT student_id) AS amount,
       CASE WHEN count(*) = 0
            THEN 'no roster for this choice. Who is expected in a class is unknown until "classpulse roster load" has run.'
            ELSE count(DISTINCT student_id) || ' students enrolled in ' || count(DISTINCT class_id) || ' classes.'
       END AS sentence
FROM class_students
WHERE is_enrolled AND class_id IS NOT NULL AND {{in_class}}
  AND ('__all' IN (${course:sqlstring}) OR course_ids && ARRAY[${course:sqlstring}])

WITH numbers AS (
    SELECT count(*) AS curves, count(DISTINCT user_id) AS students, count(DISTINCT module) AS modules
    FROM memory_scores
    WHERE {{in_module}}
      AND NOT {{everything}}
      AND ('__all' IN (${class:sqlstring}) AND '__all' IN (${grade:sqlstring})
           OR user_id = ANY (ARRAY(SELECT student_id FROM class_students
                                   WHERE ('__all' IN (${class:sqlstring}) OR class_id IN (${class:sqlstring}))
                                     AND ('__all' IN (${grade:sqlstring}) OR grade IN (${grade:sqlstring})))))
    HAVING NOT {{everything}}
    UNION ALL
    SELECT curves, students, modules FROM memory_summary WHERE {{everything}}
)
SELECT curves AS amount,
       CASE WHEN curves = 0
            THEN 'no scored quiz of a module by these students. A curve begins with a student''s first quiz of a module.'
            ELSE students || ' students have ' || curves || ' curves of ' || modules || ' modules.'
       END AS sentence
FROM numbers

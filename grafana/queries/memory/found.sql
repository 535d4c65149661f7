SELECT count(*) AS amount,
       CASE WHEN count(*) = 0
            THEN 'no scored quiz of a module by these students. A curve begins with a student''s first quiz of a module.'
            ELSE count(DISTINCT user_id) || ' students have ' || count(*) || ' curves of ' || count(DISTINCT module) || ' modules.'
       END AS sentence
FROM memory_scores
WHERE {{in_module}}
  AND ('__all' IN (${class:sqlstring}) AND '__all' IN (${grade:sqlstring})
       OR user_id = ANY (ARRAY(SELECT student_id FROM class_students
                               WHERE ('__all' IN (${class:sqlstring}) OR class_id IN (${class:sqlstring}))
                                 AND ('__all' IN (${grade:sqlstring}) OR grade IN (${grade:sqlstring})))))

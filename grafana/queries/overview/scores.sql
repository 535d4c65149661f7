-- Whole local days. Of all classes as of the job's last run; of a class the attempts that count there, each once.
WITH span AS (
    SELECT local_day($__timeFrom()) AS first, local_day($__timeTo()) AS last
),
attempts AS (
    SELECT from_score / 10 AS band, sum(attempts) AS attempts, sum(passed) AS passed
    FROM score_summary
    WHERE '__all' IN (${class:sqlstring}) AND '__all' IN (${grade:sqlstring})
      AND day BETWEEN (SELECT first FROM span) AND (SELECT last FROM span)
      AND quiz_type = 'module'
      AND ('__all' IN (${course:sqlstring}) OR course IN (${course:sqlstring}))
    GROUP BY 1
    UNION ALL
    SELECT least(9, floor(score / 10))::integer, count(*), count(*) FILTER (WHERE passed)
    FROM (
        SELECT attempted_at, event_id, score, passed
        FROM class_attempts
        LEFT JOIN class_list USING (class_id)
        WHERE {{module_attempts}}
          AND {{in_class}}
        UNION
        -- whom the roster has in no class is of the class of their last event, and so are their attempts
        SELECT attempted_at, event_id, score, passed
        FROM student_attempts
        WHERE {{module_attempts}}
          AND user_id = ANY (ARRAY(
              SELECT student_id FROM class_students s
              WHERE NOT is_enrolled AND {{in_class}} AND NOT EXISTS (SELECT FROM class_members m WHERE m.student_id = s.student_id)))
    ) a
    GROUP BY 1
)
SELECT CASE WHEN b = 9 THEN '90-100' ELSE b * 10 || '-' || b * 10 + 9 END AS "Score",
       coalesce(sum(passed), 0)::bigint                                   AS "Passed",
       coalesce(sum(attempts - passed), 0)::bigint                        AS "Failed"
FROM generate_series(0, 9) b
LEFT JOIN attempts ON band = b
GROUP BY b
ORDER BY b

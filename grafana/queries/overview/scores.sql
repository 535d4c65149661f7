-- Whole local days. Of all classes the attempts are added up already; of a class they are those of its students.
WITH span AS (
    SELECT local_day($__timeFrom()) AS first, local_day($__timeTo()) AS last
),
whole AS (
    SELECT pass_mark, sum(above_mark) AS above_mark,
           sum(s0) AS s0, sum(s1) AS s1, sum(s2) AS s2, sum(s3) AS s3, sum(s4) AS s4,
           sum(s5) AS s5, sum(s6) AS s6, sum(s7) AS s7, sum(s8) AS s8, sum(s9) AS s9
    FROM attempts_by_day
    WHERE '__all' IN (${class:sqlstring}) AND '__all' IN (${grade:sqlstring})
      AND day BETWEEN (SELECT first FROM span) AND (SELECT last FROM span)
      AND quiz_type = 'module'
      AND ('__all' IN (${course:sqlstring}) OR course IN (${course:sqlstring}))
    GROUP BY pass_mark
),
attempts AS (
    SELECT band, n AS attempts,
           CASE WHEN 10 * band >= pass_mark THEN n WHEN band = least(9, floor(pass_mark / 10)) THEN above_mark ELSE 0 END AS passed
    FROM whole
    CROSS JOIN LATERAL (VALUES (0, s0), (1, s1), (2, s2), (3, s3), (4, s4), (5, s5), (6, s6), (7, s7), (8, s8), (9, s9)) b (band, n)
    UNION ALL
    SELECT least(9, floor(score / 10))::integer, count(*), count(*) FILTER (WHERE passed)
    FROM student_attempts
    WHERE NOT ('__all' IN (${class:sqlstring}) AND '__all' IN (${grade:sqlstring}))
      AND attempted_at >= (SELECT first::timestamp AT TIME ZONE classpulse_timezone() FROM span)
      AND attempted_at < (SELECT (last + 1)::timestamp AT TIME ZONE classpulse_timezone() FROM span)
      AND quiz_type = 'module'
      AND ('__all' IN (${course:sqlstring}) OR course IN (${course:sqlstring}))
      AND user_id = ANY (ARRAY(SELECT student_id FROM class_students WHERE {{in_class}}))
    GROUP BY 1
)
SELECT CASE WHEN b = 9 THEN '90-100' ELSE b * 10 || '-' || b * 10 + 9 END AS "Score",
       coalesce(sum(passed), 0)::bigint                                   AS "Passed",
       coalesce(sum(attempts - passed), 0)::bigint                        AS "Failed"
FROM generate_series(0, 9) b
LEFT JOIN attempts ON band = b
GROUP BY b
ORDER BY b

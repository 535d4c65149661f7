-- Of all classes at once as of the job's last run; what is chosen by class or course is counted student by student. Whole local days.
WITH {{members}},
active AS (
    SELECT class_id, student_id, sum(minutes_active) AS minutes
    FROM class_member_days
    WHERE NOT ({{all_at_once}})
      AND day BETWEEN local_day($__timeFrom()) AND local_day($__timeTo())
      AND class_id = ANY (ARRAY(SELECT DISTINCT class_id FROM members))
    GROUP BY class_id, student_id
),
completion AS (
    SELECT student_id, avg(completion_pct) AS pct
    FROM student_course_completion
    WHERE ('__all' IN (${course:sqlstring}) OR course_id IN (${course:sqlstring}))
      AND ('__all' IN (${class:sqlstring}) AND '__all' IN (${grade:sqlstring})
           OR student_id = ANY (ARRAY(SELECT student_id FROM members)))
    GROUP BY student_id
),
scores AS (
    SELECT class_id, student_id, sum(round(score * 10000)) / 10000 AS points, count(*) AS attempts
    FROM class_attempts
    WHERE NOT ({{all_at_once}})
      AND attempted_at >= local_day($__timeFrom())::timestamp AT TIME ZONE classpulse_timezone()
      AND attempted_at < (local_day($__timeTo()) + 1)::timestamp AT TIME ZONE classpulse_timezone()
      AND ('__all' IN (${course:sqlstring}) OR course IN (${course:sqlstring}))
      AND class_id = ANY (ARRAY(SELECT DISTINCT class_id FROM members))
    GROUP BY class_id, student_id
),
risky AS (
    SELECT student_id, max(score) AS score
    FROM student_risk
    WHERE ('__all' IN (${course:sqlstring}) OR course_id IN (${course:sqlstring}))
      AND ('__all' IN (${class:sqlstring}) AND '__all' IN (${grade:sqlstring})
           OR student_id = ANY (ARRAY(SELECT student_id FROM members)))
    GROUP BY student_id
),
summed AS (
    SELECT class_id,
           sum(students) FILTER (WHERE previous_day IS NULL OR previous_day < local_day($__timeFrom())) AS came,
           sum(minutes_active)                                                                        AS minutes,
           sum(score_sum) / nullif(10000 * sum(attempts), 0)                                          AS average
    FROM class_days_summary
    WHERE {{all_at_once}}
      AND day BETWEEN local_day($__timeFrom()) AND local_day($__timeTo())
    GROUP BY class_id
)
SELECT class                                                                        AS "Class",
       count(*)                                                                     AS "Enrolled",
       round(count(*) FILTER (WHERE a.minutes > 0) / count(*)::numeric, 4)::double precision AS "Came",
       round(sum(coalesce(a.minutes, 0)) / count(*) * 60)::bigint                   AS "Active a student",
       -- over all enrolled: who never came has finished nothing; null where the class has no course whose items are known
       CASE WHEN count(c.pct) > 0 THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(c.pct, 0)) END AS "Median finished",
       round((sum(s.points) / nullif(sum(s.attempts), 0))::numeric, 1)::double precision AS "Average score",
       count(*) FILTER (WHERE r.score >= {{risk_enters}})                           AS "At risk",
       class_id
FROM members
LEFT JOIN active a USING (class_id, student_id)
LEFT JOIN scores s USING (class_id, student_id)
LEFT JOIN completion c USING (student_id)
LEFT JOIN risky r USING (student_id)
WHERE NOT ({{all_at_once}})
GROUP BY class_id, class
UNION ALL
SELECT coalesce(l.title, c.class_id),
       c.enrolled,
       round(coalesce(d.came, 0) / c.enrolled, 4)::double precision,
       round(coalesce(d.minutes, 0) / c.enrolled * 60)::bigint,
       c.median_finished,
       round(d.average, 1)::double precision,
       c.at_risk,
       c.class_id
FROM class_summary c
LEFT JOIN summed d USING (class_id)
LEFT JOIN class_list l USING (class_id)
WHERE {{all_at_once}}
  AND ('__all' IN (${grade:sqlstring}) OR l.grade IN (${grade:sqlstring}))
ORDER BY 1

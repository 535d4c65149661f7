-- Of all classes as of the job's last run; who is in chosen courses is looked up, and what chosen classes did is counted student by
-- student. Whole local days.
WITH {{members}},
active AS (
    SELECT class_id, student_id, sum(minutes_active) AS minutes
    FROM class_member_days
    WHERE NOT ({{all_at_once}})
      AND day BETWEEN local_day($__timeFrom()) AND local_day($__timeTo())
      AND class_id = ANY (ARRAY(SELECT DISTINCT class_id FROM members))
    GROUP BY class_id, student_id
),
scores AS (
    SELECT class_id, student_id, sum(round(score * 10000)) AS score_sum, count(*) AS attempts
    FROM class_attempts
    WHERE NOT ({{all_at_once}})
      AND attempted_at >= local_day($__timeFrom())::timestamp AT TIME ZONE classpulse_timezone()
      AND attempted_at < (local_day($__timeTo()) + 1)::timestamp AT TIME ZONE classpulse_timezone()
      AND ('__all' IN (${course:sqlstring}) OR course IN (${course:sqlstring}))
      AND class_id = ANY (ARRAY(SELECT DISTINCT class_id FROM members))
    GROUP BY class_id, student_id
),
completion AS (
    SELECT student_id, avg(completion_pct) AS pct
    FROM student_course_completion
    WHERE ('__all' IN (${course:sqlstring}) OR course_id IN (${course:sqlstring}))
      AND ({{all_at_once}} OR student_id = ANY (ARRAY(SELECT student_id FROM members)))
    GROUP BY student_id
),
risky AS (
    SELECT student_id, max(score) AS score
    FROM student_risk
    WHERE ('__all' IN (${course:sqlstring}) OR course_id IN (${course:sqlstring}))
      AND ({{all_at_once}} OR student_id = ANY (ARRAY(SELECT student_id FROM members)))
    GROUP BY student_id
),
counted AS (
    SELECT class_id,
           class,
           count(*)                                           AS enrolled,
           count(*) FILTER (WHERE a.minutes > 0)              AS came,
           sum(a.minutes)                                     AS minutes,
           -- over all enrolled: who never came has finished nothing; null where the class has no course whose items are known
           CASE WHEN count(c.pct) > 0 THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(c.pct, 0)) END AS median_finished,
           sum(s.score_sum) / nullif(10000 * sum(s.attempts), 0) AS average,
           count(*) FILTER (WHERE r.score >= {{risk_enters}}) AS at_risk
    FROM members
    LEFT JOIN active a USING (class_id, student_id)
    LEFT JOIN scores s USING (class_id, student_id)
    LEFT JOIN completion c USING (student_id)
    LEFT JOIN risky r USING (student_id)
    WHERE NOT ({{all_at_once}} AND '__all' IN (${course:sqlstring}))
    GROUP BY class_id, class
    UNION ALL
    SELECT c.class_id, coalesce(l.title, c.class_id), c.enrolled, NULL, NULL, c.median_finished, NULL, c.at_risk
    FROM class_summary c
    LEFT JOIN class_list l USING (class_id)
    WHERE {{all_at_once}} AND '__all' IN (${course:sqlstring})
      AND ('__all' IN (${grade:sqlstring}) OR l.grade IN (${grade:sqlstring}))
),
lived AS (
    SELECT class_id,
           sum(students) FILTER (WHERE previous_day IS NULL OR previous_day < local_day($__timeFrom())) AS came,
           sum(minutes_active)                                                                        AS minutes,
           sum(score_sum) / nullif(10000 * sum(attempts), 0)                                          AS average
    FROM class_days_summary
    WHERE {{all_at_once}}
      AND day BETWEEN local_day($__timeFrom()) AND local_day($__timeTo())
      AND ('__all' IN (${course:sqlstring}) OR courses && ARRAY[${course:sqlstring}])
    GROUP BY class_id
),
taken AS (
    SELECT class_id, sum(score_sum) / nullif(10000 * sum(attempts), 0) AS average
    FROM class_course_days_summary
    WHERE {{all_at_once}}
      AND NOT '__all' IN (${course:sqlstring})
      AND day BETWEEN local_day($__timeFrom()) AND local_day($__timeTo())
      AND course IN (${course:sqlstring})
      AND courses && ARRAY[${course:sqlstring}]
    GROUP BY class_id
)
SELECT class                                                                        AS "Class",
       enrolled                                                                     AS "Enrolled",
       round(coalesce(CASE WHEN {{all_at_once}} THEN l.came ELSE c.came END, 0) / enrolled::numeric, 4)::double precision AS "Came",
       round(coalesce(CASE WHEN {{all_at_once}} THEN l.minutes ELSE c.minutes END, 0) / enrolled * 60)::bigint AS "Active a student",
       median_finished                                                              AS "Median finished",
       round(CASE WHEN NOT ({{all_at_once}}) THEN c.average::numeric
                  WHEN '__all' IN (${course:sqlstring}) THEN l.average ELSE t.average END, 1)::double precision AS "Average score",
       at_risk                                                                      AS "At risk",
       class_id
FROM counted c
LEFT JOIN lived l USING (class_id)
LEFT JOIN taken t USING (class_id)
ORDER BY 1
